#include "sim/simulator.h"

#include <stdexcept>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/env/event.h"
#include "sim/certificate.h"

namespace faultline::sim {
namespace {

constexpr TimePoint kSecond = TimePoint::FromNanoseconds(1'000'000'000);

// Two fibers that race, so that the schedule shows in the values.
void Racers(Env& env) {
  std::string order;
  std::vector<std::shared_ptr<Task>> tasks;
  for (const char* name : {"a", "b", "c"}) {
    tasks.push_back(env.spawner.Spawn(name, [&env, &order, name] {
      for (int i = 0; i < 20; ++i) {
        order += name;
        env.spawner.Yield();
      }
    }));
  }
  for (const auto& task : tasks) task->Join({.what = "a racer"});
  FL_ASSERT(WriteFile(env.files, "/order", order).ok());
}

RunResult RunRacers(SimulatorOptions options, std::string* order) {
  Simulator simulator(std::move(options));
  Node& node = simulator.AddNode({.name = "chief"});
  node.Start(Racers);
  const RunResult result = simulator.Run();
  *order = node.disk().Get("/order").value();
  return result;
}

BOOST_AUTO_TEST_SUITE(simulator)

BOOST_AUTO_TEST_CASE(equal_seeds_give_equal_runs_and_others_do_not) {
  std::string first;
  std::string second;
  std::string other;
  const RunResult a = RunRacers({.seed = 3}, &first);
  const RunResult b = RunRacers({.seed = 3}, &second);
  const RunResult c = RunRacers({.seed = 4}, &other);
  BOOST_TEST((a.end == RunEnd::kFinished));
  BOOST_TEST((a.hashes == b.hashes));
  BOOST_TEST(first == second);
  BOOST_TEST((a.hashes.decisions != c.hashes.decisions));
  BOOST_TEST(first != other);
}

BOOST_AUTO_TEST_CASE(an_override_of_the_schedule_changes_the_run) {
  std::string first;
  std::string second;
  RunRacers({.seed = 3}, &first);
  SimulatorOptions options{.seed = 3};
  std::size_t differing = 0;
  for (std::uint64_t value = 0; value < 3; ++value) {
    options.overrides["schedule/pick/"][4] = value;
    RunRacers(options, &second);
    if (first != second) ++differing;
  }
  BOOST_TEST(differing >= 1U);
}

BOOST_AUTO_TEST_CASE(virtual_time_passes_only_while_all_wait) {
  Simulator simulator;
  TimePoint before;
  TimePoint after;
  simulator.AddNode({.name = "chief"}).Start([&](Env& env) {
    before = env.clock.Now();
    SleepFor(env, "an hour", Duration::Seconds(3600));
    after = env.clock.Now();
  });
  BOOST_TEST((simulator.Run().end == RunEnd::kFinished));
  BOOST_TEST((after - before == Duration::Seconds(3600)));
}

BOOST_AUTO_TEST_CASE(wall_clocks_have_an_epoch_an_offset_and_jumps) {
  Simulator simulator;
  Node& node = simulator.AddNode({.name = "chief", .wall_offset = Duration::Seconds(-5)});
  std::vector<TimePoint> walls;
  node.Start([&](Env& env) {
    walls.push_back(env.clock.WallNow());
    node.JumpWallClock(Duration::Seconds(100));
    walls.push_back(env.clock.WallNow());
    BOOST_TEST((env.clock.Now() == TimePoint()));
  });
  simulator.Run();
  BOOST_TEST((walls.at(0) == simulator.options().wall_epoch - Duration::Seconds(5)));
  BOOST_TEST((walls.at(1) - walls.at(0) == Duration::Seconds(100)));
}

BOOST_AUTO_TEST_CASE(a_stuck_run_says_who_waits_for_what_since_when) {
  Simulator simulator;
  simulator.AddNode({.name = "chief"}).Start([](Env& env) {
    SleepFor(env, "breakfast", Duration::Seconds(2));
    Event never(env.spawner);
    never.Wait({.what = "the checkpoint state of /ckpt"});
  });
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kStuck));
  BOOST_REQUIRE(result.waiters.size() == 1U);
  BOOST_TEST(result.waiters[0].process == "chief#1");
  BOOST_TEST((result.waiters[0].since == TimePoint() + Duration::Seconds(2)));
  BOOST_TEST(result.text ==
             "stuck at 2.000 s: nothing but housekeeping can happen\n"
             "  chief#1 main waits for the checkpoint state of /ckpt since 2.000 s");
}

BOOST_AUTO_TEST_CASE(housekeeping_alone_does_not_keep_a_run_alive) {
  Simulator simulator;
  simulator.AddNode({.name = "chief"}).Start([](Env& env) {
    env.spawner.Spawn("keep alive", [&env] {
      const auto queue = env.spawner.MakeWaitQueue();
      for (;;) {
        queue->Wait({.what = "the next log line",
                     .deadline = env.clock.Now() + Duration::Seconds(10),
                     .kind = WaitKind::kHousekeeping});
      }
    });
    Event(env.spawner).Wait({.what = "godot"});
  });
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kStuck));
  BOOST_TEST(result.text.find("(housekeeping)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(budgets_end_a_run) {
  const auto end = [](SimulatorOptions options, Duration pause) {
    Simulator simulator(std::move(options));
    simulator.AddNode({.name = "chief"}).Start([pause](Env& env) {
      for (;;) SleepFor(env, "the next round", pause);
    });
    return simulator.Run();
  };
  const RunResult time = end({.time_budget = kSecond}, Duration::Milliseconds(300));
  BOOST_TEST((time.end == RunEnd::kTimeBudget));
  BOOST_TEST((time.end_time <= kSecond));
  BOOST_TEST((end({.event_budget = 100}, Duration::Seconds(1)).end == RunEnd::kEventBudget));
  BOOST_TEST((end({.events_at_one_time = 100}, Duration()).end == RunEnd::kNoProgress));
}

BOOST_AUTO_TEST_CASE(a_failed_assertion_ends_the_run_as_crashed) {
  Simulator simulator;
  simulator.AddNode({.name = "chief"}).Start([](Env& env) {
    env.spawner.Spawn("bad", [] { FL_ASSERT(1 + 1 == 3, "sum is {}", 1 + 1); });
    SleepFor(env, "more", Duration::Seconds(1));
  });
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kCrashed));
  BOOST_TEST(result.text.find("sum is 2") != std::string::npos);
  BOOST_TEST(result.text.find("in bad of chief#1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_foreign_exception_of_a_fiber_ends_the_run_as_crashed) {
  Simulator simulator;
  simulator.AddNode({.name = "chief"}).Start([](Env& env) {
    env.spawner.Spawn("bad", [] { throw std::runtime_error("no such luck"); });
    SleepFor(env, "more", Duration::Seconds(1));
  });
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kCrashed));
  BOOST_TEST(result.text.find("no such luck") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(callbacks_come_in_time_and_may_stop_the_run) {
  Simulator simulator;
  simulator.AddNode({.name = "chief"}).Start([](Env& env) {
    SleepFor(env, "the end", Duration::Seconds(100));
  });
  std::vector<TimePoint> called;
  simulator.At(kSecond, [&] { called.push_back(simulator.now()); });
  simulator.After(Duration::Seconds(2), [&] { simulator.Stop("enough"); });
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kStopped));
  BOOST_TEST(result.text == "enough");
  BOOST_TEST((called == std::vector<TimePoint>{kSecond}));
  BOOST_TEST((simulator.Run().end == RunEnd::kFinished));
}

BOOST_AUTO_TEST_CASE(a_late_housekeeping_callback_does_not_prolong_a_run) {
  Simulator simulator;
  simulator.AddNode({.name = "chief"}).Start([](Env&) {});
  bool called = false;
  simulator.At(
      kSecond, [&] { called = true; }, WaitKind::kHousekeeping);
  const RunResult result = simulator.Run();
  BOOST_TEST((result.end == RunEnd::kFinished));
  BOOST_TEST(!called);
  BOOST_TEST((result.end_time < kSecond));
}

BOOST_AUTO_TEST_CASE(each_purpose_of_env_random_is_a_stream_of_its_own) {
  const auto draw = [](bool other) {
    Simulator simulator;
    std::uint64_t drawn = 0;
    simulator.AddNode({.name = "chief"}).Start([&](Env& env) {
      if (other) env.random.Draw("jitter");
      drawn = env.random.Draw("incarnation");
    });
    simulator.Run();
    BOOST_TEST(simulator.choices().StreamNames().back() ==
               (other ? "node/jitter/chief" : "node/incarnation/chief"));
    return drawn;
  };
  BOOST_TEST(draw(false) == draw(true));
}

BOOST_AUTO_TEST_CASE(a_double_run_of_the_racers_is_certified) {
  const Certificate certificate = Certify([](const TraceOptions& options) {
    Simulator simulator({.seed = 9, .trace = options});
    simulator.AddNode({.name = "chief"}).Start(Racers);
    simulator.Run();
    return simulator.Record();
  });
  BOOST_TEST(certificate.equal);
  BOOST_TEST(certificate.first_hashes.decisions != 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
