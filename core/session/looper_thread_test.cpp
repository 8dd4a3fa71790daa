#include "core/session/looper_thread.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/testing/fake_env.h"

namespace faultline::testing {
namespace {

constexpr auto kPerElement = boost::test_tools::per_element();

double SecondsOf(Env& env) { return static_cast<double>(env.clock.Now().nanoseconds()) / 1e9; }

// Calls of a target that take the given times, 0 after the last; the call `stop_at` stops the
// coordinator.
struct TimedCalls {
  std::vector<double> durations;
  std::size_t stop_at;
  std::vector<double> times = {};

  std::vector<double> Run(std::optional<Duration> interval) {
    FakeEnv fake;
    fake.Run([&](Env& env) {
      const auto coordinator = std::make_shared<Coordinator>(env);
      Loop(env, coordinator, interval, [&] { Call(env, *coordinator); });
      coordinator->Join();
    });
    return times;
  }
  void Call(Env& env, Coordinator& coordinator) {
    times.push_back(SecondsOf(env));
    if (times.size() == stop_at) coordinator.RequestStop();
    if (times.size() > durations.size()) return;
    SleepFor(env, "the target", Duration::FromSeconds(durations[times.size() - 1]));
  }
};

// Says what is called.
class SpeakingLooper : public LooperThread {
 public:
  SpeakingLooper(Env& env, std::shared_ptr<Coordinator> coordinator,
                 std::optional<Duration> interval, std::vector<std::string>* said)
      : LooperThread(env, std::move(coordinator), interval, {}, "speaker"), said_(said) {}

  std::string fail_in;

 protected:
  void StartLoop() override { Say("start"); }
  void RunLoop() override {
    Say("run");
    if (said_->size() >= 3) coordinator().RequestStop();
  }
  void StopLoop() override { Say("stop"); }

 private:
  void Say(const std::string& word) {
    said_->push_back(word);
    if (word == fail_in) throw UnknownError("in " + word);
  }
  std::vector<std::string>* said_;
};

std::vector<std::string> Speech(const std::string& fail_in, Status* recorded = nullptr) {
  FakeEnv fake;
  std::vector<std::string> said;
  fake.Run([&](Env& env) {
    const auto coordinator = std::make_shared<Coordinator>(env);
    const auto looper =
        MakeLooper<SpeakingLooper>(env, coordinator, Duration::Milliseconds(10), &said);
    looper->fail_in = fail_in;
    looper->Start();
    const Status joined = coordinator->TryJoin();
    if (recorded != nullptr) *recorded = joined;
    BOOST_TEST(looper->finished());
  });
  return said;
}

BOOST_AUTO_TEST_SUITE(looper_thread)

void CountDown(Coordinator& coordinator, int* n) {
  if (*n == 0) {
    coordinator.RequestStop();
  } else {
    --*n;
  }
}

BOOST_AUTO_TEST_CASE(co_t10_a_target_counts_down_and_stops) {
  FakeEnv fake;
  int n = 3;
  fake.Run([&](Env& env) {
    const auto coordinator = std::make_shared<Coordinator>(env);
    const std::function<void()> target = [coordinator, &n] { CountDown(*coordinator, &n); };
    const auto looper = Loop(env, coordinator, Duration(), target);
    coordinator->Join({looper});
    BOOST_TEST(looper->finished());
    BOOST_TEST(coordinator->ShouldStop());
  });
  BOOST_TEST(n == 0);
}

BOOST_AUTO_TEST_CASE(co_t11_arguments_by_name_are_captured_in_a_closure) {
  FakeEnv fake;
  int n = 3;
  fake.Run([&](Env& env) {
    const auto coordinator = std::make_shared<Coordinator>(env);
    const auto looper = Loop(env, coordinator, Duration(),
                             [&counter = n, &owner = *coordinator] { CountDown(owner, &counter); });
    looper->Join({.what = "the looper"});
    BOOST_TEST(looper->finished());
  });
  BOOST_TEST(n == 0);
}

BOOST_AUTO_TEST_CASE(co_t12_arguments_are_bound) {
  FakeEnv fake;
  int n = 3;
  fake.Run([&](Env& env) {
    const auto coordinator = std::make_shared<Coordinator>(env);
    const auto looper =
        Loop(env, coordinator, Duration(), std::bind(&CountDown, std::ref(*coordinator), &n));
    looper->Join({.what = "the looper"});
  });
  BOOST_TEST(n == 0);
}

BOOST_AUTO_TEST_CASE(lt_1_it_needs_a_coordinator_and_registers_with_it) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    BOOST_CHECK_THROW(LooperThread(env, nullptr, Duration::Seconds(1)), ValueError);
    const auto coordinator = std::make_shared<Coordinator>(env);
    const auto looper = MakeLooper(env, coordinator, Duration::Seconds(1));
    BOOST_TEST(!coordinator->HasLiveThreads());  // MP-8: not started
    looper->Start();
    looper->Start();
    BOOST_TEST(coordinator->HasLiveThreads());
    SleepFor(env, "some rounds", Duration::Milliseconds(2500));
    BOOST_TEST(!looper->finished());
    coordinator->RequestStop();
    coordinator->Join();
    BOOST_TEST(looper->finished());
    BOOST_TEST(SecondsOf(env) == 2.501);  // a stop wakes it, and the join sleeps once (CO-18)
  });
}

BOOST_AUTO_TEST_CASE(lt_3_calls_fall_on_the_grid_and_missed_ones_are_made_up) {
  TimedCalls calls{.durations = {0.2, 2.5, 0.1, 0.1, 0.1}, .stop_at = 6};
  const std::vector<double> expected{0, 1, 3.5, 3.6, 4, 5};
  BOOST_TEST(calls.Run(Duration::Seconds(1)) == expected, kPerElement);
}

BOOST_AUTO_TEST_CASE(lt_3_many_missed_calls_are_all_made_up) {
  TimedCalls calls{.durations = {3.5}, .stop_at = 5};
  const std::vector<double> expected{0, 3.5, 3.5, 3.5, 4};
  BOOST_TEST(calls.Run(Duration::Seconds(1)) == expected, kPerElement);
}

BOOST_AUTO_TEST_CASE(lt_4_without_interval_calls_follow_one_another) {
  for (const std::optional<Duration>& interval :
       {std::optional<Duration>(), std::optional<Duration>(Duration())}) {
    TimedCalls calls{.durations = {0.5, 0.25}, .stop_at = 4};
    const std::vector<double> expected{0, 0.5, 0.75, 0.75};
    BOOST_TEST(calls.Run(interval) == expected, kPerElement);
  }
}

BOOST_AUTO_TEST_CASE(lt_4_calls_without_pause_let_others_run) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    const auto coordinator = std::make_shared<Coordinator>(env);
    int calls = 0;
    const auto looper = Loop(env, coordinator, std::nullopt, [&] { ++calls; });
    for (int i = 0; i < 10; ++i) env.spawner.Yield();
    BOOST_TEST(calls > 0);
    coordinator->RequestStop();
    coordinator->Join();
    BOOST_TEST(SecondsOf(env) == 0.001);  // the join's sleep
  });
}

BOOST_AUTO_TEST_CASE(lt_4_a_stop_before_the_start_means_no_call) {
  for (const std::optional<Duration>& interval :
       {std::optional<Duration>(), std::optional<Duration>(Duration()),
        std::optional<Duration>(Duration::Seconds(1))}) {
    FakeEnv fake;
    int calls = 0;
    fake.Run([&](Env& env) {
      const auto coordinator = std::make_shared<Coordinator>(env);
      coordinator->RequestStop();
      const auto looper = Loop(env, coordinator, interval, [&] { ++calls; });
      coordinator->Join();
      BOOST_TEST(looper->started());
      BOOST_TEST(looper->finished());
    });
    BOOST_TEST(calls == 0);
  }
}

BOOST_AUTO_TEST_CASE(lt_5_an_error_goes_to_the_coordinator_and_ends_the_loop) {
  Status recorded;
  BOOST_TEST(Speech("run", &recorded) == (std::vector<std::string>{"start", "run"}), kPerElement);
  BOOST_TEST((recorded == Status(Code::kUnknown, "in run")));
  BOOST_TEST(Speech("start", &recorded) == (std::vector<std::string>{"start"}), kPerElement);
  BOOST_TEST((recorded == Status(Code::kUnknown, "in start")));
}

BOOST_AUTO_TEST_CASE(lt_5_an_error_after_the_join_kills_the_looper_alone) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    const auto coordinator = std::make_shared<Coordinator>(env);
    const auto looper = Loop(env, coordinator, Duration::Seconds(1), [&] {
      SleepFor(env, "a slow call", Duration::Seconds(10));
      throw InternalError("late");
    });
    env.spawner.Yield();
    coordinator->RequestStop();
    BOOST_TEST(coordinator->TryJoin({}, Duration::Seconds(1), true).ok());
    looper->Join({.what = "the looper"});
    BOOST_TEST(looper->died_of().code() == Code::kInternal);
    BOOST_TEST(coordinator->recorded().ok());
  });
  BOOST_TEST(fake.logger().Count("late") == 1);
}

BOOST_AUTO_TEST_CASE(lt_6_subclasses_override_the_parts) {
  BOOST_TEST(Speech("") == (std::vector<std::string>{"start", "run", "run", "stop"}), kPerElement);
}

BOOST_AUTO_TEST_CASE(a_looper_lives_while_it_runs) {
  FakeEnv fake;
  int calls = 0;
  fake.Run([&](Env& env) {
    const auto coordinator = std::make_shared<Coordinator>(env);
    const std::weak_ptr<LooperThread> looper =
        Loop(env, coordinator, Duration::Seconds(1), [&calls] { ++calls; });
    SleepFor(env, "some rounds", Duration::Milliseconds(1500));
    BOOST_TEST(!looper.expired());
    coordinator->RequestStop();
    coordinator->Join();
    env.spawner.Yield();
    BOOST_TEST(looper.expired());
  });
  BOOST_TEST(calls == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
