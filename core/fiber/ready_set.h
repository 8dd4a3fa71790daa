#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/fiber/task_group.h"

namespace faultline {

// The fibers that could run now. A ring: taking entry 0 keeps the order of the others, taking any
// other moves the last into its place. Both take constant time.
class ReadySet {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const KernelTask& operator[](std::size_t index) const { return *slots_[Slot(index)]; }

 private:
  friend class Kernel;

  std::size_t Slot(std::size_t index) const { return (head_ + index) & mask_; }
  void PushBack(KernelTask* task) {
    if (size_ > mask_) Grow();
    const std::size_t slot = Slot(size_++);
    slots_[slot] = task;
    task->ready_slot_ = slot;
  }
  KernelTask* Take(std::size_t index) {
    const std::size_t slot = Slot(index);
    KernelTask* task = slots_[slot];
    --size_;
    if (index == 0) {
      head_ = Slot(1);
    } else {
      KernelTask* last = slots_[Slot(size_)];
      slots_[slot] = last;
      last->ready_slot_ = slot;
    }
    task->ready_slot_ = KernelTask::kNoSlot;
    return task;
  }
  void Remove(KernelTask* task) { Take((task->ready_slot_ - head_) & mask_); }
  void Grow();

  std::vector<KernelTask*> slots_ = std::vector<KernelTask*>(16);  // a power of two
  std::size_t mask_ = 15;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace faultline
