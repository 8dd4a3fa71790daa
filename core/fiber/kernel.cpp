#include "core/fiber/kernel.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "core/base/assert.h"
#include "core/base/unwind.h"

namespace faultline {
namespace {

// Calls of one dying fiber after which it counts as a loop that swallows NodeCrashed for ever.
constexpr std::uint64_t kDeadCallLimit = 1'000'000;
// Cancelled timers stay in the heap until they outnumber half of it.
constexpr std::size_t kStaleTimersAllowed = 64;

// Out of the way of the hot path.
[[noreturn, gnu::cold]] void FailPick(std::size_t index, std::size_t size) {
  internal::FailAssertion(__FILE__, __LINE__, "index < size",
                          internal::FormatValues("picked {} of {}", index, size));
}

std::uint64_t SaturatingSum(std::uint64_t a, std::uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

}  // namespace

// Marks a section that acts for the world, not for the fiber whose stack it borrows.
struct Kernel::WorldScope {
  explicit WorldScope(Kernel& kernel) : flag(kernel.acting_for_world_), before(flag) {
    flag = true;
  }
  ~WorldScope() { flag = before; }
  WorldScope(const WorldScope&) = delete;
  WorldScope& operator=(const WorldScope&) = delete;
  bool& flag;
  bool before;
};

std::string_view RunEndName(RunEnd end) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"finished", "stopped", "stuck", "time limit", "event limit", "livelock", "failed"});
  return kNames[static_cast<std::size_t>(end)];
}

// ---- small steps that every switch takes ----

inline void Kernel::MakeReady(KernelTask* task) {
  task->state_ = internal::TaskState::kReady;
  if (task->group_->paused_) {
    task->held_ = true;
  } else {
    ready_.PushBack(task);
  }
}

void Kernel::ArmTimer(internal::TimerTarget* target, TimePoint when, WaitKind kind) {
  target->timer_number = next_timer_number_++;
  target->kind = kind;
  if (kind == WaitKind::kProgress) ++progress_timers_;
  timers_.Push({.at = when, .number = target->timer_number, .target = target});
}

inline void Kernel::DisarmTimer(internal::TimerTarget* target) {
  if (target->timer_number == 0) return;
  target->timer_number = 0;
  if (target->kind == WaitKind::kProgress) --progress_timers_;
  if (++stale_timers_ <= kStaleTimersAllowed + timers_.size() / 2) return;
  timers_.Compact();
  stale_timers_ = 0;
}

inline void Kernel::EndWait(KernelTask* task) {
  if (task->list_ != nullptr) task->list_->Unlink(task);
  DisarmTimer(task);
  if (task->cancel_ != nullptr) {
    task->cancel_->Remove(task->cancel_id_);
    task->cancel_ = nullptr;
  }
}

inline void Kernel::Wake(KernelTask* task, WaitOutcome outcome) {
  if (task->state_ != internal::TaskState::kWaiting) return;
  EndWait(task);
  task->outcome_ = outcome;
  MakeReady(task);
}

// The budget of events at one time starts anew.
inline void Kernel::NoteTime(TimePoint now) {
  last_move_ = now;
  budget_ = event_limit_;
  if (!time_passes_) {
    budget_ = std::min(budget_, SaturatingSum(events_, limits_.events_at_one_time));
  }
}

// ---- births and deaths ----

TaskGroup& Kernel::MakeGroup(std::string name) {
  groups_.push_back(
      std::unique_ptr<TaskGroup>(new TaskGroup(*this, std::move(name), groups_.size())));
  return *groups_.back();
}

KernelTask* Kernel::NewTask() {
  if (free_tasks_.empty()) {
    tasks_.push_back(std::unique_ptr<KernelTask>(new KernelTask));
    free_tasks_.reserve(tasks_.size());  // so that the return of a record cannot fail
    return tasks_.back().get();
  }
  KernelTask* task = free_tasks_.back();
  free_tasks_.pop_back();
  task->killed_ = false;
  task->held_ = false;
  task->dead_calls_ = 0;
  task->exceptions_ = {};
  return task;
}

bool Kernel::Spawn(TaskGroup& group, std::string name, std::function<void()> body) {
  FL_ASSERT(&group.kernel_ == this, "group {} belongs to another kernel", group.name_);
  FL_ASSERT(body != nullptr, "fiber {} has no body", name);
  if (Masked() || !group.alive_) return false;
  KernelTask* task = NewTask();
  task->id_ = next_task_id_++;
  task->group_ = &group;
  task->name_ = std::move(name);
  task->body_ = std::move(body);
  task->since_ = time_.Now();
  StartFiber(task);
  group.Link(task);
  ++live_;
  MakeReady(task);
  return true;
}

void Kernel::KeepFailure(std::exception_ptr exception) {
  const bool fiber = !acting_for_world_ && current_ != &main_;
  failures_.push_back({.exception = std::move(exception),
                       .task = fiber ? current_->name_ : "(event)",
                       .group = fiber ? current_->group_->name_ : ""});
  stop_ = true;
  attention_ = true;
}

void Kernel::Kill(TaskGroup& group) {
  if (Masked() || !group.alive_) return;
  const bool self_kill = !acting_for_world_ && current_->group_ == &group;
  if (self_kill && !MaySuspend()) return;
  group.alive_ = false;
  attention_ = true;
  // No waiter may be reachable any more when the first of them unwinds: what a queue or token
  // belongs to may die with the next one.
  for (KernelTask* task = group.newest_; task != nullptr; task = task->older_) {
    if (task->state_ == internal::TaskState::kWaiting) EndWait(task);
    if (task->ready_slot_ != KernelTask::kNoSlot) ready_.Remove(task);
    task->held_ = false;
    task->killed_ = true;
    task->state_ = internal::TaskState::kDying;
    dying_.push_back(task);  // newest first: what a fiber refers to is owned by an older one
  }
  if (!self_kill) return;
  SwitchAway(current_);
  throw NodeCrashed();
}

std::vector<FiberFailure> Kernel::Shutdown() {
  FL_ASSERT(!running_, "a kernel cannot be shut down from inside");
  for (std::size_t i = 0; i < groups_.size(); ++i) Kill(*groups_[i]);
  stop_ = true;
  attention_ = true;
  EnterScheduler();
  SwitchAway(&main_);
  LeaveScheduler();
  FL_ASSERT(live_ == 0, "{} fibers have survived their crash", live_);
  for (EventRecord& event : event_records_) {
    DisarmTimer(&event);
    event.action.Reset();
  }
  return std::exchange(failures_, {});
}

// ---- decisions ----

RunResult Kernel::Run(const RunLimits& limits) {
  FL_ASSERT(!running_, "a kernel cannot be run from inside");
  limits_ = limits;
  event_limit_ = SaturatingSum(events_, limits.events);
  stop_ = false;
  attention_ = true;
  NoteTime(time_.Now());
  EnterScheduler();
  SwitchAway(&main_);
  LeaveScheduler();
  RunResult result;
  result.failures = std::exchange(failures_, {});
  result.end = result.failures.empty() ? end_ : RunEnd::kFailed;
  if (result.end != RunEnd::kStopped) result.waiting = Waiting();
  return result;
}

KernelTask* Kernel::Choose() noexcept {
  try {
    return ChooseOrThrow();
  } catch (...) {  // from an event, a hook, the picker or the clock: the entry of those
    const WorldScope scope(*this);
    KeepFailure(std::current_exception());
  }
  return &main_;
}

KernelTask* Kernel::ChooseOrThrow() {
  for (;;) {
    if (attention_) [[unlikely]] {
      if (KernelTask* task = Attend()) return task;
      if (!dying_.empty() || stop_) continue;
    }
    if (events_ >= budget_) [[unlikely]] {
      EndRun(events_ >= event_limit_ ? RunEnd::kEventLimit : RunEnd::kLivelock);
      return &main_;
    }
    if (ready_.empty()) {
      if (!Advance()) return &main_;
    } else if (KernelTask* task = PickReady()) {
      return task;
    }
  }
}

// What comes before the ready fibers: dying ones, the end of the run, timers that are due although
// time has not been moved. Null if none of these decides.
KernelTask* Kernel::Attend() {
  if (!dying_.empty()) {  // a crash completes before anything else happens
    KernelTask* task = dying_.front();
    dying_.pop_front();
    return task;
  }
  if (stop_) {
    EndRun(RunEnd::kStopped);
    return &main_;
  }
  attention_ = time_passes_;
  if (time_passes_) {
    const WorldScope scope(*this);
    time_.Poll();
  }
  const TimePoint now = time_.Now();
  if (now > limits_.until) {
    EndRun(RunEnd::kTimeLimit);
    return &main_;
  }
  FireDueTimers(now);
  return nullptr;
}

KernelTask* Kernel::PickReady() {
  const std::size_t size = ready_.size();
  const std::size_t index = size == 1 ? 0 : picker_.Pick(ready_);
  if (index >= size) [[unlikely]] {
    FailPick(index, size);
  }
  KernelTask* task = ready_.Take(index);
  if (hook_ != nullptr && !HookLetsRun(task)) return nullptr;
  ++events_;
  ++turns_;
  ++task->group_->turns_;
  task->state_ = internal::TaskState::kRunning;
  return task;
}

bool Kernel::HookLetsRun(KernelTask* task) {
  const WorldScope scope(*this);
  TaskGroup& group = *task->group_;
  try {
    hook_->BeforeTurn({*task, group, turns_ + 1, group.turns_ + 1});
  } catch (...) {
    if (task->state_ == internal::TaskState::kReady && !task->held_) MakeReady(task);
    throw;
  }
  if (task->state_ != internal::TaskState::kReady) return false;              // killed
  if (task->held_ || task->ready_slot_ != KernelTask::kNoSlot) return false;  // paused
  if (!stop_) return true;
  MakeReady(task);
  return false;
}

// Nothing is ready: lets time pass until something is due. False when the run ends.
bool Kernel::Advance() {
  while (!timers_.empty() && !timers_.top().live()) {
    timers_.Pop();
    --stale_timers_;
  }
  if (progress_timers_ == 0 && (live_ == 0 || !time_.MayBeWoken())) {
    EndRun(live_ == 0 ? RunEnd::kFinished : RunEnd::kStuck);
    return false;
  }
  const TimePoint next = timers_.empty() ? TimePoint::Max() : timers_.top().at;
  const WorldScope scope(*this);
  time_.AdvanceTo(std::min(next, limits_.until));
  const TimePoint now = time_.Now();
  if (now > last_move_) NoteTime(now);
  FireDueTimers(std::min(now, limits_.until));
  if (next <= limits_.until || now < limits_.until || !ready_.empty()) return true;
  EndRun(RunEnd::kTimeLimit);
  return false;
}

void Kernel::FireDueTimers(TimePoint now) {
  while (!timers_.empty() && timers_.top().at <= now) {
    const TimerHeap::Entry entry = timers_.top();
    if (entry.live()) {
      if (events_ >= budget_ || stop_ || !dying_.empty()) {  // the rest comes later
        attention_ = true;
        return;
      }
      timers_.Pop();
      entry.target->timer_number = 0;
      if (entry.target->kind == WaitKind::kProgress) --progress_timers_;
      if (entry.target->is_task) {
        Wake(static_cast<KernelTask*>(entry.target), WaitOutcome::kDeadline);
      } else {
        FireEvent(static_cast<EventRecord*>(entry.target));
      }
    } else {
      timers_.Pop();
      --stale_timers_;
    }
  }
}

void Kernel::FireEvent(EventRecord* event) {
  struct Release {
    Kernel& kernel;
    EventRecord* event;
    ~Release() { kernel.ReleaseEvent(event); }
  };
  ++events_;
  const WorldScope scope(*this);
  const Release release{*this, event};
  event->action();
}

// ---- timers and events ----

Kernel::EventRecord* Kernel::NewEvent() {
  if (free_events_.empty()) {
    EventRecord& event = event_records_.emplace_back();
    event.slot = event_records_.size() - 1;
    free_events_.reserve(event_records_.size());  // so that ReleaseEvent cannot fail
    return &event;
  }
  EventRecord* event = free_events_.back();
  free_events_.pop_back();
  return event;
}

void Kernel::ReleaseEvent(EventRecord* event) {
  event->action.Reset();
  free_events_.push_back(event);
}

bool Kernel::CancelEvent(EventId id) {
  if (id.number == 0 || Masked()) return false;
  EventRecord& event = event_records_[id.slot];
  if (event.timer_number != id.number) return false;
  DisarmTimer(&event);
  ReleaseEvent(&event);
  return true;
}

// ---- waits ----

// A fiber that waits while an exception is in flight is inside of a destructor. Throwing there
// would end the program, so the defect is recorded instead.
bool Kernel::MaySuspend() {
  if (exceptions_->uncaught == 0) [[likely]]
    return true;
  KeepFailure(std::make_exception_ptr(AssertionFailed(
      "fiber " + current_->name_ + " waits in a destructor while an exception is in flight")));
  return false;
}

// The gate of every wait. False: the wait is to do nothing. A fiber that a crash is unwinding is
// turned away, or thrown at again if it has swallowed NodeCrashed, so that no handler keeps a dead
// process alive.
inline bool Kernel::MayWait() {
  if (!acting_for_world_ && current_ != &main_ && !current_->killed_ && exceptions_->uncaught == 0)
      [[likely]] {
    return true;
  }
  return MayWaitAfterAll();
}

bool Kernel::MayWaitAfterAll() {
  FL_ASSERT(!acting_for_world_, "an event or a hook must not wait");
  FL_ASSERT(current_ != &main_, "only a fiber can wait");
  if (!current_->killed_) return MaySuspend();
  if (++current_->dead_calls_ > kDeadCallLimit) {
    std::fprintf(stderr, "fiber %s swallows its crash for ever\n", current_->name_.c_str());
    std::abort();
  }
  if (exceptions_->uncaught > 0) return false;
  throw NodeCrashed();
}

WaitOutcome Kernel::Wait(const WaitOptions& options, WaitList* list) {
  if (!MayWait()) return WaitOutcome::kCancelled;
  KernelTask* self = current_;
  if (options.cancel != nullptr && options.cancel->cancelled()) return WaitOutcome::kCancelled;
  const TimePoint now = time_.Now();
  if (options.deadline <= now) return WaitOutcome::kDeadline;
  if (self->what_ != options.what) self->what_ = options.what;
  self->since_ = now;
  self->deadline_ = options.deadline;
  self->kind = options.kind;
  self->state_ = internal::TaskState::kWaiting;
  if (list != nullptr) list->PushBack(self);
  if (options.deadline != TimePoint::Max()) ArmTimer(self, options.deadline, options.kind);
  if (options.cancel != nullptr) {
    self->cancel_ = options.cancel;
    self->cancel_id_ = options.cancel->OnCancel([this, self] {
      if (!Masked()) Wake(self, WaitOutcome::kCancelled);
    });
  }
  SwitchAway(self);
  if (self->killed_) throw NodeCrashed();
  return self->outcome_;
}

void Kernel::Yield() {
  if (!MayWait()) return;
  KernelTask* self = current_;
  MakeReady(self);
  SwitchAway(self);
  if (self->killed_) throw NodeCrashed();
}

void Kernel::WakeOne(WaitList& list) {
  if (list.head_ != nullptr && !Masked()) Wake(list.head_, WaitOutcome::kWoken);
}

void Kernel::WakeAll(WaitList& list) {
  if (Masked()) return;
  while (list.head_ != nullptr) Wake(list.head_, WaitOutcome::kWoken);
}

void Kernel::Pause(TaskGroup& group) {
  if (Masked() || !group.alive_ || group.paused_) return;
  group.paused_ = true;
  for (KernelTask* task = group.oldest_; task != nullptr; task = task->newer_) {
    if (task->state_ != internal::TaskState::kReady) continue;
    if (task->ready_slot_ != KernelTask::kNoSlot) ready_.Remove(task);
    task->held_ = true;
  }
}

void Kernel::Resume(TaskGroup& group) {
  if (Masked() || !group.paused_) return;
  group.paused_ = false;
  for (KernelTask* task = group.oldest_; task != nullptr; task = task->newer_) {
    if (!task->held_) continue;
    task->held_ = false;
    ready_.PushBack(task);
  }
}

std::vector<WaitingTask> Kernel::Waiting() const {
  std::vector<WaitingTask> waiting;
  for (const auto& group : groups_) {
    group->ForEachTask([&](const KernelTask& task) {
      const bool waits = task.state_ == internal::TaskState::kWaiting;
      waiting.push_back({.id = task.id_,
                         .task = task.name_,
                         .group = group->name_,
                         .what = waits ? task.what_ : "",
                         .since = task.since_,
                         .deadline = waits ? task.deadline_ : TimePoint::Max(),
                         .kind = waits ? task.kind : WaitKind::kProgress,
                         .ready = !waits,
                         .paused = group->paused_});
    });
  }
  std::sort(waiting.begin(), waiting.end(),
            [](const WaitingTask& a, const WaitingTask& b) { return a.id < b.id; });
  return waiting;
}

}  // namespace faultline
