#include "proptests/hook_properties.h"

#include <memory>
#include <vector>

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include "core/env/env.h"
#include "core/session/coordinator.h"
#include "core/testing/session_fixtures.h"

// P-8 of timers and IV-12 of coordinators, over random lives of their own.

namespace faultline::proptests {
namespace {

// A timer whose look is an update: P-8's defective double.
class NosyTimer final : public HookTimer {
 public:
  bool ShouldTrigger(std::int64_t step, TimePoint now) const override {
    const bool triggers = timer_->ShouldTrigger(step, now);
    if (triggers) (void)timer_->Update(step, now);
    return triggers;
  }
  std::optional<TimerElapsed> Update(std::int64_t step, TimePoint now) override {
    return timer_->Update(step, now);
  }
  void Reset() override { timer_->Reset(); }
  std::optional<std::int64_t> last_triggered_step() const override {
    return timer_->last_triggered_step();
  }

 private:
  std::unique_ptr<HookTimer> timer_ = std::make_unique<SecondOrStepTimer>(
      TimerPeriod{.every_secs = Duration::Seconds(5), .every_steps = {}});
};

// One that looks at the clock before it looks at the step: the second way to break P-8.
class HastyTimer final : public HookTimer {
 public:
  bool ShouldTrigger(std::int64_t, TimePoint now) const override {
    return !last_ || now >= *last_ + Duration::Seconds(5);
  }
  std::optional<TimerElapsed> Update(std::int64_t step, TimePoint now) override {
    last_ = now;
    step_ = step;
    return std::nullopt;
  }
  void Reset() override { last_.reset(); }
  std::optional<std::int64_t> last_triggered_step() const override { return step_; }

 private:
  std::optional<TimePoint> last_;
  std::optional<std::int64_t> step_;
};

struct TimerQuarry {
  bool found = false;
  int cases = 0;
  std::uint64_t compared = 0;
  std::vector<TimerDraw> smallest;
  std::string violation;
};

TimerQuarry HuntTimer(const MakeTimer& make, int cases) {
  TimerQuarry quarry;
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = cases;
  const auto property = [&] {
    const auto draws = *rc::gen::arbitrary<std::vector<TimerDraw>>();
    const Verdict verdict = TimerIsPure(make, draws);
    if (!quarry.found) {
      ++quarry.cases;
      quarry.compared += verdict.compared;
    }
    if (verdict.violation.empty()) return;
    quarry.found = true;
    quarry.smallest = draws;
    quarry.violation = verdict.violation;
    RC_FAIL(verdict.violation);
  };
  (void)rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);
  return quarry;
}

BOOST_AUTO_TEST_SUITE(hook_properties)

BOOST_AUTO_TEST_CASE(p_8_a_look_at_a_timer_changes_nothing) {
  const MakeTimer kinds[] = {
      [] {
        return std::make_unique<SecondOrStepTimer>(TimerPeriod{.every_secs = Duration::Seconds(5)});
      },
      [] { return std::make_unique<SecondOrStepTimer>(TimerPeriod{.every_steps = 3}); },
      [] { return std::make_unique<NeverTriggerTimer>(); }};
  for (const MakeTimer& make : kinds) {
    const TimerQuarry quarry = HuntTimer(make, 300);
    BOOST_TEST(!quarry.found, quarry.violation);
    BOOST_TEST(quarry.compared > 1000U);
  }
}

BOOST_AUTO_TEST_CASE(p_8_defective_timers_are_caught) {
  const MakeTimer kinds[] = {[] { return std::make_unique<NosyTimer>(); },
                             [] { return std::make_unique<HastyTimer>(); }};
  for (const MakeTimer& make : kinds) {
    const TimerQuarry quarry = HuntTimer(make, 300);
    BOOST_TEST(quarry.found);
    BOOST_TEST(quarry.smallest.size() <= 2U);
    BOOST_TEST_MESSAGE("after " << quarry.cases << " cases: " << quarry.violation);
  }
}

// The whole range at every size.
int Draw(int end) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, end)); }

BOOST_AUTO_TEST_CASE(iv_12_a_join_keeps_its_grace_period) {
  int waited = 0;   // joins that ended by a thread's end
  int gave_up = 0;  // that left threads behind
  const bool holds = rc::check([&] {
    const Duration grace = Duration::Milliseconds(Draw(20'000) - 100);
    const Duration stop = Duration::Milliseconds(Draw(20'000));
    std::vector<Duration> ends(static_cast<std::size_t>(Draw(4)));
    for (Duration& end : ends) end = Duration::Milliseconds(Draw(60'000));

    testing::TestProcess process;
    process.Run([&] {
      Env& env = process.env();
      Coordinator coordinator(env);
      std::vector<std::shared_ptr<Task>> threads;
      Duration last;
      for (const Duration end : ends) {
        last = std::max(last, end);
        threads.push_back(
            env.spawner.Spawn("a thread", [&env, end] { SleepFor(env, "work", end); }));
      }
      const auto stopper = env.spawner.Spawn("who stops", [&] {
        SleepFor(env, "the time to stop", stop);
        coordinator.RequestStop();
      });
      coordinator.Join(threads, grace, true);
      const TimePoint joined = process.Now();
      stopper->Join({.what = "who stops"});
      // CO-17: the first phase ends with the threads or with the stop.
      const Duration first_phase = std::min(last, stop);
      const Duration second_phase = joined - (TimePoint() + first_phase);
      RC_ASSERT(second_phase >= Duration());
      RC_ASSERT(second_phase <= std::max(grace, Duration()) + Duration::Milliseconds(1));
      (joined - TimePoint() < last ? gave_up : waited) += 1;
      for (const auto& thread : threads) thread->Join({.what = "a thread"});
    });
  });
  BOOST_TEST(holds);
  BOOST_TEST(waited > 0);
  BOOST_TEST(gave_up > 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::proptests
