#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/env/spawner.h"
#include "core/fiber/ready_set.h"
#include "core/fiber/stack_pool.h"
#include "core/fiber/task_group.h"
#include "core/fiber/timed_action.h"
#include "core/fiber/timer_heap.h"

namespace faultline {

// Where a kernel's time comes from: a virtual clock that jumps, or the operating system's.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  // Monotonic. Never suspends.
  virtual TimePoint Now() = 0;
  // No fiber is ready; `next` is the earliest timer or the end of the run, or TimePoint::Max() if
  // MayBeWoken() and there is neither; it may have passed. A virtual clock jumps there, never back.
  // The OS one sleeps until then and may return early, after having woken fibers.
  virtual void AdvanceTo(TimePoint next) = 0;
  // Whether time passes while fibers run, so that due timers are looked for at every turn.
  virtual bool PassesByItself() const { return false; }
  // Called before every turn if PassesByItself(), acting for the world: lets in what comes from
  // outside.
  virtual void Poll() {}
  // Whether AdvanceTo(Max) can bring something new (a signal); otherwise that is a stuck run.
  virtual bool MayBeWoken() const { return false; }
};

// Decides which ready fiber runs next. Everything it may depend on is in `ready`.
class Picker {
 public:
  virtual ~Picker() = default;
  // Index in [0, ready.size()). Asked only when there is a choice: ready.size() >= 2. Entry 0 is
  // the fiber that has been ready longest as long as 0 is what was picked.
  virtual std::size_t Pick(const ReadySet& ready) = 0;
};

// First come, first served.
class FifoPicker final : public Picker {
 public:
  std::size_t Pick(const ReadySet&) override { return 0; }
};

// What is about to happen: `task` is going to be resumed.
struct Turn {
  const KernelTask& task;
  TaskGroup& group;
  std::uint64_t number;        // of this kernel, from 1
  std::uint64_t group_number;  // of this group, from 1
};

// Called before every turn, acting for the world. It may kill or pause the group (the turn then
// does not take place), stop the run, or add events. It never suspends.
class TurnHook {
 public:
  virtual ~TurnHook() = default;
  virtual void BeforeTurn(const Turn& turn) = 0;
};

struct KernelOptions {
  // All three outlive the kernel; `hook` may be null.
  TimeSource& time;
  Picker& picker;
  StackPool& stacks;
  TurnHook* hook = nullptr;
};

// Budgets of one Run. Turns and timed actions are events.
struct RunLimits {
  TimePoint until = TimePoint::Max();  // timers later than this do not fire
  std::uint64_t events = UINT64_MAX;
  // Events without time moving: beyond it the run counts as livelocked. Not used when time passes
  // by itself.
  std::uint64_t events_at_one_time = UINT64_MAX;
};

enum class RunEnd : std::uint8_t {
  kFinished,    // every fiber has ended and no progress timer is left
  kStopped,     // Stop() was called
  kStuck,       // fibers are left, none can run, and no progress timer is left: see `waiting`
  kTimeLimit,   // RunLimits::until
  kEventLimit,  // RunLimits::events
  kLivelock,    // RunLimits::events_at_one_time
  kFailed,      // something left a fiber, an event or a hook: see `failures`
};
std::string_view RunEndName(RunEnd end);

// What left a fiber (or an event or hook) that should not have.
struct FiberFailure {
  std::exception_ptr exception;
  std::string task;  // "(event)" outside of a fiber
  std::string group;
};

// A fiber that waits: one line of the explanation of a stuck run.
struct WaitingTask {
  std::uint64_t id = 0;
  std::string task;
  std::string group;
  std::string what;
  TimePoint since;
  TimePoint deadline = TimePoint::Max();
  WaitKind kind = WaitKind::kProgress;
  bool ready = false;   // not waiting but ready; with `paused` it is held back
  bool paused = false;  // its group is paused
};

struct RunResult {
  RunEnd end = RunEnd::kFinished;
  std::vector<FiberFailure> failures;
  // Fibers that had not ended, in the order of spawning. Filled for every end but kStopped.
  std::vector<WaitingTask> waiting;
};

struct EventId {
  std::uint64_t number = 0;  // 0: none
  std::size_t slot = 0;
};

// Runs the fibers of one simulation, or of one process, on one OS thread. The only wrapper of
// Boost.Fiber. Everything that fibers may depend on comes from the time source and the picker.
//
// Who runs next is decided before the running fiber is suspended. Events and hooks are called
// between turns, on whichever stack is at hand: they act for the world, are short and never
// suspend.
//
// Killing a group unlinks all of its waiters, then unwinds its fibers with NodeCrashed, newest
// first and the root (the oldest) last, before anything else runs. While that goes on their calls
// have no effect, and their waits return at once.
//
// Several kernels may live on a thread, only one of them runs.
class Kernel {
 public:
  explicit Kernel(const KernelOptions& options);
  // Shutdown(), if that has not been called.
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // ---- from anywhere ----
  TaskGroup& MakeGroup(std::string name);
  // Starts a fiber. False, and the body is dropped, if the group is dead or the caller is dying.
  bool Spawn(TaskGroup& group, std::string name, std::function<void()> body);
  void WakeOne(WaitList& list);
  void WakeAll(WaitList& list);
  // Calls `action` at `when` (at the next decision if that has passed), before fibers that become
  // ready at that instant run. kHousekeeping if a run without other timers is to be stuck.
  template <class F>
  EventId At(TimePoint when, F&& action, WaitKind kind = WaitKind::kProgress);
  // False if it has fired or been cancelled already.
  bool CancelEvent(EventId id);
  // Marks the group dead and unwinds its fibers. From a fiber of the group: does not return.
  void Kill(TaskGroup& group);
  // Holds back the group's fibers: those that are ready or become ready run only after Resume.
  void Pause(TaskGroup& group);
  void Resume(TaskGroup& group);
  // Ends the run before the next turn.
  void Stop() {
    if (!Masked()) stop_ = attention_ = true;
  }

  TimePoint Now() { return time_.Now(); }
  // The running fiber; null outside of fibers, and while an event or a hook runs.
  KernelTask* current() const {
    return acting_for_world_ || current_ == &main_ ? nullptr : current_;
  }
  // True while a crash unwinds the running fiber.
  bool Unwinding() const { return !acting_for_world_ && current_->killed_; }
  std::uint64_t turns() const { return turns_; }
  std::uint64_t events() const { return events_; }
  std::size_t live_tasks() const { return live_; }
  std::size_t timers() const { return timers_.size() - stale_timers_; }
  // Fibers that have not ended and what they wait for, in the order of spawning.
  std::vector<WaitingTask> Waiting() const;

  // ---- from the thread's own stack ----
  // Runs until one of RunEnd; may be called again to go on.
  RunResult Run(const RunLimits& limits = {});
  // Kills every group, in the order of making. Returns what left the dying fibers.
  std::vector<FiberFailure> Shutdown();

  // ---- from fibers; the points where they suspend and where a crash unwinds them ----
  // See WaitQueue::Wait. `list` may be null: then only deadline or cancellation end the wait.
  // A wait that could not be resumed safely (an exception is in flight: a destructor waits) is a
  // defect: it is kept as an AssertionFailed that ends the run, and returns kCancelled at once.
  WaitOutcome Wait(const WaitOptions& options, WaitList* list);
  void Yield();

 private:
  struct EventRecord : internal::TimerTarget {
    EventRecord() : TimerTarget(false) {}
    std::size_t slot = 0;
    TimedAction action;
  };
  class Algorithm;
  struct WorldScope;

  // Births and deaths.
  KernelTask* NewTask();
  void StartFiber(KernelTask* task);
  void FiberMain(KernelTask* task);
  void RunBody(KernelTask* task);
  void KeepFailure(std::exception_ptr exception);
  // Decisions: who runs next; main_ when the run ends.
  KernelTask* Choose() noexcept;
  KernelTask* ChooseOrThrow();
  KernelTask* Attend();
  KernelTask* PickReady();
  bool HookLetsRun(KernelTask* task);
  bool Advance();
  void FireDueTimers(TimePoint now);
  void FireEvent(EventRecord* event);
  void NoteTime(TimePoint now);
  void EndRun(RunEnd end) { end_ = end; }
  // Switches.
  void EnterScheduler();
  void LeaveScheduler() noexcept;
  void SwitchAway(KernelTask* self);
  void SwitchTo(KernelTask* self, KernelTask* next);
  void BecomeCurrent(KernelTask* next) noexcept;
  // Waits.
  bool MaySuspend();
  bool MayWait();
  bool MayWaitAfterAll();
  void Wake(KernelTask* task, WaitOutcome outcome);
  void EndWait(KernelTask* task);
  void MakeReady(KernelTask* task);
  void ArmTimer(internal::TimerTarget* target, TimePoint when, WaitKind kind);
  void DisarmTimer(internal::TimerTarget* target);
  EventRecord* NewEvent();
  void ReleaseEvent(EventRecord* event);
  // True when the caller is a dying fiber, whose effects are masked. Events act for the world, also
  // on the stack of a dying fiber.
  bool Masked() const { return !acting_for_world_ && current_->killed_; }

  TimeSource& time_;
  Picker& picker_;
  StackPool& stacks_;
  TurnHook* hook_;
  const bool time_passes_;
  Algorithm* algorithm_;
  internal::ExceptionState* exceptions_ = nullptr;  // of the OS thread

  KernelTask main_;        // the thread's own stack
  KernelTask dispatcher_;  // Boost's, which frees finished fibers
  KernelTask* current_ = &main_;
  KernelTask* next_ = nullptr;  // decided before the switch
  ReadySet ready_;
  std::deque<KernelTask*> dying_;
  TimerHeap timers_;
  bool acting_for_world_ = false;
  bool stop_ = false;
  bool running_ = false;
  bool attention_ = false;  // Attend() may have something to do

  // Accounting.
  std::uint64_t turns_ = 0;
  std::uint64_t events_ = 0;
  RunLimits limits_;
  std::uint64_t event_limit_ = UINT64_MAX;  // in terms of events_
  std::uint64_t budget_ = UINT64_MAX;       // events_ at which some limit is reached
  TimePoint last_move_;
  RunEnd end_ = RunEnd::kFinished;

  std::uint64_t next_timer_number_ = 1;
  std::uint64_t progress_timers_ = 0;
  std::size_t stale_timers_ = 0;
  std::uint64_t next_task_id_ = 1;
  std::size_t live_ = 0;
  unsigned finished_contexts_ = 0;  // to be freed by Boost's dispatcher

  std::vector<FiberFailure> failures_;
  std::deque<std::unique_ptr<TaskGroup>> groups_;
  std::deque<std::unique_ptr<KernelTask>> tasks_;
  std::vector<KernelTask*> free_tasks_;
  std::deque<EventRecord> event_records_;
  std::vector<EventRecord*> free_events_;
};

template <class F>
EventId Kernel::At(TimePoint when, F&& action, WaitKind kind) {
  if (Masked()) return {};
  EventRecord* event = NewEvent();
  event->action.Set(std::forward<F>(action));
  ArmTimer(event, when, kind);
  if (when <= time_.Now()) attention_ = true;
  return {.number = event->timer_number, .slot = event->slot};
}

}  // namespace faultline
