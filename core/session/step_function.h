#pragma once

#include <concepts>
#include <functional>
#include <type_traits>

#include "core/base/result.h"
#include "core/exec/session.h"

namespace faultline {

// What a step function is given (SF-1); it lives as long as one execution of the function. Users
// know it as MonitoredSession::StepContext.
class StepFnContext {
 public:
  using HookedRun = std::function<Result<Fetched>(const RunRequest&)>;
  StepFnContext(Session& session, HookedRun run) : session_(session), run_(std::move(run)) {}
  StepFnContext(const StepFnContext&) = delete;
  StepFnContext& operator=(const StepFnContext&) = delete;

  // The raw session of this execution (SF-8): runs through it call no hooks (SF-3). Not to be kept:
  // the next execution may have another one.
  Session& session() const { return session_; }
  // A run with all hooks, with the arguments of MonitoredSession::Run; as often as wanted (SF-3).
  // Throws what Run throws, and preemption errors too: let them pass, so that the session recovers
  // and calls the function again (SF-5). Suspends.
  Fetched RunWithHooks(const Fetch& fetches, const FeedDict& feeds = {},
                       const RunOptions* options = nullptr, RunMetadata* metadata = nullptr);
  // SF-4: leaves the function at once by throwing StopIteration, which ends a WithSession quietly.
  [[noreturn]] void RequestStop();

 private:
  Session& session_;
  HookedRun run_;
};

// SF-2: a callable that takes a StepContext& and nothing else.
template <class F>
concept StepFunction = std::invocable<F&, StepFnContext&> && !std::invocable<F&>;

// What RunStepFn returns for it: what the function returns, as a value; void for void.
template <StepFunction F>
using StepResult = std::remove_cvref_t<std::invoke_result_t<F&, StepFnContext&>>;

}  // namespace faultline
