#include <boost/test/unit_test.hpp>

#include "core/cluster/master_client.h"
#include "core/testing/cluster_fixture.h"

// What sessions see when servers and connections are lost, in both profiles.

namespace faultline {
namespace {

using testing::CounterGraph;
using testing::Fate;
using testing::OneServerCluster;
using testing::ReadCounter;
using testing::TryRun;

struct Classic : OneServerCluster {
  Classic() : OneServerCluster(RuntimeProfile::Classic()) {}
};
struct Retry : OneServerCluster {
  Retry() : OneServerCluster(RuntimeProfile::Retry()) {}
};

// A session whose counter is 0 on a started server.
std::unique_ptr<Session> OpenReady(OneServerCluster& cluster, CounterGraph& graph) {
  cluster.StartServer();
  auto session = cluster.client.Open(graph.graph);
  session->Run(graph.counter.initializer);
  return session;
}

BOOST_FIXTURE_TEST_SUITE(lost_calls_classic, Classic)

BOOST_AUTO_TEST_CASE(rf_19_rf_25_a_call_to_a_server_that_is_down_waits_for_it) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    const TimePoint start = env.clock.Now();
    const auto starter = env.spawner.Spawn("starter", [&] {
      fake.Advance(Duration::Seconds(100));
      StartServer();
    });
    session->Run(graph.counter.initializer);
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(100));
  });
}

BOOST_AUTO_TEST_CASE(rf_19_a_server_that_stays_down_is_a_hang) {
  BOOST_CHECK_THROW(fake.Run([&](Env&) {
    CounterGraph graph;
    client.Open(graph.graph)->Run(graph.counter.initializer);
  }),
                    testing::TestStuck);
}

BOOST_AUTO_TEST_CASE(rf_48_a_timeout_bounds_the_creation) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    SessionConfig config;
    config.operation_timeout = Duration::Seconds(3);
    const auto session = client.Open(graph.graph, config);
    const TimePoint start = env.clock.Now();
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kDeadlineExceeded);
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(3));
  });
}

BOOST_AUTO_TEST_CASE(a_session_can_be_closed_while_its_creation_waits) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    Status ended;
    const auto run = env.spawner.Spawn("run", [&] { ended = TryRun(*session, graph.increment); });
    fake.Advance(Duration::Seconds(1));
    session->Close();
    (void)run->Join({"run"});
    BOOST_TEST(ended.code() == Code::kCancelled);
    BOOST_TEST(transport.CountOf("CloseSession") == 0);
  });
}

BOOST_AUTO_TEST_CASE(rf_20_rf_25_sent_but_not_delivered_is_unavailable) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", {Fate::kLostBefore});
    const Status status = TryRun(*session, graph.increment);
    BOOST_TEST(status.code() == Code::kUnavailable);
    BOOST_TEST(status.node() == "");
    BOOST_TEST(ReadCounter(*session, graph) == 0);
    BOOST_TEST(transport.CountOf("RunStep") == 3);
  });
}

BOOST_AUTO_TEST_CASE(rf_25_reply_lost_is_unavailable_and_the_effect_stays) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", {Fate::kLostAfter});
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kUnavailable);
    BOOST_TEST(ReadCounter(*session, graph) == 1);
  });
}

BOOST_AUTO_TEST_CASE(t26_rf_8_a_step_ends_when_its_callers_connection_breaks) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", {Fate::kBreaksDuring});
    Status ended;
    const auto run = env.spawner.Spawn("run", [&] { ended = TryRun(*session, graph.dequeue); });
    fake.Advance(Duration::Seconds(1));
    BOOST_TEST(fake.observer().Count(Point::kStepReplying) == 1);
    transport.BreakNow();
    (void)run->Join({"run"});
    BOOST_TEST(ended.code() == Code::kUnavailable);
    fake.Advance(Duration::Seconds(1));
    BOOST_TEST_REQUIRE(fake.observer().Count(Point::kStepReplying) == 2);
    BOOST_TEST(fake.observer().Of(Point::kStepReplying)[1].text("code") == "UNAVAILABLE");
    // The cancelled step takes nothing that comes later.
    session->Run(graph.enqueue);
    BOOST_TEST(session->Run(graph.dequeue).scalar<std::int64_t>() == 0);
  });
}

BOOST_AUTO_TEST_CASE(t26_rf_8_the_step_of_a_vanished_client_completes) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    CounterGraph lost_graph;
    const auto lost = client.Open(lost_graph.graph);
    transport.Script("RunStep", {Fate::kCallerVanishes});
    const auto run =
        env.spawner.Spawn("vanished", [&] { (void)TryRun(*lost, lost_graph.dequeue); });
    fake.Advance(Duration::Seconds(60));
    BOOST_TEST(fake.observer().Count(Point::kStepReplying) == 1);
    session->Run(graph.enqueue);
    fake.Advance(Duration::Seconds(1));
    BOOST_TEST_REQUIRE(fake.observer().Count(Point::kStepReplying) == 3);
    BOOST_TEST(fake.observer().Of(Point::kStepReplying)[2].text("code") == "OK");
    BOOST_TEST(SessionsOnServer() == 2U);  // the vanished one's is leaked
    lost->Close();
    (void)run->Join({"vanished run"});
  });
}

BOOST_AUTO_TEST_CASE(t25_rf_11_a_restarted_master_does_not_know_the_handle) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    RestartServer();
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kAborted);
    BOOST_TEST(session->TryClose().code() == Code::kAborted);  // SE-10
    BOOST_TEST(session->closed());
    BOOST_TEST(session->TryClose().ok());  // SE-7
    // RF-8: the variables went with the process.
    const auto fresh = client.Open(graph.graph);
    BOOST_TEST(TryRun(*fresh, graph.increment).code() == Code::kFailedPrecondition);
  });
}

BOOST_AUTO_TEST_CASE(rf_11_an_extension_of_an_unknown_session_is_aborted) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    RestartServer();
    const Output more = Add(graph.increment, graph.increment, "more");
    BOOST_TEST(TryRun(*session, more).code() == Code::kAborted);
    BOOST_TEST(transport.CountOf("ExtendSession") == 1);
    BOOST_TEST(transport.CountOf("RunStep") == 1);
  });
}

BOOST_AUTO_TEST_CASE(t25_a_master_that_restarts_within_a_step_is_unavailable_then_aborted) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", {Fate::kBreaksDuring});
    Status ended;
    const auto run = env.spawner.Spawn("run", [&] { ended = TryRun(*session, graph.dequeue); });
    fake.Advance(Duration::Seconds(1));
    StopServer();
    transport.BreakNow();
    (void)run->Join({"run"});
    BOOST_TEST(ended.code() == Code::kUnavailable);
    StartServer();
    BOOST_TEST(TryRun(*session, graph.dequeue).code() == Code::kAborted);
  });
}

// A thin client does not watch its idle connection: the first call still goes into the dead one.
BOOST_AUTO_TEST_CASE(t25_a_master_that_restarted_while_idle_is_unavailable_then_aborted) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    RestartServer();
    transport.Script("RunStep", {Fate::kLostBefore});
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kUnavailable);
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kAborted);
  });
}

BOOST_AUTO_TEST_CASE(t48_a_lost_extension_is_unavailable) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    const Output more = Add(graph.increment, graph.increment, "more");
    transport.Script("ExtendSession", {Fate::kLostAfter});
    BOOST_TEST(TryRun(*session, more).code() == Code::kUnavailable);
    BOOST_TEST(TryRun(*session, more).code() == Code::kAborted);  // RF-26: stale version
  });
}

BOOST_AUTO_TEST_CASE(rf_17_steps_carry_no_ids) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    Master& master = *server->master();
    RunStepRequest step;
    step.session_handle = dynamic_cast<RemoteSession&>(*session).handle();
    step.fetches = {"increment:0"};
    BOOST_TEST(master.RunStep(step, {}).ok());
    BOOST_TEST(master.RunStep(step, {}).ok());
    BOOST_TEST(ReadCounter(*session, graph) == 2);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(lost_calls_retry, Retry)

BOOST_AUTO_TEST_CASE(rf_25_sent_but_not_delivered_is_executed_once_by_the_retry) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", {Fate::kLostBefore});
    BOOST_TEST(TryRun(*session, graph.increment).ok());
    BOOST_TEST(ReadCounter(*session, graph) == 1);
    BOOST_TEST(transport.CountOf("RunStep") == 4);
  });
}

BOOST_AUTO_TEST_CASE(rf_17_rf_25_a_retry_of_an_executed_step_is_aborted_and_the_effect_stays) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", {Fate::kLostAfter});
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kAborted);
    BOOST_TEST(ReadCounter(*session, graph) == 1);
  });
}

BOOST_AUTO_TEST_CASE(rf_17_rf_25_a_retry_of_a_step_that_executes_is_aborted) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", {Fate::kBreaksDuring});
    Status ended;
    const auto run = env.spawner.Spawn("run", [&] { ended = TryRun(*session, graph.dequeue); });
    fake.Advance(Duration::Seconds(1));
    transport.BreakNow();
    (void)run->Join({"run"});
    BOOST_TEST(ended.code() == Code::kAborted);
  });
}

BOOST_AUTO_TEST_CASE(t25_rf_25_the_retry_meets_the_restarted_master) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", {Fate::kBreaksDuring});
    Status ended;
    const auto run = env.spawner.Spawn("run", [&] { ended = TryRun(*session, graph.dequeue); });
    fake.Advance(Duration::Seconds(1));
    StopServer();
    transport.BreakNow();
    fake.Advance(Duration::Seconds(10));
    BOOST_TEST(!run->finished());  // RF-19: it waits for the server
    StartServer();
    (void)run->Join({"run"});
    BOOST_TEST(ended.code() == Code::kAborted);
  });
}

BOOST_AUTO_TEST_CASE(t25_a_master_that_restarted_while_idle_is_aborted) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    RestartServer();
    transport.Script("RunStep", {Fate::kLostBefore});
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kAborted);
    BOOST_TEST((session->TryClose().code() == Code::kAborted));
  });
}

BOOST_AUTO_TEST_CASE(rf_23_ten_tries_with_growing_jittered_pauses) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    const int before = transport.CountOf("RunStep");
    const TimePoint start = env.clock.Now();
    transport.Script("RunStep", std::vector<Fate>(11, Fate::kLostBefore));
    BOOST_TEST(TryRun(*session, graph.increment).code() == Code::kUnavailable);
    BOOST_TEST(transport.CountOf("RunStep") - before == 11);
    // Each pause is 0.4 ms and between 0.6 and 1 of 1 ms * 1.3^i.
    double grown = 0;
    double next = 0.001;
    for (int i = 0; i < 10; ++i, next *= 1.3) grown += next;
    const double waited = (env.clock.Now() - start).seconds();
    BOOST_TEST(waited > 0.004 + 0.6 * grown);
    BOOST_TEST(waited < 0.004 + grown);
  });
}

BOOST_AUTO_TEST_CASE(rf_23_the_eleventh_try_may_still_succeed) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", std::vector<Fate>(10, Fate::kLostBefore));
    BOOST_TEST(TryRun(*session, graph.increment).ok());
    BOOST_TEST(ReadCounter(*session, graph) == 1);
  });
}

BOOST_AUTO_TEST_CASE(rf_23_with_a_timeout_the_first_loss_is_deadline_exceeded) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    const int before = transport.CountOf("RunStep");
    const TimePoint start = env.clock.Now();
    transport.Script("RunStep", {Fate::kLostBefore});
    RunOptions options;
    options.timeout_ms = 5000;
    BOOST_TEST(TryRun(*session, graph.increment, &options).code() == Code::kDeadlineExceeded);
    BOOST_TEST(transport.CountOf("RunStep") - before == 1);
    BOOST_TEST(env.clock.Now() == start);
  });
}

BOOST_AUTO_TEST_CASE(rf_24_the_error_of_a_step_is_not_retried) {
  fake.Run([&](Env&) {
    int steps = 0;
    const CallMethod method{
        &RunStepRequest::Decode, &RunStepResponse::Decode,
        [&](const CallContext&, std::unique_ptr<Message>) -> Result<std::unique_ptr<Message>> {
          ++steps;
          auto response = std::make_unique<RunStepResponse>();
          response->status = Status(Code::kUnavailable, "the store is away");
          return std::unique_ptr<Message>(std::move(response));
        }};
    BOOST_TEST_REQUIRE(transport.Serve("ps:1", "RunStep", method).ok());
    MasterClient master(env, profile, "ps:1");
    const auto response = master.RunStep({}, {});
    BOOST_TEST_REQUIRE(response.ok());
    BOOST_TEST(response->status.code() == Code::kUnavailable);
    BOOST_TEST(steps == 1);
  });
}

BOOST_AUTO_TEST_CASE(rf_24_an_error_that_a_handler_answers_is_not_retried) {
  fake.Run([&](Env&) {
    int calls = 0;
    const CallMethod method{
        &CloseSessionRequest::Decode, &CloseSessionResponse::Decode,
        [&](const CallContext&, std::unique_ptr<Message>) -> Result<std::unique_ptr<Message>> {
          ++calls;
          return Status(Code::kUnavailable, "not now");
        }};
    BOOST_TEST_REQUIRE(transport.Serve("ps:1", "CloseSession", method).ok());
    MasterClient master(env, profile, "ps:1");
    BOOST_TEST(master.CloseSession({}, {}).status().code() == Code::kUnavailable);
    BOOST_TEST(calls == 1);
  });
}

BOOST_AUTO_TEST_CASE(rf_26_a_creation_sent_twice_leaks_a_session) {
  fake.Run([&](Env&) {
    StartServer();
    CounterGraph graph;
    const auto session = client.Open(graph.graph);
    transport.Script("CreateSession", {Fate::kLostAfter});
    session->Run(graph.counter.initializer);
    BOOST_TEST(SessionsOnServer() == 2U);
    session->Close();
    BOOST_TEST(SessionsOnServer() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(t48_rf_26_an_extension_sent_twice_is_aborted) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    const Output more = Add(graph.increment, graph.increment, "more");
    transport.Script("ExtendSession", {Fate::kLostAfter});
    BOOST_TEST(TryRun(*session, more).code() == Code::kAborted);
    BOOST_TEST(transport.CountOf("ExtendSession") == 2);
  });
}

BOOST_AUTO_TEST_CASE(rf_26_a_close_sent_twice_is_aborted) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("CloseSession", {Fate::kLostAfter});
    BOOST_TEST(session->TryClose().code() == Code::kAborted);
    BOOST_TEST(SessionsOnServer() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_close_ends_the_pauses_between_tries) {
  fake.Run([&](Env&) {
    CounterGraph graph;
    const auto session = OpenReady(*this, graph);
    transport.Script("RunStep", std::vector<Fate>(11, Fate::kLostBefore));
    Status ended;
    const auto run = env.spawner.Spawn("run", [&] { ended = TryRun(*session, graph.increment); });
    fake.Advance(Duration::Milliseconds(3));
    BOOST_TEST(session->TryClose().ok());
    (void)run->Join({"run"});
    BOOST_TEST(ended.code() == Code::kCancelled);
    BOOST_TEST(transport.CountOf("RunStep") < 6);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
