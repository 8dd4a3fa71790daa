#pragma once

#include "core/fiber/kernel.h"

namespace faultline {

// A clock that stands still while fibers run and jumps when none can.
class VirtualTime final : public TimeSource {
 public:
  TimePoint Now() override { return now_; }
  void AdvanceTo(TimePoint next) override {
    if (next > now_) now_ = next;
  }

 private:
  TimePoint now_;
};

}  // namespace faultline
