#include "core/env/mutex.h"

namespace faultline {

void Mutex::Lock() {
  while (held_) queue_->Wait({.what = name_});
  held_ = true;
}

void Mutex::Unlock() {
  held_ = false;
  queue_->WakeOne();
}

}  // namespace faultline
