#include "core/session/coordinator.h"

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/testing/fake_env.h"

namespace faultline::testing {
namespace {

using Threads = std::vector<std::shared_ptr<Task>>;

std::shared_ptr<Task> Sleeper(Env& env, Duration duration, std::string name = "sleeper") {
  return env.spawner.Spawn(std::move(name),
                           [&env, duration] { SleepFor(env, "its work", duration); });
}

// Waits for `go`, throws, catches, reports, says so.
std::shared_ptr<Task> Raiser(Env& env, Coordinator& coordinator, Event& go, Event* done,
                             std::function<void()> raise, bool by_object) {
  return env.spawner.Spawn("raiser", [&coordinator, &go, done, raise, by_object] {
    go.Wait({.what = "the first event"});
    std::exception_ptr caught;
    try {
      raise();
    } catch (const std::exception&) {
      caught = std::current_exception();
    }
    if (by_object) {
      coordinator.RequestStop(caught);
    } else {
      coordinator.RequestStop(StatusFromException(caught));
    }
    if (done != nullptr) done->Set();
  });
}

void FirstReportWins(bool by_object) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    Coordinator coordinator(env);
    Event first(env.spawner);
    Event second(env.spawner);
    const Threads threads{
        Raiser(
            env, coordinator, first, &second, [] { throw RuntimeError("First"); }, by_object),
        Raiser(
            env, coordinator, second, nullptr, [] { throw RuntimeError("Too late"); }, by_object)};
    first.Set();
    BOOST_CHECK_EXCEPTION(coordinator.Join(threads), RuntimeError, [](const RuntimeError& error) {
      return error.status().message() == "First";
    });
  });
}

BOOST_AUTO_TEST_SUITE(coordinator)

BOOST_AUTO_TEST_CASE(co_t01_stop_api) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    BOOST_TEST(!coordinator.ShouldStop());
    BOOST_TEST(!coordinator.WaitForStop(Duration::Milliseconds(10)));
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Milliseconds(10));
    coordinator.RequestStop();
    BOOST_TEST(coordinator.ShouldStop());
    BOOST_TEST(coordinator.WaitForStop(Duration::Milliseconds(10)));
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Milliseconds(10));
  });
}

BOOST_AUTO_TEST_CASE(co_t02_stop_async) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    Event go(env.spawner);
    Event done(env.spawner);
    BOOST_TEST(!coordinator.WaitForStop(Duration::Milliseconds(100)));
    env.spawner.Spawn("stopper", [&] {
      go.Wait({.what = "the first event"});
      coordinator.RequestStop();
      done.Set();
    });
    BOOST_TEST(!coordinator.ShouldStop());
    BOOST_TEST(!coordinator.WaitForStop(Duration::Milliseconds(10)));
    go.Set();
    done.Wait({.what = "the second event"});
    BOOST_TEST(coordinator.WaitForStop(Duration::Milliseconds(50)));
    BOOST_TEST(coordinator.ShouldStop());
  });
}

BOOST_AUTO_TEST_CASE(co_t03_join) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    const Threads threads{Sleeper(env, Duration::Milliseconds(10)),
                          Sleeper(env, Duration::Milliseconds(20)),
                          Sleeper(env, Duration::Milliseconds(10))};
    coordinator.Join(threads);
    for (const auto& thread : threads) BOOST_TEST(thread->finished());
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Milliseconds(20));  // at once
    BOOST_TEST(coordinator.joined());
    BOOST_TEST(!coordinator.ShouldStop());  // CO-21
  });
}

BOOST_AUTO_TEST_CASE(co_t04_join_all_registered) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    Threads threads;
    for (const int ms : {10, 20, 10}) {
      threads.push_back(Sleeper(env, Duration::Milliseconds(ms)));
      coordinator.RegisterThread(threads.back());
      coordinator.RegisterThread(threads.back());  // CO-10
    }
    coordinator.Join();
    for (const auto& thread : threads) BOOST_TEST(thread->finished());
  });
}

BOOST_AUTO_TEST_CASE(co_t05_join_some_registered) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    const Threads threads{Sleeper(env, Duration::Milliseconds(10)),
                          Sleeper(env, Duration::Milliseconds(20)),
                          Sleeper(env, Duration::Milliseconds(10))};
    coordinator.RegisterThread(threads[0]);
    coordinator.RegisterThread(threads[2]);
    coordinator.Join({threads[1]});
    for (const auto& thread : threads) BOOST_TEST(thread->finished());
  });
}

BOOST_AUTO_TEST_CASE(co_t06_join_grace_expires) {
  for (const double grace : {1e-10, 0.002, 1.0}) {
    FakeEnv fake;
    fake.Run([&](Env& env) {
      Coordinator coordinator(env);
      Event go(env.spawner);
      Event done(env.spawner);
      const auto stopper = env.spawner.Spawn("stopper", [&] {
        go.Wait({.what = "the first event"});
        coordinator.RequestStop();
        done.Set();
      });
      const auto sleeper = Sleeper(env, Duration::Seconds(10), "the sleeper");
      go.Set();
      done.Wait({.what = "the second event"});
      const TimePoint start = env.clock.Now();
      const Status status = coordinator.TryJoin({stopper, sleeper}, Duration::FromSeconds(grace));
      BOOST_TEST(status.code() == Code::kRuntimeError);
      BOOST_TEST(status.message().find("the sleeper") != std::string::npos);
      BOOST_TEST(status.message().find("stopper") == std::string::npos);
      BOOST_TEST((env.clock.Now() - start) <=
                 Duration::FromSeconds(grace) + Duration::Milliseconds(1));
      BOOST_TEST(coordinator.HasLiveThreads());
    });
  }
}

// The planned sleeps for a thread that never ends.
BOOST_AUTO_TEST_CASE(co_18_the_sleeps_of_the_grace_period) {
  const struct {
    double grace;
    double spent;
    std::size_t sleeps;
    std::vector<int> last_ms;  // the end of the list
  } rows[] = {{120, 120.001, 18, {16384, 32768, 54465, 1}},
              {1.0, 1.001, 11, {128, 256, 489, 1}},
              {0.002, 0.003, 3, {1, 1, 1}},
              {1e-10, 0.001, 1, {1}},
              {0, 0.001, 1, {1}},
              {-1, 0, 0, {}}};
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT("grace " << row.grace) {
      FakeEnv fake;
      fake.Run([&](Env& env) {
        Coordinator coordinator(env);
        coordinator.RegisterThread(Sleeper(env, Duration::Seconds(1000), "for ever"));
        coordinator.RequestStop();
        const TimePoint start = env.clock.Now();
        BOOST_CHECK_THROW(coordinator.Join({}, Duration::FromSeconds(row.grace)), RuntimeError);
        BOOST_TEST((env.clock.Now() - start) == Duration::FromSeconds(row.spent));
        const std::vector<Duration>& sleeps = coordinator.join_sleeps();
        BOOST_TEST_REQUIRE(sleeps.size() == row.sleeps);
        Duration sum;
        for (const Duration sleep : sleeps) sum += sleep;
        BOOST_TEST(sum == Duration::FromSeconds(row.spent));
        const std::size_t shown = row.last_ms.size();
        for (std::size_t i = 0; i < shown; ++i) {
          BOOST_TEST(sleeps[sleeps.size() - shown + i] == Duration::Milliseconds(row.last_ms[i]));
        }
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(co_18_each_join_tells_its_own_sleeps) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    coordinator.RegisterThread(Sleeper(env, Duration::Milliseconds(5)));
    coordinator.RequestStop();
    coordinator.Join();
    // 1 + 2 + 4; the thread ended during the last one, which is slept to its end.
    BOOST_TEST(coordinator.join_sleeps().size() == 3U);
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Milliseconds(7));
    coordinator.Join();
    BOOST_TEST(coordinator.join_sleeps().empty());  // CO-22
  });
}

BOOST_AUTO_TEST_CASE(co_6_a_wait_ends_with_the_stop_or_the_time) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    BOOST_TEST(!coordinator.WaitForStop(Duration()));
    BOOST_TEST(!coordinator.WaitForStop(Duration::Seconds(-5)));
    BOOST_TEST(env.clock.Now() == TimePoint());
    env.spawner.Spawn("stopper", [&] {
      SleepFor(env, "its time", Duration::Seconds(100'000));
      coordinator.RequestStop();
    });
    BOOST_TEST(coordinator.WaitForStop());
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Seconds(100'000));
    BOOST_TEST(coordinator.WaitForStop(Duration()));
  });
}

BOOST_AUTO_TEST_CASE(co_7_a_waiter_hears_of_a_stop_that_is_cleared_at_once) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    bool heard = false;
    const auto waiter = env.spawner.Spawn("waiter", [&] { heard = coordinator.WaitForStop(); });
    env.spawner.Yield();
    coordinator.RequestStop();
    coordinator.ClearStop();
    waiter->Join({.what = "the waiter", .deadline = env.clock.Now() + Duration::Seconds(1)});
    BOOST_TEST(heard);
    BOOST_TEST(!coordinator.ShouldStop());
  });
}

BOOST_AUTO_TEST_CASE(co_7_registered_threads_stay_when_a_stop_is_cleared) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    const auto thread = Sleeper(env, Duration::Seconds(3));
    coordinator.RegisterThread(thread);
    coordinator.RequestStop(Status(Code::kInternal, "x"));
    coordinator.ClearStop();
    coordinator.Join();
    BOOST_TEST(thread->finished());
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Seconds(3));
  });
}

BOOST_AUTO_TEST_CASE(co_16_a_join_does_not_wait_for_what_is_registered_later) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    coordinator.RegisterThread(Sleeper(env, Duration::Seconds(2)));
    env.spawner.Spawn("registrar", [&] {
      SleepFor(env, "its time", Duration::Seconds(1));
      coordinator.RegisterThread(Sleeper(env, Duration::Seconds(50)));
    });
    coordinator.Join();
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Seconds(2));
  });
}

BOOST_AUTO_TEST_CASE(co_19_a_recorded_error_goes_before_live_threads) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    coordinator.RegisterThread(Sleeper(env, Duration::Seconds(1000)));
    coordinator.RequestStop(Status(Code::kInternal, "first"));
    BOOST_CHECK_THROW(coordinator.Join({}, Duration::Seconds(1)), InternalError);
    BOOST_TEST(coordinator.joined());
    BOOST_CHECK_THROW(coordinator.Join(), InternalError);  // forgotten, so it is not waited for
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Milliseconds(1001));
  });
}

BOOST_AUTO_TEST_CASE(q_13_and_q_15_what_a_plain_stop_hides_and_what_it_keeps) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator hidden(env);
    hidden.RequestStop(std::exception_ptr());
    hidden.RequestStop(std::make_exception_ptr(InternalError("hidden")));
    BOOST_TEST(hidden.TryJoin().ok());
    Coordinator kept(env);
    kept.RequestStop(std::make_exception_ptr(InternalError("not being handled")));
    BOOST_CHECK_EXCEPTION(kept.Join(), InternalError, [](const InternalError& error) {
      return error.status().message() == "not being handled";
    });
  });
}

BOOST_AUTO_TEST_CASE(co_20_live_threads_may_be_ignored) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    Coordinator coordinator(env);
    coordinator.RegisterThread(Sleeper(env, Duration::Seconds(10), "the sleeper"));
    coordinator.RequestStop();
    BOOST_TEST(coordinator.TryJoin({}, Duration::Seconds(1), true).ok());
  });
  BOOST_TEST(fake.logger().Count("the sleeper") == 1);
}

BOOST_AUTO_TEST_CASE(co_18_the_end_of_the_last_thread_is_seen_after_the_sleep_it_falls_in) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    Coordinator coordinator(env);
    coordinator.RegisterThread(Sleeper(env, Duration::Seconds(70)));
    coordinator.RequestStop();
    coordinator.Join();
    // 0.001 + ... + 32.768 have passed at 65.535; the next sleep takes what is left.
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Seconds(120));
  });
}

BOOST_AUTO_TEST_CASE(co_t07_the_first_report_wins_as_a_status) { FirstReportWins(false); }
BOOST_AUTO_TEST_CASE(co_t08_the_first_report_wins_as_an_exception) { FirstReportWins(true); }

BOOST_AUTO_TEST_CASE(co_t09_join_ignores_out_of_range) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    Event go(env.spawner);
    const auto raiser = Raiser(
        env, coordinator, go, nullptr, [] { throw OutOfRangeError("First"); }, true);
    go.Set();
    coordinator.Join({raiser});
    BOOST_TEST(coordinator.ShouldStop());
    BOOST_TEST(coordinator.recorded().ok());
  });
}

BOOST_AUTO_TEST_CASE(cr_12_without_clean_stop_codes_out_of_range_is_recorded) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env, {});
    coordinator.RequestStop(Status(Code::kOutOfRange, "the end"));
    BOOST_CHECK_THROW(coordinator.Join(), OutOfRangeError);
    BOOST_CHECK_THROW(coordinator.RaiseRequestedException(), OutOfRangeError);  // CO-8
    BOOST_CHECK_THROW(coordinator.RaiseRequestedException(), OutOfRangeError);
    BOOST_CHECK_THROW(coordinator.Join(), OutOfRangeError);  // CO-22
  });
}

BOOST_AUTO_TEST_CASE(co_2_after_a_join_a_reported_error_is_raised_at_once) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    coordinator.Join();
    BOOST_CHECK_THROW(coordinator.RequestStop(Status(Code::kInternal, "late")), InternalError);
    BOOST_TEST(!coordinator.ShouldStop());
    coordinator.RequestStop(Status(Code::kOutOfRange, "the end"));  // CO-5
    BOOST_TEST(coordinator.ShouldStop());
    coordinator.ClearStop();  // CO-7
    BOOST_TEST(!coordinator.joined());
    BOOST_TEST(!coordinator.ShouldStop());
    coordinator.RequestStop(Status(Code::kInternal, "again"));
    BOOST_TEST(coordinator.recorded().code() == Code::kInternal);
  });
}

BOOST_AUTO_TEST_CASE(co_3_once_stopped_later_errors_are_dropped) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    coordinator.RequestStop();
    coordinator.RequestStop(Status(Code::kInternal, "too late"));
    coordinator.Join();
    BOOST_TEST(coordinator.recorded().ok());
  });
}

BOOST_AUTO_TEST_CASE(co_9_stop_on_exception_reports_and_goes_on) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    coordinator.StopOnException([] {});
    BOOST_TEST(!coordinator.ShouldStop());
    coordinator.StopOnException([] { throw InternalError("from the scope"); });
    BOOST_TEST(coordinator.recorded().message() == "from the scope");
    BOOST_CHECK_THROW(coordinator.Join(), InternalError);
    BOOST_CHECK_THROW(coordinator.StopOnException([] { throw AbortedError("late"); }),
                      AbortedError);
  });
}

BOOST_AUTO_TEST_CASE(a_stop_wakes_a_join_that_waits) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Coordinator coordinator(env);
    Event never(env.spawner);
    const auto thread = env.spawner.Spawn("blocked", [&] { never.Wait({.what = "nothing"}); });
    env.spawner.Spawn("stopper", [&] {
      SleepFor(env, "its time", Duration::Seconds(5));
      coordinator.RequestStop();
    });
    BOOST_TEST(coordinator.TryJoin({thread}, Duration::Seconds(1), true).ok());
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Milliseconds(6001));
    never.Set();
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
