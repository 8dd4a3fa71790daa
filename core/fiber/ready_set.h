#pragma once

#include <cstddef>
#include <vector>

namespace faultline {

class Kernel;
class KernelTask;

// The fibers that could run now. A ring: taking entry 0 keeps the order of the others, taking any
// other moves the last into its place. Both take constant time.
class ReadySet {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const KernelTask& operator[](std::size_t index) const { return *slots_[At(index)]; }

 private:
  friend class Kernel;
  void PushBack(KernelTask* task);
  KernelTask* Take(std::size_t index);
  void Remove(KernelTask* task);
  void Grow();
  std::size_t At(std::size_t index) const { return (head_ + index) & (slots_.size() - 1); }

  std::vector<KernelTask*> slots_ = std::vector<KernelTask*>(16);
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace faultline
