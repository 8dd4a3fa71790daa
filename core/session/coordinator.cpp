#include "core/session/coordinator.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"

namespace faultline {

namespace {

constexpr Duration kFirstJoinSleep = Duration::Milliseconds(1);
constexpr Duration kLongestJoinSleep = Duration::Seconds(1'000'000);

void AddOnce(std::vector<std::shared_ptr<Task>>& threads, std::shared_ptr<Task> thread) {
  if (std::find(threads.begin(), threads.end(), thread) == threads.end()) {
    threads.push_back(std::move(thread));
  }
}

bool IsAlive(const std::shared_ptr<Task>& thread) { return !thread->finished(); }

}  // namespace

Coordinator::Coordinator(Env& env, std::set<Code> clean_stop_codes, bool keep_late_errors)
    : env_(env),
      clean_stop_codes_(std::move(clean_stop_codes)),
      keep_late_errors_(keep_late_errors),
      stop_(env.spawner),
      stopping_(std::make_shared<CancelToken>()) {}

void Coordinator::RequestStop(Status reason) { ThrowIfError(TryRequestStop(std::move(reason))); }

void Coordinator::RequestStop(std::exception_ptr reason) {
  RequestStop(reason ? StatusFromException(std::move(reason)) : Status());
}

Status Coordinator::TryRequestStop(Status reason) {
  if (clean_stop_codes_.contains(reason.code())) reason = Status();  // CO-4
  if (joined_ && !reason.ok()) return reason;                        // CO-2
  if (stop_.IsSet()) {                                               // CO-3
    const bool late = keep_late_errors_ && recorded_.ok() && !reason.ok();
    if (late) recorded_ = reason.AsDerived();
    return Status();
  }
  recorded_ = std::move(reason);
  stop_.Set();
  stopping_->Cancel(Status(Code::kCancelled, "the coordinator was asked to stop"));
  return Status();
}

void Coordinator::StopOnException(const std::function<void()>& body) {
  const Status status = CallUser(body);
  if (!status.ok()) RequestStop(status);
}

bool Coordinator::WaitForStop(Duration timeout) {
  if (timeout <= Duration() || ShouldStop()) return ShouldStop();
  // Who waits hears of a stop even if it is cleared (CO-7) before it has its turn.
  const std::shared_ptr<CancelToken> stopping = stopping_;
  stop_.Wait({.what = "a stop of the coordinator",
              .deadline = env_.clock.Now() + timeout,
              .cancel = stopping.get()});
  return stopping->cancelled();
}

void Coordinator::ClearStop() {
  joined_ = false;
  recorded_ = Status();
  if (!stop_.IsSet()) return;
  stop_.Reset();
  stopping_ = std::make_shared<CancelToken>();
}

void Coordinator::RaiseRequestedException() const { ThrowIfError(recorded_); }

void Coordinator::RegisterThread(std::shared_ptr<Task> thread) {
  AddOnce(registered_, std::move(thread));
}

void Coordinator::AwaitEndOrStop(const Threads& threads) {
  const std::shared_ptr<CancelToken> stopping = stopping_;
  for (const auto& thread : threads) {
    if (stopping->cancelled()) return;
    if (!IsAlive(thread)) continue;
    // Woken by the stop as well, so that nothing polls.
    thread->Join({.what = "threads of the coordinator", .cancel = stopping.get()});
  }
}

// CO-18: the planned sleeps are TensorFlow's, and slept to their end.
void Coordinator::AwaitEnd(const Threads& threads, Duration grace) {
  Duration next = kFirstJoinSleep;
  join_sleeps_.clear();
  while (grace >= Duration() && std::any_of(threads.begin(), threads.end(), IsAlive)) {
    const Duration sleep = std::max(kFirstJoinSleep, std::min(next, grace));
    join_sleeps_.push_back(sleep);
    SleepFor(env_, "the end of the coordinator's threads", sleep);
    next = std::min(next * 2, kLongestJoinSleep);
    grace -= sleep;
  }
}

Status Coordinator::TryJoin(const std::vector<std::shared_ptr<Task>>& threads,
                            Duration stop_grace_period, bool ignore_live_threads) {
  Threads waited = registered_;  // CO-16
  for (const auto& thread : threads) AddOnce(waited, thread);
  AwaitEndOrStop(waited);               // CO-17
  AwaitEnd(waited, stop_grace_period);  // CO-18

  joined_ = true;  // CO-19
  registered_.clear();
  stragglers_.clear();
  std::vector<std::string> names;
  for (const auto& thread : waited) {
    if (!IsAlive(thread)) continue;
    stragglers_.push_back(thread);
    names.push_back(thread->name());
  }
  if (!recorded_.ok()) return recorded_;
  if (names.empty()) return Status();  // CO-21
  const std::string text = fmt::format("threads did not stop within {} s: {}",
                                       stop_grace_period.seconds(), fmt::join(names, ", "));
  if (!ignore_live_threads) return Status(Code::kRuntimeError, text);  // CO-20
  env_.logger.Log(LogLevel::kInfo, text);
  return Status();
}

void Coordinator::Join(const std::vector<std::shared_ptr<Task>>& threads,
                       Duration stop_grace_period, bool ignore_live_threads) {
  ThrowIfError(TryJoin(threads, stop_grace_period, ignore_live_threads));
}

bool Coordinator::HasLiveThreads() const {
  return std::any_of(registered_.begin(), registered_.end(), IsAlive) ||
         std::any_of(stragglers_.begin(), stragglers_.end(), IsAlive);
}

void Coordinator::AwaitThreads() {
  Threads threads = registered_;
  threads.insert(threads.end(), stragglers_.begin(), stragglers_.end());
  for (const auto& thread : threads) {
    if (IsAlive(thread)) thread->Join({.what = "threads that outlive their session"});
  }
}

}  // namespace faultline
