#include "sim/network.h"

#include <functional>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/env/event.h"
#include "sim/simulator.h"
#include "sim/test_message.h"

namespace faultline::sim {
namespace {

constexpr char kAddress[] = "server:2222";

Duration Seconds(std::int64_t n) { return Duration::Seconds(n); }

// A server that answers "echo" at once and "slow" after ten seconds, and a client.
struct TwoNodes {
  explicit TwoNodes(SimulatorOptions options = {}) : simulator(std::move(options)) {
    server.SetMain([this](Env& env) { Serve(env); });
  }

  void Serve(Env& env) {
    CallMethod echo{.decode_request = TextMessage::Decode,
                    .decode_response = TextMessage::Decode,
                    .handler = {}};
    CallMethod slow = echo;
    echo.handler = [this](const CallContext& context,
                          std::unique_ptr<Message> request) -> Result<std::unique_ptr<Message>> {
      ++handled;
      peer = context.peer;
      arrived += TextOf(*request);
      if (TextOf(*request) == "bad") return Status(Code::kUnavailable, "an op's own error");
      return Text("echo " + TextOf(*request));
    };
    slow.handler = [this, &env](const CallContext& context,
                                std::unique_ptr<Message>) -> Result<std::unique_ptr<Message>> {
      ++handled;
      SleepFor(env, "work", Seconds(10), context.caller_gone);
      gone = context.caller_gone->reason();
      ++answered;
      return Text("done");
    };
    FL_ASSERT(env.transport.Serve(kAddress, "echo", std::move(echo)).ok());
    FL_ASSERT(env.transport.Serve(kAddress, "slow", std::move(slow)).ok());
    if (serve_for > Duration()) {
      SleepFor(env, "the end", serve_for);
    } else {
      Event(env.spawner).Wait({.what = "the end of serving", .kind = WaitKind::kHousekeeping});
    }
  }

  RunResult Run(NodeMain main) {
    client.Start([this, main = std::move(main)](Env& env) {
      main(env);
      finished = env.clock.Now();
    });
    return simulator.Run();
  }

  // One call from the client; its outcome goes to `status` and `answer`.
  void Call(Env& env, std::string_view method, const std::string& text, CallOptions options = {}) {
    auto result = env.transport.Call(kAddress, method, Text(text), options);
    status = result.status();
    if (result.ok()) answer = TextOf(**result);
  }

  Simulator simulator;
  Node& server = simulator.AddNode({.name = "server"});
  Node& client = simulator.AddNode({.name = "client"});
  Duration serve_for = {};
  int handled = 0;
  int answered = 0;
  std::string peer;
  std::string arrived;
  Status gone;
  Status status;
  std::string answer;
  TimePoint finished;
};

BOOST_AUTO_TEST_SUITE(sim_network)

BOOST_FIXTURE_TEST_CASE(a_call_is_answered_after_two_travels, TwoNodes) {
  server.Restart();
  std::size_t connections = 0;
  Run([&](Env& env) {
    Call(env, "echo", "hello");
    Call(env, "echo", "hello");
    connections = simulator.network().Connections(client, server);
  });
  BOOST_TEST(status.ok());
  BOOST_TEST(answer == "echo hello");
  BOOST_TEST(peer == "client");
  BOOST_TEST((finished - TimePoint() >= LinkModel().latency_min * 2));
  BOOST_TEST(connections == 1U);
  BOOST_TEST(simulator.network().Connections(client, server) == 0U);  // the client has ended
}

BOOST_FIXTURE_TEST_CASE(rf_24_a_handlers_error_is_not_the_transports, TwoNodes) {
  server.Restart();
  Run([this](Env& env) { Call(env, "echo", "bad"); });
  BOOST_TEST((status.code() == Code::kUnavailable));
  BOOST_TEST(status.message() == "an op's own error");
  BOOST_TEST(!IsTransportError(status));
}

BOOST_FIXTURE_TEST_CASE(a_method_that_nobody_serves_is_unimplemented, TwoNodes) {
  server.Restart();
  Run([this](Env& env) { Call(env, "none", "hello"); });
  BOOST_TEST((status.code() == Code::kUnimplemented));
}

BOOST_FIXTURE_TEST_CASE(rf_19_a_call_to_a_peer_that_is_down_waits_until_it_serves, TwoNodes) {
  simulator.After(Seconds(50), [this] { server.Restart(); });
  Run([this](Env& env) { Call(env, "echo", "hello"); });
  BOOST_TEST(status.ok());
  BOOST_TEST((finished >= TimePoint() + Seconds(50)));
  BOOST_TEST((finished < TimePoint() + Seconds(51)));
  BOOST_TEST(client.turns() <= 4U);  // it did not poll
}

BOOST_FIXTURE_TEST_CASE(rf_19_without_wait_for_ready_a_refused_call_fails_at_once, TwoNodes) {
  Run([this](Env& env) { Call(env, "echo", "hello", {.wait_for_ready = false}); });
  BOOST_TEST(IsTransportError(status));
  BOOST_TEST((finished < TimePoint() + Seconds(1)));
}

BOOST_FIXTURE_TEST_CASE(waiting_for_a_peer_that_never_comes_is_stuck, TwoNodes) {
  const RunResult result = Run([this](Env& env) { Call(env, "echo", "hello"); });
  BOOST_TEST((result.end == RunEnd::kStuck));
  BOOST_TEST(result.text.find("waits for connection to server:2222 for echo") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(rf_20_a_crash_ends_calls_in_flight_unavailable, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.Crash(); });
  Run([this](Env& env) { Call(env, "slow", ""); });
  BOOST_TEST((status.code() == Code::kUnavailable));
  BOOST_TEST(IsTransportError(status));
  BOOST_TEST((finished < TimePoint() + Seconds(6)));
  BOOST_TEST(answered == 0);
}

BOOST_FIXTURE_TEST_CASE(the_next_call_after_a_crash_waits_for_the_restart, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.Crash(); });
  simulator.After(Seconds(60), [this] { server.Restart(); });
  Run([this](Env& env) {
    Call(env, "slow", "");
    FL_ASSERT(!status.ok());
    Call(env, "echo", "again");
  });
  BOOST_TEST(status.ok());
  BOOST_TEST((finished > TimePoint() + Seconds(60)));
  BOOST_TEST(server.incarnation() == 2U);
}

BOOST_FIXTURE_TEST_CASE(t25_a_mere_caller_notices_the_loss_of_an_idle_connection_on_use, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.Crash(); });
  simulator.After(Seconds(10), [this] { server.Restart(); });
  Status first_use;
  TimePoint noticed;
  Run([&](Env& env) {
    Call(env, "echo", "before");
    SleepFor(env, "the restart", Seconds(20));
    Call(env, "echo", "lost");
    first_use = status;
    noticed = env.clock.Now();
    Call(env, "echo", "after");
  });
  BOOST_TEST(IsTransportError(first_use));
  BOOST_TEST((noticed >= TimePoint() + Seconds(20) && noticed < TimePoint() + Seconds(21)));
  BOOST_TEST(status.ok());
  BOOST_TEST(arrived == "beforeafter");
}

BOOST_FIXTURE_TEST_CASE(t25_an_idle_loss_is_noticed_while_the_peer_is_down_and_then_waited_for,
                        TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.Crash(); });
  simulator.After(Seconds(60), [this] { server.Restart(); });
  Status first_use;
  TimePoint noticed;
  Run([&](Env& env) {
    Call(env, "echo", "before");
    SleepFor(env, "the crash", Seconds(20));
    Call(env, "echo", "lost");
    first_use = status;
    noticed = env.clock.Now();
    Call(env, "echo", "after");
  });
  BOOST_TEST(IsTransportError(first_use));
  BOOST_TEST((noticed < TimePoint() + Seconds(21)));
  BOOST_TEST(status.ok());
  BOOST_TEST((finished >= TimePoint() + Seconds(60)));
}

BOOST_FIXTURE_TEST_CASE(t25_a_process_that_serves_reconnects_without_a_word, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { simulator.network().BreakConnections(client, server); });
  simulator.After(Seconds(15), [this] { server.Crash(); });
  simulator.After(Seconds(16), [this] { server.Restart(); });
  std::vector<Code> codes;
  Run([&](Env& env) {
    CallMethod mine{.decode_request = TextMessage::Decode,
                    .decode_response = TextMessage::Decode,
                    .handler = [](const CallContext&, std::unique_ptr<Message>)
                        -> Result<std::unique_ptr<Message>> { return Text("mine"); }};
    FL_ASSERT(env.transport.Serve("client:2222", "mine", std::move(mine)).ok());
    for (int i = 0; i < 3; ++i) {
      Call(env, "echo", "x");
      codes.push_back(status.code());
      SleepFor(env, "a loss", Seconds(10));
    }
  });
  BOOST_TEST((codes == std::vector<Code>{Code::kOk, Code::kOk, Code::kOk}));
  BOOST_TEST(arrived == "xxx");
  BOOST_TEST(server.incarnation() == 2U);
}

BOOST_FIXTURE_TEST_CASE(t25_a_broken_idle_connection_costs_one_call_and_a_new_process_none,
                        TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { simulator.network().BreakConnections(client, server); });
  Status new_process;
  std::vector<Code> codes;
  Run([&](Env& env) {
    if (client.incarnation() == 1U) {
      Call(env, "echo", "a");
      SleepFor(env, "the break", Seconds(10));
      client.simulator().After(Duration(), [this] { client.Restart(); });
      return;
    }
    Call(env, "echo", "b");
    new_process = status;
    SleepFor(env, "another break", Seconds(10));
    simulator.network().BreakConnections(client, server);
    Call(env, "echo", "c");
    codes.push_back(status.code());
    Call(env, "echo", "d");
    codes.push_back(status.code());
  });
  BOOST_TEST(new_process.ok());
  BOOST_TEST((codes == std::vector<Code>{Code::kUnavailable, Code::kOk}));
  BOOST_TEST(arrived == "abd");
}

BOOST_FIXTURE_TEST_CASE(an_answer_sent_before_a_crash_still_arrives, TwoNodes) {
  struct CrashAfterReply final : Interposer {
    Status AfterHandle(Node& node, const CallInfo& call, const Status& outcome) override {
      node.simulator().After(Duration(), [&node] { node.Crash(); });
      method = call.method;
      return outcome;
    }
    std::string method;
  } strike;
  simulator.SetInterposer(&strike);
  server.Restart();
  Run([this](Env& env) { Call(env, "echo", "hello"); });
  BOOST_TEST(strike.method == "echo");
  BOOST_TEST((server.exits().at(0).how == NodeExit::How::kCrashed));
  BOOST_TEST(answer == "echo hello");
}

BOOST_FIXTURE_TEST_CASE(a_program_that_ends_resets_its_connections, TwoNodes) {
  serve_for = Seconds(3);
  server.Restart();
  Run([this](Env& env) { Call(env, "slow", ""); });
  BOOST_TEST(IsTransportError(status));
  BOOST_TEST((server.exits().at(0).how == NodeExit::How::kReturned));
}

BOOST_FIXTURE_TEST_CASE(rf_21_a_power_failure_is_noticed_only_by_the_deadline, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.PowerFail(); });
  Run([this](Env& env) { Call(env, "slow", "", {.deadline = env.clock.Now() + Seconds(3600)}); });
  BOOST_TEST((status.code() == Code::kDeadlineExceeded));
  BOOST_TEST((finished == TimePoint() + Seconds(3600)));
}

BOOST_FIXTURE_TEST_CASE(rf_21_a_vanished_peer_without_a_deadline_hangs_for_ever, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.PowerFail(); });
  const RunResult result = Run([this](Env& env) { Call(env, "slow", ""); });
  BOOST_TEST((result.end == RunEnd::kStuck));
  BOOST_TEST(result.text.find("waits for answer of slow from server:2222") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(rf_21_unacknowledged_data_is_given_up_after_minutes, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.PowerFail(); });
  Run([this](Env& env) {
    Call(env, "echo", "first");
    SleepFor(env, "the power failure", Seconds(10));
    Call(env, "echo", "second");
  });
  BOOST_TEST(IsTransportError(status));
  BOOST_TEST((finished > TimePoint() + NetworkModel().give_up));
  BOOST_TEST(handled == 1);
}

BOOST_FIXTURE_TEST_CASE(a_machine_that_is_back_answers_old_connections_with_a_reset, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.PowerFail(); });
  simulator.After(Seconds(100), [this] { server.Restart(); });
  Run([this](Env& env) {
    Call(env, "echo", "first");
    SleepFor(env, "the power failure", Seconds(10));
    Call(env, "echo", "second");  // lost in silence, reset when the machine is back
    FL_ASSERT(IsTransportError(status), "{}", status.ToString());
    Call(env, "echo", "third");
  });
  BOOST_TEST(answer == "echo third");
  BOOST_TEST((finished < TimePoint() + Seconds(101)));
}

BOOST_FIXTURE_TEST_CASE(a_silent_peer_lets_a_call_without_wait_for_ready_time_out, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { server.PowerFail(); });
  Run([this](Env& env) {
    SleepFor(env, "the power failure", Seconds(10));
    Call(env, "echo", "hello", {.wait_for_ready = false});
  });
  BOOST_TEST(IsTransportError(status));
  BOOST_TEST((finished == TimePoint() + Seconds(10) + NetworkModel().connect_timeout));
}

BOOST_FIXTURE_TEST_CASE(a_break_fails_the_call_and_tells_the_handler, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { simulator.network().BreakConnections(client, server); });
  Run([this](Env& env) {
    Call(env, "slow", "");
    FL_ASSERT(IsTransportError(status));
    Call(env, "echo", "again");
  });
  BOOST_TEST(answer == "echo again");
  BOOST_TEST((gone.code() == Code::kUnavailable));
  BOOST_TEST(answered == 1);  // the handler lives on
}

BOOST_FIXTURE_TEST_CASE(a_deadline_tells_the_handler_that_the_caller_gave_up, TwoNodes) {
  server.Restart();
  Run([this](Env& env) {
    Call(env, "slow", "", {.deadline = env.clock.Now() + Seconds(3)});
    SleepFor(env, "the cancellation to arrive", Seconds(1));
  });
  BOOST_TEST((status.code() == Code::kDeadlineExceeded));
  BOOST_TEST((gone.code() == Code::kCancelled));
  BOOST_TEST((finished == TimePoint() + Seconds(4)));
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_call_ends_cancelled_and_derived, TwoNodes) {
  server.Restart();
  Run([this](Env& env) {
    CancelToken token;
    const auto task = env.spawner.Spawn("canceller", [&] {
      SleepFor(env, "patience to end", Seconds(2));
      token.Cancel(Status(Code::kAborted, "no patience"));
    });
    Call(env, "slow", "", {.cancel = &token});
  });
  BOOST_TEST((status.code() == Code::kCancelled));
  BOOST_TEST(status.derived());  // RF-27
  BOOST_TEST((finished == TimePoint() + Seconds(2)));
}

BOOST_FIXTURE_TEST_CASE(a_deadline_also_ends_the_wait_for_a_connection, TwoNodes) {
  Run([this](Env& env) { Call(env, "echo", "", {.deadline = TimePoint() + Seconds(7)}); });
  BOOST_TEST((status.code() == Code::kDeadlineExceeded));
  BOOST_TEST((finished == TimePoint() + Seconds(7)));
}

BOOST_FIXTURE_TEST_CASE(a_partition_stalls_messages_until_it_heals_and_keeps_their_order,
                        TwoNodes) {
  server.Restart();
  simulator.After(Seconds(5), [this] { simulator.network().Partition(client, server); });
  simulator.After(Seconds(60), [this] { simulator.network().Heal(client, server); });
  std::vector<Status> outcomes;
  Run([&](Env& env) {
    Call(env, "echo", "-");
    SleepFor(env, "the partition", Seconds(10));
    std::vector<std::shared_ptr<Task>> tasks;
    for (const char* text : {"1", "2", "3", "4", "5"}) {
      tasks.push_back(env.spawner.Spawn("caller", [&, text] {
        outcomes.push_back(env.transport.Call(kAddress, "echo", Text(text), {}).status());
      }));
      SleepFor(env, "the next", Seconds(1));
    }
    for (const auto& task : tasks) task->Join({.what = "a caller"});
  });
  BOOST_REQUIRE(outcomes.size() == 5U);
  for (const Status& outcome : outcomes) BOOST_TEST(outcome.ok());
  BOOST_TEST(handled == 6);
  BOOST_TEST((finished > TimePoint() + Seconds(60)));
  BOOST_TEST((finished < TimePoint() + Seconds(61)));
}

BOOST_FIXTURE_TEST_CASE(a_one_way_partition_lets_requests_through_and_holds_answers, TwoNodes) {
  server.Restart();
  Run([this](Env& env) {
    Call(env, "echo", "a");
    simulator.network().PartitionOneWay(server, client);
    simulator.After(Seconds(30), [this] {
      BOOST_TEST(arrived == "ab");  // executed, the answer is held up
      simulator.network().HealAll();
    });
    Call(env, "echo", "b");
  });
  BOOST_TEST(answer == "echo b");
  BOOST_TEST((finished > TimePoint() + Seconds(30)));
}

BOOST_FIXTURE_TEST_CASE(no_connection_is_made_through_a_partition, TwoNodes) {
  server.Restart();
  simulator.network().Partition(client, server);
  simulator.After(Seconds(100), [this] { simulator.network().Heal(client, server); });
  Run([this](Env& env) {
    SleepFor(env, "the server to serve", Seconds(1));
    Call(env, "echo", "hello");
  });
  BOOST_TEST(status.ok());
  BOOST_TEST((finished > TimePoint() + Seconds(100)));
}

BOOST_AUTO_TEST_CASE(messages_of_one_connection_arrive_in_the_order_of_sending) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    struct Order final : TraceSink {
      void OnEvent(const TraceEvent& event) override {
        if (event.kind != EventKind::kSend && event.kind != EventKind::kReceive) return;
        if (std::get<std::string_view>(event.fields[0].value) != "request") return;
        (event.kind == EventKind::kSend ? sent : received)
            .push_back(std::get<std::int64_t>(event.fields[3].value));
      }
      std::vector<std::int64_t> sent;
      std::vector<std::int64_t> received;
    } order;
    TwoNodes two({.seed = seed});
    two.simulator.trace().AddSink(&order);
    two.server.Restart();
    two.Run([&](Env& env) {
      std::vector<std::shared_ptr<Task>> tasks;
      for (int i = 0; i < 10; ++i) {
        tasks.push_back(env.spawner.Spawn("caller", [&env] {
          FL_ASSERT(env.transport.Call(kAddress, "echo", Text("x"), {}).ok());
        }));
      }
      for (const auto& task : tasks) task->Join({.what = "a caller"});
    });
    BOOST_TEST(order.sent.size() == 10U);
    BOOST_TEST(order.sent == order.received, boost::test_tools::per_element());
  }
}

BOOST_FIXTURE_TEST_CASE(delays_and_links_change_how_long_messages_travel, TwoNodes) {
  server.Restart();
  simulator.network().SetDelay(client, server, Seconds(2));
  Run([this](Env& env) {
    SleepFor(env, "the server to serve", Seconds(1));
    Call(env, "echo", "hello");
  });
  BOOST_TEST((finished > TimePoint() + Seconds(5)));  // the handshake and the request
  BOOST_TEST((finished < TimePoint() + Seconds(6)));
}

BOOST_FIXTURE_TEST_CASE(a_paused_server_answers_after_it_is_resumed, TwoNodes) {
  server.Restart();
  simulator.After(Seconds(1), [this] { server.Pause(); });
  simulator.After(Seconds(40), [this] { server.Resume(); });
  Run([this](Env& env) {
    SleepFor(env, "the pause", Seconds(5));
    Call(env, "echo", "hello");
  });
  BOOST_TEST(answer == "echo hello");
  BOOST_TEST((finished > TimePoint() + Seconds(40)));
}

BOOST_FIXTURE_TEST_CASE(an_address_belongs_to_one_process_and_each_method_to_one_handler,
                        TwoNodes) {
  server.Restart();
  std::vector<Status> answers;
  Run([&](Env& env) {
    Call(env, "echo", "");
    answers.push_back(env.transport.Serve(kAddress, "other", {}));
    answers.push_back(env.transport.Serve("nonsense", "m", {}));
    answers.push_back(env.transport.Serve("client:1", "m", {}));
    answers.push_back(env.transport.Serve("client:1", "m", {}));
  });
  BOOST_TEST((answers[0].code() == Code::kAlreadyExists));
  BOOST_TEST((answers[1].code() == Code::kInvalidArgument));
  BOOST_TEST(answers[2].ok());
  BOOST_TEST((answers[3].code() == Code::kAlreadyExists));
}

BOOST_FIXTURE_TEST_CASE(injected_errors_come_before_or_after_the_effect, TwoNodes) {
  struct Strike final : Interposer {
    Status BeforeCall(Node&, const CallInfo& call) override {
      return call.number == 1 ? Status(Code::kAborted, "before") : Status();
    }
    Status AfterCall(Node&, const CallInfo& call, const Status& outcome) override {
      return call.number == 2 ? Status(Code::kAborted, "after") : outcome;
    }
    Status BeforeHandle(Node&, const CallInfo& call) override {
      return call.number == 3 ? Status(Code::kAborted, "before handling") : Status();
    }
  } strike;
  simulator.SetInterposer(&strike);
  server.Restart();
  std::vector<std::string> outcomes;
  Run([&](Env& env) {
    for (int i = 0; i < 3; ++i) {
      Call(env, "echo", std::to_string(i));
      outcomes.push_back(status.message());
    }
  });
  const std::vector<std::string> expected = {"before", "after", "before handling"};
  BOOST_TEST(outcomes == expected, boost::test_tools::per_element());
  BOOST_TEST(arrived == "1");
}

BOOST_AUTO_TEST_CASE(checked_mode_sends_every_message_through_its_wire_form) {
  SimulatorOptions options;
  options.network.checked = true;
  TwoNodes two(options);
  two.server.Restart();
  two.Run([&](Env& env) { two.Call(env, "echo", "hello"); });
  BOOST_TEST(two.answer == "echo hello");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
