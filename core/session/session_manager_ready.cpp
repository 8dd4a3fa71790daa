// The readiness protocol of SessionManager (SM-5..SM-10).

#include "core/session/session_manager.h"

#include <utility>

#include <fmt/format.h>

#include "core/session/announce.h"
#include "core/session/session_log.h"

namespace faultline {

using internal::CodeField;
using internal::FlagField;
using internal::IdField;

namespace {

constexpr std::string_view kNotReadyMarker = "uninitialized";  // ER-8

bool IsNotReady(const Status& status) {
  return status.code() == Code::kFailedPrecondition &&
         status.ToString().find(kNotReadyMarker) != std::string::npos;
}

}  // namespace

Result<SessionManager::Readiness> SessionManager::CheckReady(Session& session, const Fetch& op,
                                                             std::string_view which) {
  if (op.null()) return Readiness();  // SM-5
  const Result<Readiness> result = RunReadyOp(session, op, which);
  const bool ready = result.ok() && result->ready;
  runtime_.env.observer.Announce(
      Point::kReadyCheck,
      {IdField("session", session.id()),
       {"which", which},
       FlagField("ready", ready),
       {"reason", result.ok() ? std::string_view(result->reason) : std::string_view()},
       CodeField(result.status())});
  return result;
}

Result<SessionManager::Readiness> SessionManager::CheckReadyAtLast(Session& session) {
#ifdef FL_MUTANTS
  if (runtime_.semantics.mutant_hand_out_unready) return Readiness();
#endif
  return CheckReady(session, options_.ready_op, "ready");
}

Result<SessionManager::Readiness> SessionManager::RunReadyOp(Session& session, const Fetch& op,
                                                             std::string_view which) {
  const Result<Fetched> value =
      session.TryRun({.fetches = op, .context = {.cause = Cause::kReadyCheck}});
  if (!value.ok()) {  // SM-8
    const Status status = value.status();
    if (IsNotReady(status)) return Readiness{false, status.ToString()};
    if (status.code() == Code::kFailedPrecondition) {
      Log(LogLevel::kWarning, fmt::format("the {} check failed: {}", which, status.ToString()));
    }
    return status;
  }
  if (value->null()) return Readiness();  // SM-6
  if (!value->is_tensor()) {
    return Status(Code::kTypeError, fmt::format("the {} op must give one tensor of names", which));
  }
  const Tensor& names = value->tensor();
  if (names.dtype() == DataType::kInt32 || names.NumElements() == 0) return Readiness();
  if (names.dtype() != DataType::kString || names.shape().rank() != 1) {  // SM-7
    return Status(Code::kTypeError,
                  fmt::format("the {} op must give a list of names, not {} of shape {}", which,
                              DataTypeName(names.dtype()), names.shape().ToString()));
  }
  const auto elements = names.flat<std::string>();
  return Readiness{false, fmt::format("variables without a value: {}",
                                      fmt::join(elements.begin(), elements.end(), ", "))};
}

Result<SessionManager::Readiness> SessionManager::TryLocalInit(Session& session) {
  if (options_.local_init_op.null()) return Readiness();  // SM-9
  bool ask = true;
#ifdef FL_MUTANTS
  ask = !runtime_.semantics.mutant_local_init_unasked;
#endif
  Readiness readiness;
  if (ask) {
    FL_ASSIGN_OR_RETURN(
        readiness, CheckReady(session, options_.ready_for_local_init_op, "ready_for_local_init"));
  }
  if (!readiness.ready) return readiness;

  internal::SessionLog log(runtime_.env);
  log.RunsLocalInit(session.id());
  const auto& run_options = options_.local_init_run_options;
  const Status status = session
                            .TryRun({.fetches = options_.local_init_op,
                                     .feeds = options_.local_init_feeds,
                                     .options = run_options ? &*run_options : nullptr,
                                     .context = {.cause = Cause::kLocalInit}})
                            .status();
  log.RanLocalInit(session.id(), status);
  FL_RETURN_IF_ERROR(status);  // SM-10
  return readiness;
}

}  // namespace faultline
