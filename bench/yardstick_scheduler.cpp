#include "bench/yardstick_scheduler.h"

#include <utility>

#include <cxxabi.h>

namespace faultline::bench {
namespace {

struct StackAllocator {
  StackPool* pool;
  boost::context::stack_context allocate() const {
    const StackPool::Stack stack = pool->Take();
    boost::context::stack_context context;
    context.size = stack.size;
    context.sp = static_cast<char*>(stack.base) + stack.size;
    return context;
  }
  void deallocate(boost::context::stack_context& context) const noexcept {
    pool->Return({static_cast<char*>(context.sp) - context.size, context.size});
  }
};

}  // namespace

YardstickScheduler::YardstickScheduler(StackPool& stacks)
    : stacks_(stacks), exceptions_(reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals())) {}

YardstickScheduler::~YardstickScheduler() = default;  // Boost.Context unwinds the fibers

void YardstickScheduler::Spawn(std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  fiber->id = fibers_.size() + 1;
  fiber->context = boost::context::fiber(std::allocator_arg, StackAllocator{&stacks_},
                                         [body = std::move(body)](boost::context::fiber&& from) {
                                           body();
                                           return std::move(from);
                                         });
  ready_.push_back(fiber.get());
  fibers_.push_back(std::move(fiber));
}

void YardstickScheduler::Run(std::uint64_t turns) {
  turns_left_ = turns;
  Switch();
}

YardstickScheduler::Fiber* YardstickScheduler::Choose() {
  if (turns_left_ == 0) return &main_;
  --turns_left_;
  if (ready_.empty()) {
    now_ = timers_.top().at;
    do {
      ready_.push_back(timers_.top().fiber);
      timers_.pop();
    } while (!timers_.empty() && timers_.top().at == now_);
  }
  const std::size_t size = ready_.size();
  const std::size_t index = size == 1 ? 0 : static_cast<std::size_t>(prng_.Below(size));
  Fiber* fiber = ready_[index];
  ready_[index] = ready_.back();
  ready_.pop_back();
  hash_.Add(fiber->id ^ (static_cast<std::uint64_t>(now_) << 20));
  return fiber;
}

void YardstickScheduler::Switch() {
  Fiber* next = Choose();
  if (next == current_) return;
  Fiber* last = current_;
  last->exceptions = *exceptions_;
  *exceptions_ = next->exceptions;
  current_ = next;
  std::move(next->context).resume_with([last](boost::context::fiber&& from) {
    last->context = std::move(from);
    return boost::context::fiber();
  });
}

void YardstickScheduler::Yield() {
  ready_.push_back(current_);
  Switch();
}

void YardstickScheduler::Sleep(std::int64_t nanoseconds) {
  timers_.push({now_ + nanoseconds, ++timers_made_, current_});
  Switch();
}

}  // namespace faultline::bench
