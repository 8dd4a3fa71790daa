#include "core/session/coordinator.h"

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
  const struct {
    double grace;
    double spent;
  } rows[] = {{1e-10, 0.001}, {0.002, 0.003}, {1.0, 1.001}, {120, 120.001}, {0, 0.001}, {-1, 0}};
  for (const auto& row : rows) {
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
      const auto sleeper = Sleeper(env, Duration::Seconds(1000), "the sleeper");
      go.Set();
      done.Wait({.what = "the second event"});
      const TimePoint start = env.clock.Now();
      const Status status =
          coordinator.TryJoin({stopper, sleeper}, Duration::FromSeconds(row.grace));
      BOOST_TEST(status.code() == Code::kRuntimeError);
      BOOST_TEST(status.message().find("the sleeper") != std::string::npos);
      BOOST_TEST(status.message().find("stopper") == std::string::npos);
      BOOST_TEST((env.clock.Now() - start) == Duration::FromSeconds(row.spent));
      BOOST_TEST(coordinator.HasLiveThreads());
    });
  }
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

BOOST_AUTO_TEST_CASE(co_18_the_end_of_the_last_thread_ends_the_grace_period) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    Coordinator coordinator(env);
    coordinator.RegisterThread(Sleeper(env, Duration::Seconds(70)));
    coordinator.RequestStop();
    coordinator.Join();
    BOOST_TEST(env.clock.Now() == TimePoint() + Duration::Seconds(70));
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
