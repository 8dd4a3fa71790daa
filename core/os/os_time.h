#pragma once

#include "core/env/clock.h"
#include "core/fiber/kernel.h"
#include "core/os/stop_signal.h"

namespace faultline {

// The machine's clocks, and a sleep until the next timer that burns no processor time.
class OsTime final : public Clock, public TimeSource {
 public:
  // `stop` may be null; otherwise it outlives this, and its signals end a sleep early.
  explicit OsTime(StopSignal* stop) : stop_(stop) {}

  TimePoint Now() override;
  TimePoint WallNow() override;
  void AdvanceTo(TimePoint next) override;
  bool PassesByItself() const override { return true; }
  void Poll() override;
  bool MayBeWoken() const override { return stop_ != nullptr && stop_->descriptor() >= 0; }

 private:
  StopSignal* stop_;
  unsigned polls_ = 0;
};

}  // namespace faultline
