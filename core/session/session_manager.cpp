#include "core/session/session_manager.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/session/announce.h"
#include "core/session/session_log.h"

namespace faultline {

using internal::CodeField;
using internal::IdField;
using internal::MessageField;

namespace {

// SM-26: how a message shows what was given as an op.
std::string OpText(const Fetch& op) {
  if (op.null()) return "none";
  const Fetch::Value& value = op.value();
  if (const auto* output = std::get_if<Output>(&value)) return output->op->name();
  if (const auto* operation = std::get_if<Operation*>(&value)) return (*operation)->name();
  if (const auto* name = std::get_if<std::string>(&value)) return *name;
  return std::holds_alternative<Fetch::List>(value) ? "a list" : "a map";
}

// What the user's init function runs initializes, unless the run says something else itself.
class InitializingSession final : public Session {
 public:
  explicit InitializingSession(Session& raw) : raw_(raw) {}
  Graph& graph() const override { return raw_.graph(); }
  const std::string& target() const override { return raw_.target(); }
  std::uint64_t id() const override { return raw_.id(); }
  Result<Fetched> TryRun(const RunRequest& request) override {
    if (request.context.cause != Cause::kUnknown) return raw_.TryRun(request);
    RunRequest initializing = request;
    initializing.context.cause = Cause::kInit;
    return raw_.TryRun(initializing);
  }
  Status TryClose() override { return raw_.TryClose(); }
  bool closed() const override { return raw_.closed(); }

 private:
  Session& raw_;
};

std::string_view FunctionText(const std::function<void(Session&)>& function) {
  return function ? "given" : "none";
}

}  // namespace

SessionManager::SessionManager(Runtime& runtime, Graph& graph, SessionManagerOptions options)
    : runtime_(runtime), graph_(graph), options_(std::move(options)) {
  if (!options_.ready_for_local_init_op.null() && options_.local_init_op.null()) {  // SM-2
    throw ValueError(
        fmt::format("ready_for_local_init_op ({}) needs a local_init_op, which was not given",
                    OpText(options_.ready_for_local_init_op)));
  }
  if (options_.recovery_wait <= Duration()) {  // a wait of nothing would poll for ever
    throw ValueError(
        fmt::format("recovery_wait must be positive, not {} s", options_.recovery_wait.seconds()));
  }
}

std::unique_ptr<Session> SessionManager::PrepareSession(const PrepareOptions& options) {
  Result<std::unique_ptr<Session>> session = TryPrepareSession(options);
  ThrowIfError(session.status());
  return std::move(session).value();
}

RecoveredSession SessionManager::RecoverSession(const PrepareOptions& options) {
  Result<RecoveredSession> recovered = TryRecoverSession(options);
  ThrowIfError(recovered.status());
  return std::move(recovered).value();
}

std::unique_ptr<Session> SessionManager::WaitForSession(const std::string& target,
                                                        const SessionConfig& config,
                                                        Duration max_wait) {
  Result<std::unique_ptr<Session>> session = TryWaitForSession(target, config, max_wait);
  ThrowIfError(session.status());
  return std::move(session).value();
}

Result<std::unique_ptr<Session>> SessionManager::TryPrepareSession(const PrepareOptions& options) {
  AnnounceAttempt("chief");
  Opened opened;
  const Status status = Prepare(options, &opened);
  if (!status.ok() && opened.session) ReleaseFailed(*opened.session);  // SM-28
  AnnounceDone("chief", opened.restored ? "restored" : "init", opened, status);
  if (!status.ok()) return status;
  return std::move(opened.session);
}

Status SessionManager::Prepare(const PrepareOptions& options, Opened* opened) {
  FL_RETURN_IF_ERROR(OpenAndRestore(options, opened));
  const bool nothing_to_run =
      options.init_op.null() && !options.init_fn && options_.local_init_op.null();
  if (!opened->restored && nothing_to_run) {  // SM-21
    return Status(Code::kRuntimeError,
                  "the model cannot be initialised: there is no checkpoint, and none of init_op, "
                  "init_fn and local_init_op was given");
  }
  Session& session = *opened->session;
  bool initialize = !opened->restored;  // SM-22
#ifdef FL_MUTANTS
  if (runtime_.semantics.mutant_init_after_restore) initialize = true;
#endif
  if (initialize) FL_RETURN_IF_ERROR(Initialize(options, session));

  FL_ASSIGN_OR_RETURN(const Readiness local, TryLocalInit(session));  // SM-23
  if (!local.ready) {                                                 // SM-24
    return Status(
        Code::kRuntimeError,
        fmt::format("the init ops did not make the model ready for local init; init op: "
                    "{}, init fn: {}: {}",
                    OpText(options.init_op), FunctionText(options.init_fn), local.reason));
  }
  FL_ASSIGN_OR_RETURN(const Readiness model, CheckReadyAtLast(session));
  if (!model.ready) {  // SM-25
    return Status(Code::kRuntimeError,
                  fmt::format("the init ops did not make the model ready; init op: {}, init fn: "
                              "{}, local init op: {}: {}",
                              OpText(options.init_op), FunctionText(options.init_fn),
                              OpText(options_.local_init_op), model.reason));
  }
  return Status();
}

Status SessionManager::Initialize(const PrepareOptions& options, Session& session) {
  if (options.init_op.null() && !options.init_fn) return Status();  // SM-27
  internal::SessionLog log(runtime_.env);
  log.Initializes(session.id());
  Status status;
  if (!options.init_op.null()) {
    status = session
                 .TryRun({.fetches = options.init_op,
                          .feeds = options.init_feeds,
                          .context = {.cause = Cause::kInit}})
                 .status();
  }
  if (status.ok() && options.init_fn) {
    InitializingSession initializing(session);
    status = CallUser([&] { options.init_fn(initializing); });
  }
  log.Initialized(session.id(), status);
  return status;
}

Result<RecoveredSession> SessionManager::TryRecoverSession(const PrepareOptions& options) {
  AnnounceAttempt("chief");
  Opened opened;
  const Result<bool> initialized = Recover(options, &opened);
  if (!initialized.ok() && opened.session) ReleaseFailed(*opened.session);  // SM-28
  AnnounceDone("chief", opened.restored ? "restored" : "none", opened, initialized.status());
  if (!initialized.ok()) return initialized.status();
  return RecoveredSession{std::move(opened.session), *initialized};
}

Result<bool> SessionManager::Recover(const PrepareOptions& options, Opened* opened) {
  FL_RETURN_IF_ERROR(OpenAndRestore(options, opened));
  Session& session = *opened->session;
  FL_ASSIGN_OR_RETURN(const Readiness local, TryLocalInit(session));  // SM-31
  if (!opened->restored) return false;                                // SM-32
  internal::SessionLog log(runtime_.env);
  if (!local.ready) {  // SM-33
    log.RestoreNotReady(session.id(), opened->checkpoint, "ready_for_local_init", local.reason);
    return false;
  }
  FL_ASSIGN_OR_RETURN(const Readiness model, CheckReady(session, options_.ready_op, "ready"));
  if (!model.ready) {  // SM-34
    log.RestoreNotReady(session.id(), opened->checkpoint, "ready", model.reason);
    return false;
  }
  return true;
}

Result<std::unique_ptr<Session>> SessionManager::TryWaitForSession(const std::string& target,
                                                                   const SessionConfig& config,
                                                                   Duration max_wait) {
  AnnounceAttempt("worker");
  Observer& observer = runtime_.env.observer;
  observer.Announce(Point::kWaitStart,
                    {{"max_wait_ns", max_wait.nanoseconds()},
                     {"recovery_wait_ns", options_.recovery_wait.nanoseconds()}});
  std::int64_t polls = 0;
  Result<std::unique_ptr<Session>> session = Wait(target, config, max_wait, &polls);
  observer.Announce(Point::kWaitEnd, {CodeField(session.status()), {"attempts", polls}});
  Opened opened;
  if (session.ok()) opened.session = std::move(session).value();
  AnnounceDone("worker", "waited", opened, session.status());
  if (!session.ok()) return session.status();
  return std::move(opened.session);
}

Result<std::unique_ptr<Session>> SessionManager::Wait(const std::string& target,
                                                      const SessionConfig& config,
                                                      Duration max_wait, std::int64_t* polls) {
  Env& env = runtime_.env;
  const TimePoint start = env.clock.Now();  // SM-41
  Duration pause = options_.recovery_wait;
#ifdef FL_MUTANTS
  if (runtime_.semantics.mutant_poll_off_the_grid) pause += Duration::Seconds(1);
#endif
  while (true) {
    ++*polls;
    FL_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, OpenSession(target, config));  // SM-42
    const Result<Readiness> local = TryLocalInit(*session);
    Result<Readiness> model = local;
    if (local.ok() && local->ready) model = CheckReadyAtLast(*session);
    if (model.ok() && model->ready) return session;
    Release(*session);  // SM-43, SM-47
    if (!model.ok()) return model.status();

    const Duration remaining = std::max(Duration(), max_wait - (env.clock.Now() - start));
    if (remaining - options_.recovery_wait < Duration()) {  // SM-44: strict
      return Status(Code::kDeadlineExceeded,
                    fmt::format("the session was not ready after waiting {} secs",
                                max_wait.nanoseconds() / 1'000'000'000));
    }
    internal::SessionLog(env).WaitsForReady(session->id(), local->ready ? "ready" : local->reason,
                                            local->ready ? model->reason : "not checked");
    session.reset();
    SleepFor(env, "the model to be ready", pause);
  }
}

void SessionManager::AnnounceAttempt(std::string_view role) {
  internal::SessionLog(runtime_.env).CreationAsked(role, ++attempts_);
}

void SessionManager::AnnounceDone(std::string_view role, std::string_view path,
                                  const Opened& opened, const Status& status) {
  internal::SessionLog(runtime_.env)
      .CreationDone({.session = opened.session ? opened.session->id() : 0,
                     .role = role,
                     .path = path,
                     .checkpoint = opened.checkpoint},
                    status);
}

Result<std::unique_ptr<Session>> SessionManager::OpenSession(const std::string& target,
                                                             const SessionConfig& config) {
  FL_ASSIGN_OR_RETURN(std::unique_ptr<Session> session,
                      runtime_.sessions.Open(target, graph_, config));
  internal::SessionLog(runtime_.env).Opened(session->id(), target);
  return session;
}

void SessionManager::ReleaseFailed(Session& session) {
#ifdef FL_MUTANTS
  if (runtime_.semantics.mutant_keep_failed_session) return;
#endif
  Release(session);
}

void SessionManager::Release(Session& session) {
  const Status status = session.TryClose();
  if (!status.ok()) {
    Log(LogLevel::kInfo, fmt::format("closing a rejected session: {}", status.ToString()));
  }
}

void SessionManager::Log(LogLevel level, const std::string& text) {
  runtime_.env.logger.Log(level, text);
}

}  // namespace faultline
