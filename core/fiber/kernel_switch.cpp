// The part of the kernel that touches Boost.Fiber: making, entering and leaving fibers.

#include "core/fiber/kernel.h"

#include <cstdio>
#include <cstdlib>

#include <cxxabi.h>

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/algo/round_robin.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/scheduler.hpp>
#include <boost/version.hpp>

#include "core/base/assert.h"
#include "core/base/unwind.h"
#include "core/fiber/sanitizer.h"

namespace faultline {
namespace {

// Finished fibers whose stacks are given back together; each visit of Boost's dispatcher costs a
// switch and a reading of the clock.
constexpr unsigned kContextsPerRelease = 64;

boost::fibers::context* ContextOf(void* context) {
  return static_cast<boost::fibers::context*>(context);
}

[[noreturn]] void ForeignPrimitive() {
  std::fprintf(stderr, "a fiber has used a blocking primitive of Boost: it cannot be crashed\n");
  std::abort();
}

// The allocator that Boost.Fiber takes: a stack that has been taken already.
struct StackAllocator {
  StackPool* pool;
  StackPool::Stack stack;
  boost::context::stack_context allocate() const {
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

// Boost asks it for the next fiber when one has ended; all other switches are the kernel's own.
class Kernel::Algorithm final : public boost::fibers::algo::algorithm {
 public:
  // While the kernel runs; null while it only hands Boost's dispatcher on.
  Kernel* kernel = nullptr;

  void awakened(boost::fibers::context* context) noexcept override {
    if (!context->is_context(boost::fibers::type::dispatcher_context)) ForeignPrimitive();
    dispatcher_ = context;
  }

  FL_NO_ASAN boost::fibers::context* pick_next() noexcept override {
    if (kernel == nullptr) return std::exchange(dispatcher_, nullptr);
    Kernel& k = *kernel;
    KernelTask* const last = k.current_;
    if (last == &k.dispatcher_) internal::FinishSwitch(last->fake_stack_, nullptr, nullptr);
    const bool dispatcher_was_running = last == &k.dispatcher_;
    if (!dispatcher_was_running && last->state_ != internal::TaskState::kDone) ForeignPrimitive();
    KernelTask* next;
    if (k.finished_contexts_ >= kContextsPerRelease && dispatcher_ != nullptr) {
      k.finished_contexts_ = 0;
      next = &k.dispatcher_;
      next->context_ = std::exchange(dispatcher_, nullptr);
    } else {
      next = k.Choose();
    }
    if (!dispatcher_was_running) k.free_tasks_.push_back(last);
    k.BecomeCurrent(next);
    // The last thing: this frame is gone for the sanitizer from here on.
    internal::StartSwitch(dispatcher_was_running ? &last->fake_stack_ : nullptr, next->stack_,
                          next->stack_size_);
    return ContextOf(next->context_);
  }

  bool has_ready_fibers() const noexcept override { return dispatcher_ != nullptr; }
  void suspend_until(const std::chrono::steady_clock::time_point&) noexcept override {
    ForeignPrimitive();  // the kernel never lets Boost's dispatcher idle
  }
  void notify() noexcept override {}

 private:
  boost::fibers::context* dispatcher_ = nullptr;
};

Kernel::Kernel(const KernelOptions& options)
    : time_(options.time),
      picker_(options.picker),
      stacks_(options.stacks),
      hook_(options.hook),
      time_passes_(options.time.PassesByItself()),
      algorithm_(new Algorithm),
      exceptions_(reinterpret_cast<internal::ExceptionState*>(abi::__cxa_get_globals())) {
  intrusive_ptr_add_ref(algorithm_);
  main_.context_ = boost::fibers::context::active();
  main_.name_ = "(main)";
  main_.state_ = internal::TaskState::kRunning;
  dispatcher_.state_ = internal::TaskState::kRunning;
}

Kernel::~Kernel() {
  Shutdown();
  // Boost's dispatcher, back under the algorithm it came from, gives the last stacks back.
  if (finished_contexts_ > 0) boost::this_fiber::yield();
  intrusive_ptr_release(algorithm_);
}

void Kernel::EnterScheduler() {
  boost::fibers::context* const main = ContextOf(main_.context_);
  FL_ASSERT(boost::fibers::context::active() == main, "a kernel runs on the stack that made it");
  main->get_scheduler()->set_algo(algorithm_);
  algorithm_->kernel = this;
  running_ = true;
}

void Kernel::LeaveScheduler() noexcept {
  running_ = false;
  algorithm_->kernel = nullptr;
  ContextOf(main_.context_)->get_scheduler()->set_algo(new boost::fibers::algo::round_robin);
}

void Kernel::StartFiber(KernelTask* task) {
  const StackPool::Stack stack = stacks_.Take();
  task->stack_ = stack.base;
  task->stack_size_ = stack.size;
  auto context = boost::fibers::make_worker_context(boost::fibers::launch::post,
                                                    StackAllocator{&stacks_, stack},
                                                    [this, task] { FiberMain(task); });
  ContextOf(main_.context_)->attach(context.get());
  task->context_ = context.get();  // Boost keeps it until the fiber has ended
}

void Kernel::FiberMain(KernelTask* task) {
  const void* old_base = nullptr;
  std::size_t old_size = 0;
  internal::FinishSwitch(nullptr, &old_base, &old_size);
  if (main_.stack_ == nullptr) {  // the first switch of all comes from there
    main_.stack_ = old_base;
    main_.stack_size_ = old_size;
  }
  RunBody(task);
  task->group_->Unlink(task);
  task->state_ = internal::TaskState::kDone;
  --live_;
  ++finished_contexts_;
}

// The entry of every fiber: nothing gets past it, and nothing is lost.
void Kernel::RunBody(KernelTask* task) {
  try {
    if (!task->killed_) task->body_();
  } catch (const NodeCrashed&) {
    if (!task->killed_) KeepFailure(std::current_exception());
  } catch (...) {
    KeepFailure(std::current_exception());
  }
  task->body_ = nullptr;
}

void Kernel::SwitchAway(KernelTask* self) {
  KernelTask* const next = Choose();
  if (next != self) SwitchTo(self, next);
}

void Kernel::SwitchTo(KernelTask* self, KernelTask* next) {
  BecomeCurrent(next);
  internal::StartSwitch(&self->fake_stack_, next->stack_, next->stack_size_);
  ContextOf(next->context_)->resume();
  internal::FinishSwitch(self->fake_stack_, nullptr, nullptr);
}

void Kernel::BecomeCurrent(KernelTask* next) noexcept {
#if BOOST_VERSION < \
    108800  // from then on Boost.Context does it, and doing it twice spoils the counts
  current_->exceptions_ = *exceptions_;
  *exceptions_ = next->exceptions_;
#endif
  current_ = next;
}

}  // namespace faultline
