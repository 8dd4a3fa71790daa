#include "core/env/mutex.h"

namespace faultline {

void Mutex::Lock() {
  // Without deadline and cancellation another outcome means that a crash unwinds this fiber.
  while (held_ && queue_->Wait({.what = name_}) == WaitOutcome::kWoken) {
  }
  held_ = true;
}

void Mutex::Unlock() {
  held_ = false;
  queue_->WakeOne();
}

}  // namespace faultline
