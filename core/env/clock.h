#pragma once

#include "core/base/time.h"

namespace faultline {

// The time of one process. Never suspends.
class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic: never goes backwards, stands still while a turn runs in the simulator. Every wait,
  // countdown and looper uses it (MP-9).
  virtual TimePoint Now() = 0;
  // Time since 1970-01-01 UTC; may jump either way. Only hook timers, retention and event times use
  // it (MP-9).
  virtual TimePoint WallNow() = 0;
};

}  // namespace faultline
