#include "core/session/hooks/second_or_step_timer.h"

#include "core/base/error.h"

namespace faultline {

SecondOrStepTimer::SecondOrStepTimer(TimerPeriod period) : period_(period) {
  if (!period_.every_secs && !period_.every_steps) {
    throw ValueError("either every_secs or every_steps should be provided");
  }
  if (period_.every_secs && period_.every_steps) {
    throw ValueError("can not provide both every_secs and every_steps");
  }
}

bool SecondOrStepTimer::ShouldTrigger(std::int64_t step, TimePoint now) const {
  if (!last_) return true;
  if (step == last_->step) return false;
  if (period_.every_secs) return now >= last_->time + *period_.every_secs;
  return step >= last_->step + *period_.every_steps;
}

std::optional<TimerElapsed> SecondOrStepTimer::Update(std::int64_t step, TimePoint now) {
  std::optional<TimerElapsed> elapsed;
  if (last_) elapsed = TimerElapsed{now - last_->time, step - last_->step};
  last_ = Last{step, now};
  return elapsed;
}

std::optional<std::int64_t> SecondOrStepTimer::last_triggered_step() const {
  if (!last_) return std::nullopt;
  return last_->step;
}

}  // namespace faultline
