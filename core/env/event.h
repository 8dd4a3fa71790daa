#pragma once

#include <memory>

#include "core/env/spawner.h"

namespace faultline {

// A flag that fibers wait for.
class Event {
 public:
  explicit Event(Spawner& spawner) : queue_(spawner.MakeWaitQueue()) {}

  bool IsSet() const { return set_; }
  // Wakes every waiter. Never suspends.
  void Set();
  void Reset() { set_ = false; }
  // Suspends until set (then kWoken, at once if already set), the deadline or cancellation.
  WaitOutcome Wait(const WaitOptions& options);

 private:
  bool set_ = false;
  std::unique_ptr<WaitQueue> queue_;
};

}  // namespace faultline
