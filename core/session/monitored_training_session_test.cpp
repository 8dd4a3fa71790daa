#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/graph/optimizer.h"
#include "core/session/training.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";

struct Fixture {
  Fixture() : model(graph) {}
  std::unique_ptr<MonitoredSession> Open(MonitoredTrainingSessionOptions options) {
    return MonitoredTrainingSession(process.runtime, graph, options);
  }
  std::int64_t Step(MonitoredSession& session) {
    return session.Run(model.step).scalar<std::int64_t>();
  }
  std::int64_t Read(MonitoredSession& session) {
    return session.Run(model.read).scalar<std::int64_t>();
  }
  // Names of files in `directory` that contain `part`.
  std::vector<std::string> Files(const std::string& directory, const std::string& part) {
    std::vector<std::string> names;
    const std::vector<std::string> all = process.env().files.List(directory).value();
    for (const std::string& name : all) {
      if (name.find(part) != std::string::npos) names.push_back(name);
    }
    return names;
  }

  TestProcess process;
  Graph graph;
  StepModel model;
};

BOOST_AUTO_TEST_SUITE(monitored_training_session)

// A program as a user writes it.
void TrainToStep(Runtime& runtime, Graph& graph, Output loss_in) {
  auto global_step = GetOrCreateGlobalStep(graph);
  auto loss = loss_in;
  auto train_op = GradientDescentOptimizer(0.1f).Minimize(graph, loss, global_step);
  MonitoredTrainingSessionOptions options;
  options.checkpoint_dir = "/ckpt";
  options.hooks = {std::make_shared<StopAtStepHook>(StopAtStep::LastStep(1000))};
  auto session = MonitoredTrainingSession(runtime, graph, options);
  WithSession(*session, [&](MonitoredSession& s) {
    while (!s.ShouldStop()) s.Run({train_op});
  });
}

BOOST_AUTO_TEST_CASE(the_program_of_the_design_trains_to_its_last_step) {
  TestProcess process;
  Graph graph;
  const Variable w = MakeVariable(graph, Tensor::Scalar(5.0F), "w");
  const Output loss = Square(w.value());
  process.Run([&] {
    TrainToStep(process.runtime, graph, loss);
    BOOST_TEST(LatestCheckpoint(process.env(), "/ckpt").value() == "/ckpt/model.ckpt-1000");
  });
}

BOOST_AUTO_TEST_CASE(ms_t08_saving_and_restoring_a_checkpoint) {
  Fixture f;
  f.process.Run([&] {
    auto first = f.Open({.checkpoint_dir = kDir});
    WithSession(*first, [&](MonitoredSession& s) {
      BOOST_TEST(f.Read(s) == 0);
      BOOST_TEST(f.Step(s) == 1);
      BOOST_TEST(f.Step(s) == 2);
    });
    auto second = f.Open({.checkpoint_dir = kDir});
    WithSession(*second, [&](MonitoredSession& s) { BOOST_TEST(f.Read(s) == 2); });
  });
}

BOOST_AUTO_TEST_CASE(ms_t09_save_checkpoint_steps) {
  Fixture f;
  f.process.Run([&] {
    auto first = f.Open({.checkpoint_dir = kDir,
                         .log_step_count_steps = 10,
                         .save_checkpoint_steps = Setting::Of(100)});
    WithSession(*first, [&](MonitoredSession& s) {
      for (int i = 0; i < 100; ++i) f.Step(s);
    });
    auto second = f.Open({.checkpoint_dir = kDir});
    WithSession(*second, [&](MonitoredSession& s) { BOOST_TEST(f.Read(s) == 100); });
  });
}

BOOST_AUTO_TEST_CASE(ms_t10_save_checkpoint_secs) {
  Fixture f;
  f.process.Run([&] {
    auto first = f.Open({.checkpoint_dir = kDir,
                         .save_checkpoint_secs = Setting::Of(0.1),
                         .log_step_count_steps = 10});
    WithSession(*first, [&](MonitoredSession& s) {
      f.Step(s);
      f.process.Advance(Duration::Milliseconds(200));
      for (int i = 0; i < 10; ++i) f.Step(s);
    });
    BOOST_TEST(f.Files(kDir, ".index") ==
               (std::vector<std::string>{"model.ckpt-0.index", "model.ckpt-11.index",
                                         "model.ckpt-2.index"}));
    auto second = f.Open({.checkpoint_dir = kDir});
    WithSession(*second, [&](MonitoredSession& s) { BOOST_TEST(f.Read(s) == 11); });
  });
}

BOOST_AUTO_TEST_CASE(ms_t11_summaries_steps) {
  Fixture f;
  const Output two = Constant(f.graph, Tensor::Scalar(2.0F));
  ScalarSummary("my_summary_tag", Mul(Cast(f.model.read, DataType::kFloat), two));
  std::string events;
  f.process.Run([&] {
    auto session = f.Open({.checkpoint_dir = kDir,
                           .save_summaries_steps = Setting::Of(100),
                           .log_step_count_steps = 10});
    WithSession(*session, [&](MonitoredSession& s) {
      for (int i = 0; i < 101; ++i) {
        f.process.Advance(Duration::Milliseconds(10));
        f.Step(s);
      }
    });
    const std::vector<std::string> names = f.Files(kDir, "events.out.tfevents.");
    BOOST_TEST(names.size() == 1U);
    events = ReadFile(f.process.env().files, kDir + "/" + names.at(0)).value();
  });
  BOOST_TEST(events.find("my_summary_tag") != std::string::npos);
  BOOST_TEST(events.find("global_step/sec") != std::string::npos);
  const auto written = f.process.observer().Of(Point::kSummaryWritten);
  BOOST_TEST(written.size() == 2U);
  BOOST_TEST(written.at(1).number("step") == 101);
}

BOOST_AUTO_TEST_CASE(ms_t12_save_graph_def_off) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open(
        {.checkpoint_dir = kDir, .save_checkpoint_steps = Setting::Of(1), .save_graph_def = false});
    WithSession(*session, [&](MonitoredSession& s) {
      BOOST_TEST(f.Files(kDir, "graph.pbtxt").empty());
      BOOST_TEST(f.Files(kDir, ".meta").empty());
      BOOST_TEST(f.Files(kDir, ".index").size() == 1U);
      f.Step(s);
      BOOST_TEST(f.Files(kDir, ".index").size() == 2U);
      BOOST_TEST(f.Files(kDir, ".meta").empty());
    });
  });
}

// The hooks of a session, by the names of their places.
std::string HooksOf(MonitoredTrainingSessionOptions options, int* warnings = nullptr) {
  Fixture f;
  options.hooks = {std::make_shared<FunctionHook>("h")};
  options.chief_only_hooks = {std::make_shared<FunctionHook>("c")};
  f.process.Run([&] { f.Open(options)->Close(); });
  std::string names;
  for (const auto& begin : f.process.observer().Of(Point::kHookBegin)) {
    const std::string& label = begin.text("hook");
    names += label.starts_with("StepCounter")       ? "S"
             : label.starts_with("SummarySaver")    ? "Y"
             : label.starts_with("CheckpointSaver") ? "C"
                                                    : label.substr(0, 1);
  }
  if (warnings != nullptr) *warnings = f.process.fake.logger().Count("only");
  return names;
}

BOOST_AUTO_TEST_CASE(mt_8_which_hooks_a_chief_gets) {
  const Setting off = Setting::Off();
  BOOST_TEST(HooksOf({}) == "ch");
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir}) == "cSYCh");
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir, .save_checkpoint_secs = off}) == "cSYh");
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir, .save_checkpoint_steps = Setting::Of(5)}) == "cSYCh");
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir, .save_checkpoint_secs = Setting::Of(0)}) == "cSYh");
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir, .save_summaries_secs = off}) == "cSCh");
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir, .save_summaries_secs = Setting::Of(9)}) == "cSYCh");
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir, .log_step_count_steps = 0}) == "cYCh");
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir, .log_step_count_steps = std::nullopt}) == "cYCh");
  BOOST_TEST(HooksOf({.summary_dir = "/summaries"}) == "cSYh");  // MT-7
}

BOOST_AUTO_TEST_CASE(mt_4_seconds_win_with_a_warning_when_both_are_given) {
  int warnings = 0;
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir,
                      .save_checkpoint_secs = Setting::Of(7),
                      .save_checkpoint_steps = Setting::Of(5)},
                     &warnings) == "cSYCh");
  BOOST_TEST(warnings == 1);
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir,
                      .save_summaries_steps = Setting::Of(5),
                      .save_summaries_secs = Setting::Of(7)},
                     &warnings) == "cSYCh");
  BOOST_TEST(warnings == 1);
  BOOST_TEST(HooksOf({.checkpoint_dir = kDir,
                      .save_checkpoint_secs = Setting::Of(0),
                      .save_checkpoint_steps = Setting::Of(5)},
                     &warnings) == "cSYCh");
  BOOST_TEST(warnings == 0);
}

BOOST_AUTO_TEST_CASE(mt_4_the_seconds_are_what_is_used) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open({.checkpoint_dir = kDir,
                           .save_checkpoint_secs = Setting::Of(7),
                           .save_checkpoint_steps = Setting::Of(1)});
    for (int i = 0; i < 5; ++i) f.Step(*session);
    BOOST_TEST(f.Files(kDir, ".index").size() == 1U);
    f.process.Advance(Duration::Seconds(7));
    f.Step(*session);
    BOOST_TEST(f.Files(kDir, ".index").size() == 2U);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(mt_5_a_worker_gets_only_its_own_hooks_and_waits) {
  Fixture f;
  f.process.Run([&] {
    f.process.sessions.StartServer(f.graph);
    const TimePoint start = f.process.Now();
    const Status error = ErrorOf([&] {
      f.Open({.master = "server",
              .is_chief = false,
              .checkpoint_dir = kDir,
              .hooks = {std::make_shared<FunctionHook>("h")},
              .chief_only_hooks = {std::make_shared<FunctionHook>("c")},
              .max_wait = Duration::Seconds(100)});
    });
    BOOST_TEST(error.code() == Code::kDeadlineExceeded);
    BOOST_TEST((f.process.Now() - start) == Duration::Seconds(90));
  });
  const auto begun = f.process.observer().Of(Point::kHookBegin);
  BOOST_TEST(begun.size() == 1U);
  BOOST_TEST(begun.at(0).text("hook") == "h#0");
  BOOST_TEST(f.process.observer().Of(Point::kCreateDone).at(0).text("role") == "worker");
}

BOOST_AUTO_TEST_CASE(mt_10_default_hooks_need_a_global_step) {
  TestProcess process;
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  process.Run([&] {
    const Status error = ErrorOf(
        [&] { MonitoredTrainingSession(process.runtime, graph, {.checkpoint_dir = kDir}); });
    BOOST_TEST(error.code() == Code::kRuntimeError);
    BOOST_TEST(error.message().find("global step") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(mt_12_a_recovery_restores_the_newest_checkpoint) {
  Fixture f;
  f.process.sessions.Fail({.nth = 6, .status = Status(Code::kAborted, "the sixth step")});
  f.process.Run([&] {
    auto session = f.Open({.checkpoint_dir = kDir, .save_checkpoint_steps = Setting::Of(3)});
    for (const std::int64_t step : {1, 2, 3, 4, 5, 4, 5, 6}) BOOST_TEST(f.Step(*session) == step);
    session->Close();
  });
  const auto created = f.process.observer().Of(Point::kCreateDone);
  BOOST_TEST(created.at(0).text("path") == "init");
  BOOST_TEST(created.at(1).text("path") == "restored");
  BOOST_TEST(created.at(1).text("checkpoint") == kDir + "/model.ckpt-3");
}

BOOST_AUTO_TEST_CASE(qr_24_the_end_of_the_input_ends_the_scope_quietly) {
  Fixture f;
  const Queue items = FifoQueue(f.graph, 10, {DataType::kInt64}, "items");
  const Variable source = MakeLocalVariable(f.graph, Tensor::Scalar(std::int64_t{0}), "source");
  Operation* put = Enqueue(items, {CountUpTo(source, 3)});
  AddQueueRunner(f.graph, std::make_shared<QueueRunner>(
                              QueueRunnerOptions{.queue = items, .enqueue_ops = {put}}));
  const Output item = Dequeue(items).at(0);
  auto recorder = std::make_shared<RecordingHook>();
  std::vector<std::int64_t> seen;
  f.process.Run([&] {
    auto session = f.Open({.checkpoint_dir = kDir, .hooks = {recorder}});
    WithSession(*session, [&](MonitoredSession& s) {
      while (!s.ShouldStop()) seen.push_back(s.Run(item).scalar<std::int64_t>());
    });
  });
  BOOST_TEST(seen == (std::vector<std::int64_t>{0, 1, 2}));
  BOOST_TEST(recorder->ends == 1);
  BOOST_TEST(f.process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
