#include "core/session/coordinated_session.h"

#include <utility>

#include "core/session/announce.h"

namespace faultline {

using internal::CodeField;
using internal::IdField;
using internal::MessageField;

CoordinatedSession::CoordinatedSession(LayerContext context, std::unique_ptr<SessionLayer> inner,
                                       std::shared_ptr<Coordinator> coordinator,
                                       Duration stop_grace_period, std::shared_ptr<bool> kept_stop)
    : WrappedSession(context, std::move(inner)),
      coordinator_(std::move(coordinator)),
      stop_grace_period_(stop_grace_period),
      kept_stop_(std::move(kept_stop)) {}

Result<bool> CoordinatedSession::CheckStop() {
  if (kept_stop_ && inner()) {
    if (*kept_stop_) return true;
    const Result<bool> hooks = inner()->ShouldStop();
    if (hooks.ok() && *hooks) return true;
  }
  const Status recorded = coordinator_->recorded();
  if (!recorded.ok()) {
    AnnounceError(context(), "coordinator", recorded);
    return recorded;
  }
  return coordinator_->ShouldStop();
}

Result<Fetched> CoordinatedSession::RunOnce(const RunRequest& request) {
  Result<Fetched> result = WrappedSession::Run(request);
  if (result.ok() || IsPreemption(result.status())) return result;
  const Status recorded = coordinator_->recorded();
  if (!IsPreemption(recorded)) return result;
  AnnounceError(context(), "coordinator", recorded);  // WS-23: the likelier cause
  return recorded;
}

Result<Fetched> CoordinatedSession::Run(const RunRequest& request) {
  const std::uint64_t session = session_id();
  const auto attempt = static_cast<std::int64_t>(request.context.attempt);
  env().observer.Announce(Point::kRunStart, {IdField("monitored", context().monitored),
                                             IdField("session", session),
                                             IdField("run", request.context.user_run_id),
                                             {"attempt", attempt}});
  Result<Fetched> result = RunOnce(request);
  const Status status = result.status();
  env().observer.Announce(Point::kRunEnd, {IdField("monitored", context().monitored),
                                           IdField("session", session),
                                           IdField("run", request.context.user_run_id),
                                           {"attempt", attempt},
                                           CodeField(status),
                                           MessageField(status)});
  return result;
}

Status CoordinatedSession::JoinThreads() {
  Duration grace = stop_grace_period_;
#ifdef FL_MUTANTS
  if (context().runtime.semantics.mutant_overlong_join) grace = grace * 2;
#endif
  const Status joined = coordinator_->TryJoin({}, grace, true);
#ifdef FL_MUTANTS
  if (context().runtime.semantics.mutant_forget_thread_error) return Status();
#endif
  return joined;
}

Status CoordinatedSession::Close() {
  if (std::exchange(closed_, true)) return Status();
  if (kept_stop_ && coordinator_->ShouldStop() && coordinator_->recorded().ok()) {
    *kept_stop_ = true;
  }
  const Status stopped = coordinator_->TryRequestStop(Status());
  FL_ASSERT(stopped.ok(), "a stop without a reason failed: {}", stopped.ToString());
  const Status joined = JoinThreads();
  const Status closed = CloseInner();
  if (!closed.ok()) {  // swallowed, whatever it is
    AnnounceError(context(), "close", closed);
    env().logger.Log(LogLevel::kInfo, "closing a session failed: " + closed.ToString());
  }
  if (!joined.ok()) AnnounceError(context(), "coordinator", joined);
  return joined;
}

}  // namespace faultline
