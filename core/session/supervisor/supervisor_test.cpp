#include "core/session/supervisor/supervisor.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/proto/event.pb.h"
#include "core/session/global_step_value.h"
#include "core/summary/events_reader.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

constexpr auto kPerElement = boost::test_tools::per_element();

// A chief with a log directory, whose events go to a writer that keeps them.
struct Fixture {
  Fixture() : model(graph), writer(std::make_shared<FakeWriter>()) {
    options.logdir = "/log";
    options.summary_writer = writer;
  }
  Env& env() { return process.env(); }
  Supervisor Make() { return Supervisor(process.runtime, graph, options); }
  // Steps of ten seconds each.
  void Train(Session& session, int steps) {
    for (int i = 0; i < steps; ++i) {
      session.Run(model.step);
      SleepFor(env(), "the next step", Duration::Seconds(10));
    }
  }
  double Now() { return SecondsSince(process, TimePoint()); }
  std::vector<std::string> LogNames(const std::string& part) {
    std::vector<std::string> names;
    const std::vector<std::string> all = env().files.List("/log").value();
    for (const std::string& name : all) {
      if (name.find(part) != std::string::npos) names.push_back(name);
    }
    return names;
  }

  TestProcess process;
  Graph graph;
  StepModel model;
  std::shared_ptr<FakeWriter> writer;
  SupervisorOptions options;
};

BOOST_AUTO_TEST_SUITE(supervisor)

BOOST_AUTO_TEST_CASE(sv_1_services_run_beside_the_steps) {
  Fixture f;
  ScalarSummary("loss", Constant(f.graph, Tensor::Scalar(4.0F)));
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    supervisor.ManagedSession([&](Session& session) { f.Train(session, 125); });
    BOOST_TEST(f.Now() == 1250.001);  // the last is a sleep of the join (CO-18)
  });
  // Every 120 s from 0 on, and every 600 s; a service has its turn after or before the step of its
  // moment.
  BOOST_TEST(f.writer->summary_steps.size() == 11U);
  BOOST_TEST_REQUIRE(f.writer->scalars.size() == 10U);  // no rate at 0
  BOOST_TEST(f.writer->scalars[4].tag == "global_step/sec");
  BOOST_TEST(std::abs(f.writer->scalars[4].value - 0.1F) < 1e-6F);
  BOOST_TEST(f.writer->scalars[4].step >= 60);
  BOOST_TEST(f.writer->scalars[4].step <= 61);
  BOOST_TEST(f.LogNames(".index").size() == 3U);  // at 0, 600 and 1200
  const auto& logs = f.writer->logs;
  BOOST_TEST_REQUIRE(logs.size() == 5U);
  BOOST_TEST((logs[0].status == SessionLogStatus::kStart));
  BOOST_TEST((logs[0].step == 0));
  for (std::size_t i = 1; i < 4; ++i) {
    BOOST_TEST((logs[i].status == SessionLogStatus::kCheckpoint));
    BOOST_TEST(logs[i].path == "/log/model.ckpt");
  }
  BOOST_TEST((logs[4].status == SessionLogStatus::kStop));
  BOOST_TEST(!logs[4].step.has_value());
  BOOST_TEST(f.writer->graphs == 1);
  BOOST_TEST(f.writer->meta_graphs == 1);
  BOOST_TEST(f.LogNames("graph.pbtxt").size() == 1U);
}

BOOST_AUTO_TEST_CASE(sv_1_a_service_that_is_switched_off_does_not_run) {
  Fixture f;
  ScalarSummary("loss", Constant(f.graph, Tensor::Scalar(4.0F)));
  f.options.save_summaries = Duration();
  f.options.save_model = Duration();
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    supervisor.ManagedSession([&](Session& session) { f.Train(session, 70); });
  });
  BOOST_TEST(f.writer->summary_steps.empty());
  BOOST_TEST(f.writer->scalars.empty());
  BOOST_TEST(f.LogNames(".index").empty());
}

BOOST_AUTO_TEST_CASE(sv_1_without_logdir_there_are_no_services) {
  Fixture f;
  f.options = SupervisorOptions();
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    BOOST_TEST(supervisor.summary_writer() == nullptr);
    supervisor.ManagedSession([&](Session& session) {
      f.Train(session, 3);
      BOOST_CHECK_THROW(supervisor.SummaryComputed(session, ""), RuntimeError);
    });
  });
  BOOST_TEST(f.process.fake.logger().Count("need a logdir") == 1);
}

BOOST_AUTO_TEST_CASE(sv_1_user_loops_end_with_the_session) {
  Fixture f;
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    int calls = 0;
    std::shared_ptr<LooperThread> loop;
    supervisor.ManagedSession([&](Session& session) {
      loop = supervisor.Loop(Duration::Seconds(7), [&calls] { ++calls; });
      f.Train(session, 2);
    });
    BOOST_TEST(calls == 3);  // at 0, 7 and 14
    BOOST_TEST(loop->finished());
    BOOST_TEST(f.Now() == 20.001);
  });
}

BOOST_AUTO_TEST_CASE(sv_1_queue_runners_are_started_and_stopped) {
  Fixture f;
  const Queue queue = FifoQueue(f.graph, 3, {DataType::kFloat}, "q");
  Operation* put = Enqueue(queue, {Constant(f.graph, Tensor::Scalar(1.0F))});
  const Output size = QueueSize(queue);
  AddQueueRunner(f.graph, std::make_shared<QueueRunner>(
                              QueueRunnerOptions{.queue = queue, .enqueue_ops = {put}}));
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    supervisor.ManagedSession([&](Session& session) {
      f.Train(session, 1);
      BOOST_TEST(session.Run(size).scalar<std::int32_t>() == 3);
    });
    BOOST_TEST(!supervisor.coordinator()->HasLiveThreads());
  });
}

BOOST_AUTO_TEST_CASE(sv_2_the_chief_may_wait_for_a_checkpoint) {
  Fixture f;
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    const auto session = supervisor.PrepareOrWaitForSession({.wait_for_checkpoint = true,
                                                             .max_wait = Duration::Seconds(100),
                                                             .start_standard_services = false});
    BOOST_TEST(f.Now() == 120);  // four waits of recovery_wait, which is 30 s
    supervisor.Stop();
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(sv_2_a_session_manager_may_be_passed_in) {
  Fixture f;
  f.options.session_manager = std::make_shared<SessionManager>(
      f.process.runtime, f.graph,
      SessionManagerOptions{.ready_op = ReportUninitializedVariables(f.graph),
                            .recovery_wait = Duration::Seconds(7)});
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    BOOST_TEST(&supervisor.session_manager() == f.options.session_manager.get());
    const auto session = supervisor.PrepareOrWaitForSession({.wait_for_checkpoint = true,
                                                             .max_wait = Duration::Seconds(20),
                                                             .start_standard_services = false});
    BOOST_TEST(f.Now() == 21);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(sv_2_init_feeds_and_init_fn_reach_the_session) {
  Fixture f;
  const Output value = Placeholder(f.graph, DataType::kInt64, PartialShape(TensorShape()));
  const Variable v = MakeVariable(f.graph, value, "v");
  f.options.init_feeds = {{value, Tensor::Scalar(std::int64_t{7})}};
  int calls = 0;
  f.options.init_fn = [&](Session& session) {
    ++calls;
    session.Run(v.value());
  };
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    supervisor.ManagedSession([&](Session& session) { BOOST_TEST(GlobalStep(session, v) == 7); });
  });
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(sv_3_the_first_candidate_is_taken_and_local_init_is_not_guarded) {
  Fixture f;
  Operation* first = NoOp(f.graph, "first_init");
  for (Operation* op : {first, NoOp(f.graph, "second_init")}) {
    f.graph.AddToCollection(GraphKeys::kInitOp, op);
  }
  const Supervisor supervisor = f.Make();
  BOOST_TEST((std::get<Operation*>(supervisor.init_op().value()) == first));
  BOOST_TEST(supervisor.ready_for_local_init_op().null());
  BOOST_TEST(!supervisor.ready_op().null());
  BOOST_TEST(!supervisor.local_init_op().null());
  BOOST_TEST(supervisor.saver() != nullptr);
  BOOST_TEST((supervisor.global_step() == f.model.global_step));
  BOOST_TEST(f.process.fake.logger().Count("the first one") == 1);
  // What was made is there for others.
  BOOST_TEST(f.graph.GetCollection(GraphKeys::kReadyOp).size() == 1U);
  BOOST_TEST(f.graph.GetCollection(GraphKeys::kSavers).size() == 1U);
  BOOST_TEST(f.graph.GetCollection(GraphKeys::kReadyForLocalInitOp).empty());
}

BOOST_AUTO_TEST_CASE(sv_3_a_piece_that_is_null_is_left_out) {
  Fixture f;
  ScalarSummary("loss", Constant(f.graph, Tensor::Scalar(4.0F)));
  f.options.ready_op = Fetch();
  f.options.local_init_op = Fetch();
  f.options.summary_op = Fetch();
  f.options.saver = nullptr;
  f.options.global_step = Variable();
  const Supervisor supervisor = f.Make();
  BOOST_TEST(supervisor.ready_op().null());
  BOOST_TEST(supervisor.local_init_op().null());
  BOOST_TEST(supervisor.summary_op().null());
  BOOST_TEST(supervisor.saver() == nullptr);
  BOOST_TEST(!supervisor.global_step());
}

BOOST_AUTO_TEST_CASE(sv_4_the_graph_is_final_and_replicas_need_devices) {
  Fixture f;
  f.options.is_chief = false;
  BOOST_CHECK_EXCEPTION(f.Make(), ValueError, [](const ValueError& error) {
    return error.status().message().find("global_step") != std::string::npos;
  });
  Graph placed;
  {
    const DeviceScope device(placed, "/job:ps/task:0");
    MakeVariable(placed, Tensor::Scalar(1.0F), "v");
  }
  const Supervisor supervisor(f.process.runtime, placed, {.is_chief = false, .logdir = "/log"});
  BOOST_TEST(placed.finalized());
  BOOST_TEST(supervisor.summary_writer() == nullptr);
  BOOST_TEST(supervisor.save_path().empty());
}

BOOST_AUTO_TEST_CASE(sv_4_another_one_waits_for_the_chief) {
  TestProcess process;
  Graph graph;
  {
    const DeviceScope device(graph, "/device:CPU:0");
    CreateGlobalStep(graph);
  }
  SupervisorOptions options;
  options.is_chief = false;
  process.Run([&] {
    Supervisor supervisor(process.runtime, graph, options);
    process.sessions.StartServer(graph);
    process.env().spawner.Spawn("chief", [&] {
      SleepFor(process.env(), "a late start", Duration::Seconds(65));
      auto opened = process.sessions.Open("server", graph, {});
      (*opened)->Run(supervisor.init_op());
      (*opened)->Close();
    });
    const auto session = supervisor.PrepareOrWaitForSession({.master = "server"});
    BOOST_TEST(SecondsSince(process, TimePoint()) == 90);
    BOOST_CHECK_THROW(supervisor.StartStandardServices(session), RuntimeError);
    supervisor.Stop();
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(sv_5_errors_come_out_at_the_end_and_out_of_range_does_not) {
  for (const Code code : {Code::kAborted, Code::kUnavailable, Code::kInternal, Code::kOutOfRange}) {
    Fixture f;
    f.process.Run([&] {
      Supervisor supervisor = f.Make();
      const Status status = ErrorOf([&] {
        supervisor.ManagedSession([&](Session&) { ThrowStatus(Status(code, "from the body")); });
      });
      BOOST_TEST((status.code() == (code == Code::kOutOfRange ? Code::kOk : code)));
    });
    BOOST_TEST(f.process.sessions.opened == 1);
    BOOST_TEST(f.process.sessions.open_now == 0);
  }
}

BOOST_AUTO_TEST_CASE(sv_5_an_error_of_a_service_comes_out_as_well) {
  Fixture f;
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    const Status status = ErrorOf([&] {
      supervisor.ManagedSession([&](Session&) {
        supervisor.Loop(Duration::Seconds(5), [] { throw DataLossError("from a loop"); });
        supervisor.WaitForStop();
      });
    });
    BOOST_TEST((status == Status(Code::kDataLoss, "from a loop")));
  });
}

BOOST_AUTO_TEST_CASE(sv_5_basic_train_loop_repeats_on_aborted_only) {
  Fixture f;
  f.options.save_model = Duration();
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    int calls = 0;
    BasicTrainLoop(supervisor, [&](Session& session) {
      f.Train(session, 1);
      if (++calls <= 2) throw AbortedError("gone");
      if (calls == 6) supervisor.RequestStop();
    });
    BOOST_TEST(calls == 6);
    BOOST_TEST(f.process.sessions.opened == 3);
    BOOST_CHECK_THROW(BasicTrainLoop(supervisor, [](Session&) { throw UnavailableError("gone"); }),
                      UnavailableError);
    BOOST_TEST(f.process.sessions.opened == 4);
    BOOST_TEST(f.process.sessions.open_now == 0);
  });
}

BOOST_AUTO_TEST_CASE(sv_5_a_session_that_cannot_be_made_is_an_error) {
  for (const Code code : {Code::kInternal, Code::kOutOfRange}) {
    Fixture f;
    f.process.sessions.Fail({.on = SessionFault::On::kOpen, .status = Status(code, "no session")});
    f.process.Run([&] {
      Supervisor supervisor = f.Make();
      bool called = false;
      const Status status =
          ErrorOf([&] { supervisor.ManagedSession([&](Session&) { called = true; }); });
      BOOST_TEST(status.code() == code);
      BOOST_TEST(!called);
    });
  }
}

BOOST_AUTO_TEST_CASE(sv_6_stragglers_are_an_error_and_all_is_closed) {
  Fixture f;
  f.options.stop_grace = Duration::Seconds(3);
  f.process.sessions.Fail(
      {.on = SessionFault::On::kClose, .status = Status(Code::kInternal, "close")});
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    std::shared_ptr<Task> straggler;
    const Status status = ErrorOf([&] {
      supervisor.ManagedSession([&](Session&) {
        straggler = f.env().spawner.Spawn(
            "the straggler", [&] { SleepFor(f.env(), "its work", Duration::Seconds(1000)); });
        supervisor.coordinator()->RegisterThread(straggler);
      });
    });
    BOOST_TEST(status.code() == Code::kRuntimeError);
    BOOST_TEST(status.message().find("the straggler") != std::string::npos);
    BOOST_TEST(f.Now() == 3.001);
    BOOST_TEST(f.process.sessions.open_now == 0);
    BOOST_TEST((f.writer->logs.back().status == SessionLogStatus::kStop));
  });
}

BOOST_AUTO_TEST_CASE(sv_6_the_summary_writer_may_stay_open) {
  Fixture f;
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    supervisor.ManagedSession([](Session&) {}, {.close_summary_writer = false});
    BOOST_TEST((f.writer->logs.back().status != SessionLogStatus::kStop));
    BOOST_TEST(supervisor.summary_writer() == f.writer.get());
  });
}

BOOST_AUTO_TEST_CASE(sv_7_a_coordinator_is_used_again_and_training_resumes) {
  Fixture f;
  f.options.save_model = Duration::Seconds(10);
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    const auto coordinator = supervisor.coordinator();
    supervisor.ManagedSession([&](Session& session) { f.Train(session, 3); });
    BOOST_TEST(coordinator->joined());
    BOOST_TEST(supervisor.ShouldStop());
    supervisor.ManagedSession([&](Session& session) {
      BOOST_TEST(supervisor.coordinator() == coordinator);
      BOOST_TEST(!supervisor.ShouldStop());
      BOOST_TEST(GlobalStep(session, f.model.read) >= 2);  // restored
      f.Train(session, 1);
    });
  });
  BOOST_TEST(f.writer->graphs == 2);  // once for each time the writer was opened
}

BOOST_AUTO_TEST_CASE(sv_1_events_go_to_files_of_the_logdir) {
  Fixture f;
  f.options.summary_writer.reset();
  f.process.Run([&] {
    Supervisor supervisor = f.Make();
    for (int i = 0; i < 2; ++i) {
      supervisor.ManagedSession([&](Session& session) {
        v1::tf::Summary summary;
        summary.add_value()->set_tag("mine");
        supervisor.SummaryComputed(session, summary.SerializeAsString());
      });
    }
    const auto files = FindEventsFiles(f.env().files, "/log").value();
    BOOST_TEST_REQUIRE(files.size() == 2U);  // of one second, and yet two
    for (const std::string& file : files) {
      std::vector<std::string> seen;
      const auto events = ReadEvents(f.env().files, file).value();
      for (const v1::tf::Event& event : events) {
        if (event.has_graph_def()) seen.push_back("graph");
        if (event.has_meta_graph_def()) seen.push_back("meta graph");
        if (event.has_session_log()) {
          seen.push_back("log " + std::to_string(event.session_log().status()));
        }
        for (const auto& value : event.summary().value()) seen.push_back(value.tag());
      }
      const std::vector<std::string> start{"graph", "meta graph", "log 1"};
      BOOST_TEST_REQUIRE(seen.size() >= 5U);
      BOOST_TEST((std::vector<std::string>(seen.begin(), seen.begin() + 3)) == start, kPerElement);
      BOOST_TEST(std::count(seen.begin(), seen.end(), "mine") == 1);
      BOOST_TEST(seen.back() == "log 2");
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
