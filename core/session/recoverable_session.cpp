#include "core/session/recoverable_session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/env/env.h"
#include "core/session/session_log.h"

namespace faultline {

RecoverableSession::RecoverableSession(LayerContext context, LayerCreator creator,
                                       RecoveryOptions options)
    : WrappedSession(context, nullptr), creator_(std::move(creator)), options_(options) {}

bool RecoverableSession::LeadsToRecovery(const Status& status) const {
#ifdef FL_MUTANTS
  const bool mutant = context().runtime.semantics.mutant_recover_on_internal;
  if (mutant && status.code() == Code::kInternal) return true;
#endif
  return IsPreemption(status);  // ER-4
}

void RecoverableSession::PauseBeforeCreation() {
  if (!context().runtime.semantics.bounded_recovery || fruitless_creations_ == 0) return;
  Duration pause = options_.first_pause;
  for (int i = 1; i < fruitless_creations_ && pause < options_.longest_pause; ++i) {
    pause = pause * 2;
  }
  pause = std::min(pause, options_.longest_pause);
  internal::SessionLog(env(), context().monitored).Pauses(pause);
  SleepFor(env(), "the pause between two recoveries", pause);
}

Status RecoverableSession::CountRecovery(const Status& error) {
  if (!context().runtime.semantics.bounded_recovery) return Status();
  if (recoveries_ < options_.max_recoveries) {
    ++recoveries_;
    return Status();
  }
  env().logger.Log(LogLevel::kError,
                   "too many recoveries without a finished run: " + error.ToString());
  ended_ = error;
  lost_ = error;
  return error;
}

Status RecoverableSession::CreateInner() {
  while (true) {
    if (!ended_.ok()) return ended_;
    PauseBeforeCreation();
    ++fruitless_creations_;
    Result<std::unique_ptr<SessionLayer>> created = creator_();
    if (created.ok()) {
      set_inner(std::move(created).value());
      lost_ = Status();
      if (std::exchange(replaces_, true)) {
        internal::SessionLog(env(), context().monitored).Recovered(session_id(), ++replaced_);
      }
      return Status();
    }
    const Status error = created.status();
    AnnounceError(context(), "create", error);
    if (!LeadsToRecovery(error)) {
      lost_ = error;
      return error;
    }
    env().logger.Log(
        LogLevel::kInfo,
        "A session could not be created because of a preemption error, trying again: " +
            error.ToString());
    FL_RETURN_IF_ERROR(CountRecovery(error));
  }
}

Status RecoverableSession::GiveUp(const std::shared_ptr<SessionLayer>& failed,
                                  const Status& error) {
  if (inner() != failed) return Status();
  internal::SessionLog(env(), context().monitored).Lost(failed->session_id(), error);
  const Status closed = Close();
  // What a thread reports while it is stopped is no reason to give up (INV-33).
  const bool consequence = context().runtime.semantics.keep_root_cause && closed.derived();
  if (consequence) {
    env().logger.Log(LogLevel::kWarning,
                     "an error of a thread that was stopped is ignored: " + closed.ToString());
  } else if (!closed.ok()) {
    lost_ = closed;
    return closed;
  }
  lost_ = error;
  return CountRecovery(error);
}

template <class Attempt>
Status RecoverableSession::Repeat(const Attempt& attempt) {
  for (std::uint32_t number = 1;; ++number) {  // WS-14
    if (!inner()) FL_RETURN_IF_ERROR(CreateInner());
    const std::shared_ptr<SessionLayer> used = inner();
    const Status status = attempt(*used, number);
    if (status.ok()) {
      recoveries_ = 0;
      fruitless_creations_ = 0;
      return status;
    }
    if (!LeadsToRecovery(status)) return status;  // WS-13: the session is kept
    FL_RETURN_IF_ERROR(GiveUp(used, status));
  }
}

Result<Fetched> RecoverableSession::Run(const RunRequest& request) {
  RunRequest repeated = request;
  std::optional<Result<Fetched>> result;
  FL_RETURN_IF_ERROR(Repeat([&](SessionLayer& layer, std::uint32_t number) {
    repeated.context.attempt = number;
    result.emplace(layer.Run(repeated));
    return result->status();
  }));
  return std::move(*result);
}

Status RecoverableSession::RunStepFn(const StepFn& step_fn, std::uint32_t number) {
  return Repeat([&](SessionLayer& layer, std::uint32_t repetition) {
    return layer.RunStepFn(step_fn, number + repetition - 1);
  });
}

Result<bool> RecoverableSession::ShouldStop() {
  const std::shared_ptr<SessionLayer> used = inner();
  if (!used) return true;
  const Result<bool> stop = used->CheckStop();
  if (stop.ok()) {
    if (*stop) return true;
    return used->ShouldStop();
  }
  if (!LeadsToRecovery(stop.status())) return true;  // WS-19: it comes out at close
  FL_RETURN_IF_ERROR(GiveUp(used, stop.status()));   // WS-17
  if (!inner()) FL_RETURN_IF_ERROR(CreateInner());
  return false;
}

}  // namespace faultline
