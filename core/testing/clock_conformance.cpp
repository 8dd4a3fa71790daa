#include "core/testing/clock_conformance.h"

#include <boost/test/unit_test.hpp>

#include "core/testing/printers.h"

namespace faultline::testing {

void ClockConformance(Env& env) {
  const Duration nap = Duration::Milliseconds(5);

  TimePoint last = env.clock.Now();
  for (int i = 0; i < 100; ++i) {
    env.spawner.Yield();
    const TimePoint now = env.clock.Now();
    BOOST_TEST((now >= last), "monotonic time went back");
    last = now;
  }

  const TimePoint start = env.clock.Now();
  const TimePoint wall_start = env.clock.WallNow();
  BOOST_TEST(SleepFor(env, "a nap", nap) == WaitOutcome::kDeadline);
  BOOST_TEST((env.clock.Now() - start >= nap), "woke too early");
  BOOST_TEST((env.clock.WallNow() > wall_start), "wall time stood still over a sleep");

  BOOST_TEST(SleepFor(env, "nothing", Duration()) == WaitOutcome::kDeadline);
  BOOST_TEST(SleepFor(env, "nothing", -nap) == WaitOutcome::kDeadline);

  const auto queue = env.spawner.MakeWaitQueue();
  const TimePoint deadline = env.clock.Now() + nap;
  BOOST_TEST(queue->Wait({.what = "a deadline", .deadline = deadline}) == WaitOutcome::kDeadline);
  BOOST_TEST((env.clock.Now() >= deadline), "a deadline ended early");
  const TimePoint before = env.clock.Now();
  BOOST_TEST(queue->Wait({.what = "the past", .deadline = before - nap}) == WaitOutcome::kDeadline);

  // The earlier deadline ends first, whatever the order of starting.
  int finished = 0;
  const auto late = env.spawner.Spawn("late", [&] {
    SleepFor(env, "late", nap * 3);
    BOOST_TEST(++finished == 2);
  });
  const auto early = env.spawner.Spawn("early", [&] {
    SleepFor(env, "early", nap);
    BOOST_TEST(++finished == 1);
  });
  BOOST_TEST(late->Join({.what = "late"}) == WaitOutcome::kWoken);
  BOOST_TEST(early->Join({.what = "early"}) == WaitOutcome::kWoken);
  BOOST_TEST(finished == 2);
}

}  // namespace faultline::testing
