#include "core/fiber/stack_pool.h"

#include <cstdint>
#include <new>

#include <sys/mman.h>

#include "core/fiber/sanitizer.h"

namespace faultline {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kFirstChunk = 32;
constexpr std::size_t kLargestChunk = 4096;
// Tops of neighbouring stacks differ by multiples of this, which is also the alignment of Boost's
// control block.
constexpr std::size_t kColours = 8;
constexpr std::size_t kColourBytes = 256;

}  // namespace

// A stride that is a power of two would put the hot lines and page-table entries of every fiber
// into the same sets of cache and TLB: half the speed at 1000 fibers.
StackPool::StackPool(const StackPoolOptions& options)
    : stride_(((options.stack_size + kPage - 1) / kPage + 1) * kPage),
      guards_left_(options.guarded_stacks),
      chunk_(kFirstChunk) {
  if (stride_ / kPage % 2 == 0) stride_ += kPage;
}

StackPool::~StackPool() {
  for (const auto& [address, size] : mappings_) {
    // What is mapped here next (a thread's stack, say) must not inherit the marks of dead frames.
    internal::UnpoisonStack(address, size);
    ::munmap(address, size);
  }
}

void StackPool::Grow() {
  const std::size_t size = stride_ * chunk_;
  free_.reserve(made_ + chunk_);  // so that Return cannot fail
  mappings_.reserve(mappings_.size() + 1);
  void* const address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (address == MAP_FAILED) throw std::bad_alloc();
  ::madvise(address, size, MADV_NOHUGEPAGE);  // a huge page would make a whole stack resident
  mappings_.emplace_back(address, size);
  for (std::size_t i = chunk_; i-- > 0;) {
    char* const stack = static_cast<char*>(address) + i * stride_;
    if (guards_left_ > 0 && ::mprotect(stack, kPage, PROT_NONE) == 0) --guards_left_;
    free_.push_back(stack);
  }
  made_ += chunk_;
  if (chunk_ < kLargestChunk) chunk_ *= 2;
}

StackPool::Stack StackPool::Take() {
  if (free_.empty()) Grow();
  char* const region = static_cast<char*>(free_.back());
  free_.pop_back();
  const std::size_t colour = reinterpret_cast<std::uintptr_t>(region) / stride_ % kColours;
  const Stack stack{region + kPage, stride_ - kPage - colour * kColourBytes};
  // The last frames of the fiber that had it never returned.
  internal::UnpoisonStack(stack.base, stack.size);
  return stack;
}

void StackPool::Return(const Stack& stack) noexcept {
  free_.push_back(static_cast<char*>(stack.base) - kPage);
}

}  // namespace faultline
