#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "core/base/time.h"
#include "core/env/cancel.h"
#include "core/env/spawner.h"

namespace faultline {

class Kernel;
class KernelTask;
class TaskGroup;

// A FIFO of suspended fibers. Destroying it forgets its waiters: they then wait for their deadline
// or cancellation alone. May outlive its kernel when empty.
class WaitList {
 public:
  WaitList() = default;
  ~WaitList();
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  bool empty() const { return head_ == nullptr; }

 private:
  friend class Kernel;
  void PushBack(KernelTask* task);
  void Unlink(KernelTask* task);

  KernelTask* head_ = nullptr;
  KernelTask* tail_ = nullptr;
};

namespace internal {

// What a timer can point to. A heap entry is alive while the numbers agree.
struct TimerTarget {
  explicit TimerTarget(bool task) : is_task(task) {}
  std::uint64_t timer_number = 0;  // 0: no timer
  bool is_task;
  WaitKind kind = WaitKind::kProgress;
};

// libstdc++'s state of exceptions in flight, per OS thread; the kernel makes it one per fiber.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

// kReady: in the ready set, or held back by a paused group, or being looked at by the turn hook.
// kDying: killed, to be unwound.
enum class TaskState : std::uint8_t { kReady, kRunning, kWaiting, kDying, kDone };

}  // namespace internal

// One fiber as the kernel keeps it. Records are reused after the fiber has ended: identify a fiber
// by id().
class alignas(64) KernelTask : private internal::TimerTarget {
 public:
  // Numbers count up from 1 in the order of spawning, over all groups.
  std::uint64_t id() const { return id_; }
  TaskGroup& group() const { return *group_; }
  const std::string& name() const { return name_; }
  // True once its group has been killed.
  bool killed() const { return killed_; }

 private:
  friend class Kernel;
  friend class TaskGroup;
  friend class WaitList;
  friend class ReadySet;
  static constexpr std::size_t kNoSlot = SIZE_MAX;
  KernelTask() : TimerTarget(true) {}

  // Touched by every switch: one cache line, together with the base.
  internal::TaskState state_ = internal::TaskState::kDone;
  WaitOutcome outcome_ = WaitOutcome::kWoken;
  bool killed_ = false;
  bool held_ = false;  // ready, but its group is paused
  void* context_ = nullptr;
  std::uint64_t id_ = 0;
  TaskGroup* group_ = nullptr;
  std::size_t ready_slot_ = kNoSlot;
  internal::ExceptionState exceptions_;
  // Touched by every wait.
  WaitList* list_ = nullptr;
  KernelTask* next_waiter_ = nullptr;
  KernelTask* previous_waiter_ = nullptr;
  CancelToken* cancel_ = nullptr;
  CancelToken::CallbackId cancel_id_ = 0;
  TimePoint since_;
  TimePoint deadline_;
  std::string what_;
  // Touched at birth and death.
  KernelTask* older_ = nullptr;
  KernelTask* newer_ = nullptr;
  std::uint64_t dead_calls_ = 0;
  std::string name_;
  std::function<void()> body_;
  const void* stack_ = nullptr;  // for AddressSanitizer
  std::size_t stack_size_ = 0;
  void* fake_stack_ = nullptr;
};

// The fibers of one process incarnation. Made and owned by a Kernel. A killed group stays dead: a
// restart makes a new one.
class TaskGroup {
 public:
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  Kernel& kernel() const { return kernel_; }
  const std::string& name() const { return name_; }
  // Number of the group, from 0 in the order of making.
  std::uint64_t index() const { return index_; }
  bool alive() const { return alive_; }
  bool paused() const { return paused_; }
  // How often one of its fibers has been resumed; unwinding does not count.
  std::uint64_t turns() const { return turns_; }
  // Fibers that have not ended.
  std::size_t size() const { return size_; }
  // Calls visit(const KernelTask&) for each of them, oldest first.
  template <class Visit>
  void ForEachTask(Visit&& visit) const {
    for (const KernelTask* task = oldest_; task != nullptr; task = task->newer_) visit(*task);
  }

 private:
  friend class Kernel;
  TaskGroup(Kernel& kernel, std::string name, std::uint64_t index)
      : kernel_(kernel), name_(std::move(name)), index_(index) {}
  void Link(KernelTask* task);
  void Unlink(KernelTask* task);

  Kernel& kernel_;
  std::string name_;
  std::uint64_t index_;
  std::uint64_t turns_ = 0;
  std::size_t size_ = 0;
  bool alive_ = true;
  bool paused_ = false;
  KernelTask* oldest_ = nullptr;
  KernelTask* newest_ = nullptr;
};

}  // namespace faultline
