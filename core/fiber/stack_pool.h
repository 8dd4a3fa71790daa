#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace faultline {

struct StackPoolOptions {
  // Usable bytes of one stack, rounded up to an odd number of pages.
  std::size_t stack_size = std::size_t{256} * 1024;
  // Stacks with a guard page below them. Each costs two mappings of the kernel's limited number, so
  // that later ones go without.
  std::size_t guarded_stacks = 16384;
};

// Stacks for fibers, kept and reused across the kernels of one OS thread. Address space only: pages
// become resident when they are touched. Not for use from several threads.
class StackPool {
 public:
  explicit StackPool(const StackPoolOptions& options = {});
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  struct Stack {
    void* base = nullptr;  // lowest usable address
    std::size_t size = 0;  // bytes from there to the top
  };
  // Throws std::bad_alloc when the system gives no more address space.
  Stack Take();
  void Return(const Stack& stack) noexcept;

  std::size_t stacks_made() const { return made_; }

 private:
  void Grow();

  std::size_t stride_;
  std::size_t guards_left_;
  std::size_t chunk_;
  std::size_t made_ = 0;
  std::vector<void*> free_;
  std::vector<std::pair<void*, std::size_t>> mappings_;
};

}  // namespace faultline
