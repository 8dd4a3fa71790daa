#include "core/cluster/remote_session.h"

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/testing/cluster_fixture.h"

// A server and sessions on it while nothing is lost.

namespace faultline {
namespace {

using testing::CounterGraph;
using testing::OneServerCluster;
using testing::ReadCounter;
using testing::ServingProcess;
using testing::TryRun;

// Both profiles behave alike here.
struct Cluster : OneServerCluster {
  Cluster() : OneServerCluster(RuntimeProfile::Retry()) {}
};

BOOST_FIXTURE_TEST_SUITE(remote_session, Cluster)

BOOST_AUTO_TEST_CASE(rf_1_se_6_making_a_session_sends_nothing_and_the_first_run_opens_it) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = client.Open(graph.graph);  // no server is there yet
    BOOST_TEST(transport.calls().empty());
    StartServer();
    BOOST_TEST(SessionsOnServer() == 0U);
    session->Run(graph.counter.initializer);
    BOOST_TEST(SessionsOnServer() == 1U);
    session->Run(graph.increment);
    BOOST_TEST(
        transport.calls() == (std::vector<std::string>{"CreateSession", "RunStep", "RunStep"}),
        boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(se_10_closing_a_session_that_never_ran_sends_nothing) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    session->Close();
    session->Close();  // SE-7
    BOOST_TEST(transport.calls().empty());
  });
}

BOOST_AUTO_TEST_CASE(se_3_rf_5_variables_are_shared_by_sessions_and_survive_them) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    CounterGraph same_names;
    auto first = client.Open(graph.graph);
    first->Run(graph.counter.initializer);
    first->Run(graph.increment);
    ServingProcess other(env, profile);
    const auto second = other.Open(same_names.graph);
    BOOST_TEST(ReadCounter(*second, same_names) == 1);
    first->Close();
    BOOST_TEST(SessionsOnServer() == 1U);
    second->Run(same_names.increment);
    const auto third = client.Open(graph.graph);
    BOOST_TEST(ReadCounter(*third, graph) == 2);
  });
}

BOOST_AUTO_TEST_CASE(se_3_rf_6_isolated_sessions_have_variables_of_their_own) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    SessionConfig isolated;
    isolated.isolate_session_state = true;
    const auto chief = client.Open(graph.graph, isolated);
    chief->Run(graph.counter.initializer);
    BOOST_TEST(ReadCounter(*chief, graph) == 0);
    for (const SessionConfig& config : {isolated, SessionConfig()}) {
      const auto worker = client.Open(graph.graph, config);
      const Status status = TryRun(*worker, graph.counter.value());
      BOOST_TEST(status.code() == Code::kFailedPrecondition);
      BOOST_TEST(status.message().find("uninitialized") != std::string::npos);
    }
  });
}

BOOST_AUTO_TEST_CASE(cl_10_the_config_of_a_server_is_merged_into_that_of_its_sessions) {
  fake.Run([&](Env&) {
    SessionConfig isolated;
    isolated.isolate_session_state = true;
    StartServer(isolated);
    CounterGraph graph;
    const auto first = client.Open(graph.graph);
    first->Run(graph.counter.initializer);
    const auto second = client.Open(graph.graph);
    BOOST_TEST(TryRun(*second, graph.counter.value()).code() == Code::kFailedPrecondition);
  });
}

BOOST_AUTO_TEST_CASE(a_graph_that_grew_is_extended_on_the_server) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    session->Run(graph.counter.initializer);
    const Output doubled = Add(graph.counter.value(), graph.counter.value(), "doubled");
    session->Run(graph.increment);
    BOOST_TEST(session->Run(doubled).scalar<std::int64_t>() == 2);
    BOOST_TEST(transport.CountOf("ExtendSession") == 1);
    BOOST_TEST(transport.CountOf("CreateSession") == 1);
    const Output again = Add(doubled, doubled, "again");
    BOOST_TEST(session->Run(again).scalar<std::int64_t>() == 4);
    BOOST_TEST(transport.CountOf("ExtendSession") == 2);
  });
}

BOOST_AUTO_TEST_CASE(runs_at_the_same_time_create_one_session) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    std::vector<std::shared_ptr<Task>> runs;
    for (int i = 0; i < 3; ++i) {
      runs.push_back(env.spawner.Spawn("run", [&] { session->Run(graph.counter.initializer); }));
    }
    fake.Advance(Duration::Seconds(1));
    StartServer();
    for (const auto& run : runs) (void)run->Join({"run"});
    BOOST_TEST(transport.CountOf("CreateSession") == 1);
    BOOST_TEST(transport.CountOf("RunStep") == 3);
    BOOST_TEST(SessionsOnServer() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(er_3_the_error_of_a_step_names_its_node) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    const Status status = TryRun(*session, graph.counter.value());
    BOOST_TEST(status.code() == Code::kFailedPrecondition);
    BOOST_TEST(status.ToString().find("counter") != std::string::npos);
    BOOST_CHECK_THROW(session->Run(graph.counter.value()), FailedPreconditionError);
  });
}

BOOST_AUTO_TEST_CASE(rf_33_an_operation_of_another_task_cannot_be_placed) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    {
      const DeviceScope elsewhere(graph.graph, "/job:worker/task:0");
      Constant(graph.graph, Tensor::Scalar<std::int64_t>(0), "far");
    }
    const auto session = client.Open(graph.graph);
    const Status status = TryRun(*session, graph.counter.initializer);
    BOOST_TEST(status.code() == Code::kInvalidArgument);
    BOOST_TEST(status.ToString().find("far") != std::string::npos);
    BOOST_TEST(SessionsOnServer() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(feeds_arrive_and_metadata_comes_back) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const Output x = Placeholder(graph.graph, DataType::kInt64, PartialShape({}), "x");
    const Output sum = Add(x, x, "sum");
    const auto session = client.Open(graph.graph);
    RunOptions options;
    options.trace_level = TraceLevel::kFullTrace;
    options.output_partition_graphs = true;
    RunMetadata metadata;
    const Fetched out =
        session->Run({sum, x}, {{x, Tensor::Scalar<std::int64_t>(21)}}, &options, &metadata);
    BOOST_TEST(out[0].scalar<std::int64_t>() == 42);
    BOOST_TEST(out[1].scalar<std::int64_t>() == 21);
    BOOST_TEST(!metadata.node_stats.empty());
    BOOST_TEST(metadata.partition_graphs.size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(steps_carry_their_cause_to_the_variables_of_the_server) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    RunRequest request;
    request.fetches = graph.counter.initializer;
    request.context.cause = Cause::kInit;
    request.context.user_run_id = 7;
    request.context.attempt = 2;
    BOOST_TEST_REQUIRE(session->TryRun(request).ok());
    const auto writes = fake.observer().Of(Point::kVariableWrite);
    BOOST_TEST_REQUIRE(writes.size() == 1U);
    BOOST_TEST(writes[0].text("store") == "ps:1");
    BOOST_TEST(writes[0].number("run") == 7);
    BOOST_TEST(writes[0].number("attempt") == 2);
    BOOST_TEST((static_cast<std::uint64_t>(writes[0].number("session")) == session->id()));
  });
}

BOOST_AUTO_TEST_CASE(rf_53_a_closed_session_raises_before_anything_is_sent) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    session->Run(graph.counter.initializer);
    session->Close();
    const std::size_t calls = transport.calls().size();
    BOOST_CHECK_THROW(session->Run(graph.increment), RuntimeError);
    BOOST_TEST(transport.calls().size() == calls);
    BOOST_TEST(SessionsOnServer() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(rf_52_se_9_closing_cancels_a_step_that_waits) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    Status ended;
    const auto run = env.spawner.Spawn("run", [&] { ended = TryRun(*session, graph.dequeue); });
    fake.Advance(Duration::Seconds(1));
    BOOST_TEST_REQUIRE(fake.observer().Count(Point::kStepExecuting) == 1);
    session->Close();
    (void)run->Join({"run"});
    BOOST_TEST(ended.code() == Code::kCancelled);
    const auto replies = fake.observer().Of(Point::kStepReplying);
    BOOST_TEST_REQUIRE(replies.size() == 1U);
    BOOST_TEST(replies[0].text("code") == "CANCELLED");
    BOOST_TEST(SessionsOnServer() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(rf_54_closing_waits_until_no_step_is_counted) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    session->Run(graph.counter.initializer);
    // The write of the next step takes 5 s and cannot be cancelled.
    fake.observer().strike = [&](const auto& announcement) {
      if (announcement.point == Point::kVariableWrite) fake.Advance(Duration::Seconds(5));
    };
    const auto run = env.spawner.Spawn("run", [&] { (void)TryRun(*session, graph.increment); });
    fake.Advance(Duration::Seconds(1));
    const TimePoint start = env.clock.Now();
    session->Close();
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(4));
    const auto closed = fake.observer().Of(Point::kMasterSessionClosed);
    BOOST_TEST(closed.size() == 1U);
    (void)run->Join({"run"});
  });
}

BOOST_AUTO_TEST_CASE(rf_52_a_run_that_races_with_a_close_is_a_failed_precondition) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    session->Run(graph.counter.initializer);
    Master& master = *server->master();
    RunStepRequest step;
    step.targets = {"counter/Assign"};
    step.session_handle = dynamic_cast<RemoteSession&>(*session).handle();
    CloseSessionRequest close;
    close.session_handle = step.session_handle;
    fake.observer().strike = [&](const auto& announcement) {
      if (announcement.point != Point::kStepExecuting) return;
      BOOST_TEST(master.CloseSession(close).ok());
    };
    const auto response = master.RunStep(step, {});
    BOOST_TEST_REQUIRE(response.ok());
    BOOST_TEST(response->status.code() == Code::kFailedPrecondition);
    BOOST_TEST(response->status.ToString().find("uninitialized") == std::string::npos);
    BOOST_TEST(response->status.message().find("closed") != std::string::npos);
    BOOST_TEST(master.RunStep(step, {}).status().code() == Code::kAborted);  // later: RF-11
  });
}

BOOST_AUTO_TEST_CASE(rf_2_a_session_to_a_server_of_the_same_process_goes_through_memory) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = server_process->Open(graph.graph);
    BOOST_TEST(dynamic_cast<RemoteSession&>(*session).in_process());
    session->Run(graph.counter.initializer);
    BOOST_TEST(ReadCounter(*session, graph) == 0);
    BOOST_TEST(transport.calls().empty());
    const auto remote = client.Open(graph.graph);
    BOOST_TEST(!dynamic_cast<RemoteSession&>(*remote).in_process());
    BOOST_TEST(ReadCounter(*remote, graph) == 0);
    session->Close();
    BOOST_TEST(SessionsOnServer() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(rf_46_an_in_process_timeout_waits_for_the_end_of_the_step) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = server_process->Open(graph.graph);
    session->Run(graph.counter.initializer);
    fake.observer().strike = [&](const auto& announcement) {
      if (announcement.point == Point::kVariableWrite) fake.Advance(Duration::Seconds(5));
    };
    RunOptions options;
    options.timeout_ms = 1000;
    const TimePoint start = env.clock.Now();
    BOOST_TEST(TryRun(*session, graph.increment, &options).code() == Code::kDeadlineExceeded);
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(5));
    // A step that can be cancelled ends in time.
    BOOST_TEST(TryRun(*session, graph.dequeue, &options).code() == Code::kDeadlineExceeded);
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(6));
  });
}

BOOST_AUTO_TEST_CASE(rf_47_a_remote_timeout_returns_in_time_whatever_the_master_does) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    session->Run(graph.counter.initializer);
    fake.observer().strike = [&](const auto& announcement) {
      if (announcement.point == Point::kVariableWrite) fake.Advance(Duration::Seconds(5));
    };
    RunOptions options;
    options.timeout_ms = 1000;
    const TimePoint start = env.clock.Now();
    BOOST_TEST(TryRun(*session, graph.increment, &options).code() == Code::kDeadlineExceeded);
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(1));
    BOOST_TEST(fake.observer().Count(Point::kStepReplying) == 1);
    fake.Advance(Duration::Seconds(5));
    BOOST_TEST(fake.observer().Count(Point::kStepReplying) == 2);
  });
}

BOOST_AUTO_TEST_CASE(rf_48_se_20_the_timeout_of_a_run_replaces_that_of_the_session) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    SessionConfig config;
    config.operation_timeout = Duration::Seconds(10);
    const auto session = client.Open(graph.graph, config);
    RunOptions options;
    options.timeout_ms = 2000;
    TimePoint start = env.clock.Now();
    BOOST_TEST(TryRun(*session, graph.dequeue, &options).code() == Code::kDeadlineExceeded);
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(2));
    start = env.clock.Now();
    BOOST_TEST(TryRun(*session, graph.dequeue).code() == Code::kDeadlineExceeded);
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(10));
  });
}

BOOST_AUTO_TEST_CASE(se_5_rf_57_a_reset_clears_the_variables_and_closes_all_sessions) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    session->Run(graph.counter.initializer);
    Status in_flight;
    const auto run = env.spawner.Spawn("run", [&] { in_flight = TryRun(*session, graph.dequeue); });
    fake.Advance(Duration::Seconds(1));
    BOOST_TEST(client.sessions.Reset("grpc://ps:1").ok());
    (void)run->Join({"run"});
    BOOST_TEST(in_flight.code() == Code::kCancelled);  // T28
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kAborted);
    const auto fresh = client.Open(graph.graph);
    BOOST_TEST(TryRun(*fresh, graph.increment).code() == Code::kFailedPrecondition);
  });
}

BOOST_AUTO_TEST_CASE(t8_t23_a_worker_is_not_ready_until_the_chief_has_initialized) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    ServingProcess worker(env, profile);
    const auto waiting = worker.Open(graph.graph);
    const Status status = TryRun(*waiting, graph.counter.value());
    BOOST_TEST(status.code() == Code::kFailedPrecondition);
    BOOST_TEST(status.ToString().find("uninitialized") != std::string::npos);  // RF-68
    const auto chief = client.Open(graph.graph);
    chief->Run(graph.counter.initializer);
    BOOST_TEST(ReadCounter(*waiting, graph) == 0);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
