#pragma once

#include <cstdint>
#include <optional>

#include "core/base/time.h"

namespace faultline {

// Time and steps since the update before.
struct TimerElapsed {
  Duration time;
  std::int64_t steps = 0;
};

// Decides when a hook acts (HK-302..HK-304, HK-306). `now` is wall time (HK-305).
class HookTimer {
 public:
  virtual ~HookTimer() = default;
  // Changes nothing.
  virtual bool ShouldTrigger(std::int64_t step, TimePoint now) const = 0;
  // Says that the hook acts now; nothing for the first time.
  virtual std::optional<TimerElapsed> Update(std::int64_t step, TimePoint now) = 0;
  virtual void Reset() = 0;
  virtual std::optional<std::int64_t> last_triggered_step() const = 0;
};

// Exactly one of the two (HK-301).
struct TimerPeriod {
  std::optional<Duration> every_secs = {};
  std::optional<std::int64_t> every_steps = {};
};

// Acts the first time and then each so many seconds or steps, never twice at one step.
class SecondOrStepTimer : public HookTimer {
 public:
  // ValueError for neither and for both.
  explicit SecondOrStepTimer(TimerPeriod period);
  bool ShouldTrigger(std::int64_t step, TimePoint now) const override;
  std::optional<TimerElapsed> Update(std::int64_t step, TimePoint now) override;
  void Reset() override { last_.reset(); }
  std::optional<std::int64_t> last_triggered_step() const override;

 private:
  struct Last {
    std::int64_t step;
    TimePoint time;
  };
  TimerPeriod period_;
  std::optional<Last> last_;
};

// HK-306.
class NeverTriggerTimer : public HookTimer {
 public:
  bool ShouldTrigger(std::int64_t, TimePoint) const override { return false; }
  std::optional<TimerElapsed> Update(std::int64_t, TimePoint) override { return std::nullopt; }
  void Reset() override {}
  std::optional<std::int64_t> last_triggered_step() const override { return std::nullopt; }
};

}  // namespace faultline
