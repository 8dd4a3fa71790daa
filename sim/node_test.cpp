#include "sim/node.h"

#include <stdexcept>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/env/event.h"
#include "sim/certificate.h"
#include "sim/simulator.h"
#include "sim/test_message.h"

namespace faultline::sim {
namespace {

Duration Seconds(std::int64_t n) { return Duration::Seconds(n); }

struct OneNode {
  Simulator simulator;
  Node& node = simulator.AddNode({.name = "chief"});
};

BOOST_AUTO_TEST_SUITE(node)

BOOST_FIXTURE_TEST_CASE(the_end_of_a_program_is_recorded, OneNode) {
  node.Start([](Env&) {});
  simulator.Run();
  node.Start([](Env&) { throw AbortedError("lost"); });
  simulator.Run();
  node.Start([](Env&) { throw std::runtime_error("foreign"); });
  simulator.Run();
  BOOST_REQUIRE(node.exits().size() == 3U);
  BOOST_TEST((node.exits()[0].how == NodeExit::How::kReturned));
  BOOST_TEST((node.exits()[1].how == NodeExit::How::kThrew));
  BOOST_TEST((node.exits()[1].status.code() == Code::kAborted));
  BOOST_TEST((node.exits()[2].status.code() == Code::kUserException));
  BOOST_TEST(node.exits()[2].incarnation == 3U);
  BOOST_TEST((node.state() == NodeState::kEnded));
}

BOOST_FIXTURE_TEST_CASE(the_end_of_the_program_ends_its_other_fibers, OneNode) {
  bool unwound = false;
  node.Start([&](Env& env) {
    env.spawner.Spawn("server", [&] {
      struct Guard {
        bool* flag;
        ~Guard() { *flag = true; }
      } guard{&unwound};
      SleepFor(env, "for ever", Seconds(1'000'000));
    });
    SleepFor(env, "a second", Seconds(1));
  });
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kFinished));
  BOOST_TEST((result.end_time == TimePoint() + Seconds(1)));
  BOOST_TEST(unwound);
}

BOOST_FIXTURE_TEST_CASE(a_crash_unwinds_newest_first_and_the_root_last, OneNode) {
  struct Guard {
    std::string* order;
    char name;
    ~Guard() { *order += name; }
  };
  std::string order;
  simulator.After(Seconds(1), [this] { node.Crash(); });
  node.Start([&](Env& env) {
    const Guard root{&order, 'r'};
    for (const char name : {'a', 'b'}) {
      env.spawner.Spawn("child", [&, name] {
        const Guard guard{&order, name};
        SleepFor(env, "the crash", Seconds(10));
      });
    }
    SleepFor(env, "the crash", Seconds(10));
  });
  simulator.Run();
  BOOST_TEST(order == "bar");
  BOOST_TEST((node.state() == NodeState::kDown));
}

BOOST_FIXTURE_TEST_CASE(a_restart_calls_the_registered_program_anew, OneNode) {
  std::vector<TimePoint> starts;
  simulator.After(Seconds(5), [this] {
    BOOST_TEST(!node.Restart());  // it runs
    BOOST_TEST(node.Crash());
    BOOST_TEST(!node.Crash());
    BOOST_TEST(node.Restart());
  });
  node.Start([&](Env& env) {
    starts.push_back(env.clock.Now());
    SleepFor(env, "work", Seconds(10));
  });
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kFinished));
  BOOST_TEST((starts == std::vector<TimePoint>{TimePoint(), TimePoint() + Seconds(5)}));
  BOOST_TEST((result.end_time == TimePoint() + Seconds(15)));
  BOOST_TEST(node.incarnation() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_node_can_crash_itself, OneNode) {
  bool after = false;
  node.Start([&](Env&) {
    node.Crash();
    after = true;
  });
  BOOST_TEST((simulator.Run().end == RunEnd::kFinished));
  BOOST_TEST(!after);
  BOOST_TEST((node.exits().at(0).how == NodeExit::How::kCrashed));
}

BOOST_FIXTURE_TEST_CASE(handlers_of_ordinary_errors_do_not_survive_a_crash, OneNode) {
  bool survived = false;
  node.Start([&](Env&) {
    const Status status = CallUser([&] { node.Crash(); });
    survived = true;
  });
  simulator.Run();
  BOOST_TEST(!survived);
}

BOOST_FIXTURE_TEST_CASE(a_paused_node_stands_still_and_goes_on, OneNode) {
  TimePoint woken;
  simulator.After(Seconds(1), [this] { BOOST_TEST(node.Pause()); });
  simulator.After(Seconds(60), [this] { BOOST_TEST(node.Resume()); });
  node.Start([&](Env& env) {
    SleepFor(env, "two seconds", Seconds(2));
    woken = env.clock.Now();
  });
  simulator.Run();
  BOOST_TEST((woken == TimePoint() + Seconds(60)));
}

BOOST_FIXTURE_TEST_CASE(a_run_in_which_all_are_paused_is_stuck_and_says_so, OneNode) {
  simulator.After(Seconds(1), [this] { node.Pause(); });
  node.Start([](Env& env) { SleepFor(env, "two seconds", Seconds(2)); });
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kStuck));
  BOOST_TEST(result.text.find("(paused)") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_paused_node_can_crash, OneNode) {
  node.Start([](Env& env) { SleepFor(env, "two seconds", Seconds(2)); });
  simulator.After(Seconds(1), [this] { node.Pause(); });
  simulator.After(Seconds(5), [this] {
    node.Crash();
    node.Restart();
  });
  BOOST_TEST((simulator.Run().end == RunEnd::kFinished));
  BOOST_TEST((node.exits().at(1).how == NodeExit::How::kReturned));
  BOOST_TEST(!node.paused());
}

BOOST_AUTO_TEST_CASE(computing_takes_the_time_of_the_nodes_speed) {
  Simulator simulator;
  simulator.AddNode({.name = "slow", .operations_per_second = 1000}).Start([](Env& env) {
    env.spawner.Compute(2500);
  });
  BOOST_TEST((simulator.Run().end_time == TimePoint() + Duration::Milliseconds(2500)));
}

BOOST_AUTO_TEST_CASE(a_strike_at_a_turn_comes_before_it) {
  struct Strike final : Interposer {
    void OnTurn(Node& node, std::uint64_t turn) override {
      turns = turn;
      if (turn == 3) node.Crash();
    }
    std::uint64_t turns = 0;
  } strike;
  OneNode one;
  one.simulator.SetInterposer(&strike);
  int rounds = 0;
  one.node.Start([&](Env& env) {
    for (; rounds < 10; ++rounds) SleepFor(env, "the next round", Seconds(1));
  });
  one.simulator.Run();
  BOOST_TEST(strike.turns == 3U);
  BOOST_TEST(rounds == 1);
  BOOST_TEST((one.node.state() == NodeState::kDown));
}

BOOST_AUTO_TEST_CASE(every_turn_of_a_program_can_be_struck) {
  std::uint64_t turns = 0;
  {
    OneNode one;
    one.node.Start([](Env& env) { FL_ASSERT(WriteFile(env.files, "/x", "hello").ok()); });
    one.simulator.Run();
    turns = one.node.turns();
  }
  BOOST_REQUIRE(turns > 3U);
  for (std::uint64_t at = 1; at <= turns; ++at) {
    struct Strike final : Interposer {
      void OnTurn(Node& node, std::uint64_t turn) override {
        if (turn == number && node.incarnation() == 1) node.PowerFail(LossModel::kLoseEverything);
      }
      std::uint64_t number = 0;
    } strike;
    strike.number = at;
    OneNode one;
    one.simulator.SetInterposer(&strike);
    one.node.Start([](Env& env) { FL_ASSERT(WriteFile(env.files, "/x", "hello").ok()); });
    one.simulator.Run();
    BOOST_TEST((one.node.exits().at(0).how == NodeExit::How::kPowerFailed), "turn " << at);
    BOOST_TEST(one.node.disk().Contents().empty());
  }
}

BOOST_AUTO_TEST_CASE(announcements_reach_trace_and_interposer_with_their_fields) {
  struct Strike final : Interposer {
    void OnAnnounce(Node& node, Point point, std::span<const Field> fields) override {
      if (point != Point::kProgress) return;
      step = std::get<std::int64_t>(fields[0].value);
      if (step == 2) node.Crash();
    }
    std::int64_t step = 0;
  } strike;
  struct Sink final : TraceSink {
    void OnEvent(const TraceEvent& event) override {
      if (event.kind == EventKind::kAnnounce && event.point == Point::kProgress) ++announced;
    }
    int announced = 0;
  } sink;
  OneNode one;
  one.simulator.SetInterposer(&strike);
  one.simulator.trace().AddSink(&sink);
  one.node.Start([](Env& env) {
    for (std::int64_t step = 1; step <= 5; ++step) {
      env.observer.Announce(Point::kProgress, {{"step", step}});
    }
  });
  one.simulator.Run();
  BOOST_TEST(strike.step == 2);
  BOOST_TEST(sink.announced == 2);
}

// ---- a small system under many seeds ----

// Two nodes play ping-pong, a third hand crashes and restarts them.
TraceRecord PingPong(std::uint64_t seed, const TraceOptions& trace, int* rounds) {
  Simulator simulator({.seed = seed, .trace = trace});
  Node& server = simulator.AddNode({.name = "server"});
  Node& client = simulator.AddNode({.name = "client"});
  server.Start([](Env& env) {
    const auto served = env.transport.Serve(
        "server:1", "ping",
        {.decode_request = nullptr,
         .decode_response = nullptr,
         .handler = [&env](const CallContext&,
                           std::unique_ptr<Message> request) -> Result<std::unique_ptr<Message>> {
           env.spawner.Compute(1'000'000);
           FL_RETURN_IF_ERROR(WriteFile(env.files, "/last", TextOf(*request)));
           return request;
         }});
    FL_ASSERT(served.ok());
    Event(env.spawner).Wait({.what = "the end", .kind = WaitKind::kHousekeeping});
  });
  client.Start([rounds](Env& env) {
    for (int i = 0; i < 20; ++i) {
      const auto answer = env.transport.Call("server:1", "ping", Text(std::to_string(i)),
                                             {.deadline = env.clock.Now() + Seconds(5)});
      if (answer.ok()) ++*rounds;
    }
  });
  ChoiceStream& chaos = simulator.choices().Stream("chaos", "faults");
  for (int i = 0; i < 6; ++i) {
    Node& victim = chaos.Below(3) == 0 ? client : server;
    const bool power = chaos.Below(3) == 0;
    simulator.After(chaos.Between(Duration(), Duration::Milliseconds(60)), [&victim, power] {
      if (power) {
        victim.PowerFail();
      } else {
        victim.Crash();
      }
    });
    simulator.After(chaos.Between(Duration::Milliseconds(30), Duration::Milliseconds(200)),
                    [&victim] { victim.Restart(); });
  }
  simulator.Run();
  return simulator.Record();
}

BOOST_AUTO_TEST_CASE(thousands_of_ping_pongs_with_crashes_run_clean_and_repeat) {
  int rounds = 0;
  int different = 0;
  RunHashes last;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const TraceRecord record = PingPong(seed, {.ring_size = 16}, &rounds);
    if (record.hashes != last) ++different;
    last = record.hashes;
    if (seed % 20 != 0) continue;
    const TraceRecord again = PingPong(seed, {.ring_size = 16}, &rounds);
    BOOST_TEST(CompareRuns(record, again).equal, "seed " << seed);
  }
  BOOST_TEST(rounds > 2000);
  BOOST_TEST(different == 2000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
