#include "core/env/event.h"

namespace faultline {

void Event::Set() {
  set_ = true;
  queue_->WakeAll();
}

WaitOutcome Event::Wait(const WaitOptions& options) {
  while (!set_) {
    const WaitOutcome outcome = queue_->Wait(options);
    if (outcome != WaitOutcome::kWoken) return set_ ? WaitOutcome::kWoken : outcome;
  }
  return WaitOutcome::kWoken;
}

}  // namespace faultline
