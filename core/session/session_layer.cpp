#include "core/session/session_layer.h"

#include <utility>

#include "core/session/announce.h"

namespace faultline {

void AnnounceError(const LayerContext& context, std::string_view where, const Status& status) {
  context.runtime.env.observer.Announce(Point::kErrorSeen,
                                        {internal::IdField("monitored", context.monitored),
                                         {"where", where},
                                         internal::CodeField(status),
                                         internal::MessageField(status)});
}

RawLayer::RawLayer(std::shared_ptr<Session> session) : session_(std::move(session)) {
  FL_ASSERT(session_ != nullptr, "a layer without a session");
}

WrappedSession::WrappedSession(LayerContext context, std::unique_ptr<SessionLayer> inner)
    : context_(context), inner_(std::move(inner)) {}

Session* WrappedSession::raw_session() const { return inner_ ? inner_->raw_session() : nullptr; }

Graph* WrappedSession::graph() const { return inner_ ? inner_->graph() : nullptr; }

std::string WrappedSession::target() const { return inner_ ? inner_->target() : std::string(); }

std::uint64_t WrappedSession::session_id() const { return inner_ ? inner_->session_id() : 0; }

Result<bool> WrappedSession::ShouldStop() {
  FL_ASSIGN_OR_RETURN(const bool own, CheckStop());
  if (own) return true;
  const std::shared_ptr<SessionLayer> inner = inner_;
  if (!inner) return true;
  return inner->ShouldStop();
}

Result<Fetched> WrappedSession::Run(const RunRequest& request) {
  const std::shared_ptr<SessionLayer> inner = inner_;
  if (!inner) return Status(Code::kRuntimeError, "the session is closed");
  return inner->Run(request);
}

Status WrappedSession::RunStepFn(const StepFn& step_fn, std::uint32_t number) {
  const std::shared_ptr<SessionLayer> inner = inner_;
  if (!inner) return Status(Code::kRuntimeError, "the session is closed");
  return step_fn({*inner->raw_session(), *this, number});
}

Status WrappedSession::CloseInner() {
  const std::shared_ptr<SessionLayer> inner = std::exchange(inner_, nullptr);
  return inner ? inner->Close() : Status();
}

Status WrappedSession::Close() {
  const Status status = CloseInner();
  if (!IsPreemption(status)) return status;
  // WS-4: the session is gone, which is all that a close wants.
  AnnounceError(context_, "close", status);
  env().logger.Log(LogLevel::kWarning,
                   "an error while closing a session is ignored: " + status.ToString());
  return Status();
}

}  // namespace faultline
