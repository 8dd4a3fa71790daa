#include "core/fiber/ready_set.h"

namespace faultline {

void ReadySet::Grow() {
  std::vector<KernelTask*> larger(slots_.size() * 2);
  for (std::size_t i = 0; i < size_; ++i) {
    larger[i] = slots_[Slot(i)];
    larger[i]->ready_slot_ = i;
  }
  slots_.swap(larger);
  mask_ = slots_.size() - 1;
  head_ = 0;
}

}  // namespace faultline
