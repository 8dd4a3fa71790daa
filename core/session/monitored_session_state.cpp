#include "core/session/monitored_session_state.h"

#include <typeinfo>
#include <utility>

#include "core/base/error.h"
#include "core/session/announce.h"
#include "core/session/session_log.h"

namespace faultline {

using internal::CodeField;
using internal::IdField;
using internal::MessageField;

namespace {

// ER-5: exactly these two classes; one derived from them does not end a scope quietly.
bool IsQuietExit(const Status& status) {
  if (status.code() != Code::kOutOfRange && status.code() != Code::kStopIteration) return false;
  if (!status.original()) return true;
  bool exact = false;
  try {
    std::rethrow_exception(status.original());
  } catch (const OutOfRangeError& error) {
    exact = typeid(error) == typeid(OutOfRangeError);
  } catch (const StopIteration& stop) {
    exact = typeid(stop) == typeid(StopIteration);
  } catch (const std::exception&) {
    exact = false;
  }
  return exact;
}

}  // namespace

MonitoredSessionBase::State::State(Runtime& runtime, Graph& graph_in, HookList hook_list,
                                   std::unique_ptr<SessionCreator> session_creator,
                                   Duration stop_grace_period, const RecoveryOptions* recovery)
    : context{runtime, runtime.NextId()},
      graph(graph_in),
      graph_was_final(graph_in.finalized()),
      hooks(ListHooks(hook_list)),
      creator(context, std::move(session_creator), hooks, stop_grace_period) {
  if (recovery == nullptr) return;
  auto layer = std::make_unique<RecoverableSession>(
      context, [this] { return creator.Create(); }, *recovery);
  recoverable = layer.get();
  stack = std::move(layer);
}

Status MonitoredSessionBase::State::BeginHooks() {
  for (const ListedHook& hook : hooks) {  // HK-3
    env().observer.Announce(Point::kHookBegin, {IdField("monitored", context.monitored),
                                                {"hook", std::string_view(hook.label)}});
    FL_RETURN_IF_ERROR(CallHook(context, [&] { hook.hook->Begin({context.runtime, graph}); }));
  }
  return Status();
}

Status MonitoredSessionBase::State::Open() {
  internal::SessionLog(env(), context.monitored)
      .MonitoredBegins(hooks.size(), recoverable != nullptr);
  Status status = BeginHooks();
  if (status.ok() && recoverable != nullptr) {
    status = recoverable->Start();
  } else if (status.ok()) {
    Result<std::unique_ptr<SessionLayer>> created = creator.Create();
    if (created.ok()) {
      stack = std::move(created).value();
    } else {
      status = created.status();
      AnnounceError(context, "create", status);
    }
  }
  if (status.ok()) return status;
  closed = true;
  internal::SessionLog(env(), context.monitored).Closed(status, false);
  return status;  // MS-5, GF-7
}

bool MonitoredSessionBase::State::Recovers(const Status& status) const {
  return recoverable != nullptr && IsPreemption(status);
}

void MonitoredSessionBase::State::AnnounceRaised(std::uint64_t run, const Status& status) {
  env().observer.Announce(Point::kRunRaised,
                          {IdField("monitored", context.monitored), IdField("run", run),
                           CodeField(status), MessageField(status)});
}

Status MonitoredSessionBase::State::Refuse(Point point, std::string text) {
  const Status status(Code::kRuntimeError, std::move(text));
  env().observer.Announce(point, {IdField("monitored", context.monitored), CodeField(status)});
  return status;
}

Result<Fetched> MonitoredSessionBase::State::RunOn(SessionLayer& layer, RunRequest request) {
  const std::uint64_t run = ++runs_;
  request.context.cause = Cause::kUpdate;
  request.context.user_run_id = run;
  Result<Fetched> result = layer.Run(request);
  if (result.ok()) {
    env().observer.Announce(Point::kRunAcknowledged,
                            {IdField("monitored", context.monitored), IdField("run", run)});
    return result;
  }
  // Within a step function it is on its way to a recovery.
  const bool comes_out = &layer == stack.get() || !Recovers(result.status());
  if (!comes_out) return result;
  failed_run_ = result.status();
  thread_failed_first_ = ThreadFailed();
  AnnounceRaised(run, failed_run_);
  return result;
}

Result<Fetched> MonitoredSessionBase::State::Run(RunRequest request) {
  if (closed) return Refuse(Point::kRunAfterClose, "run on a closed monitored session");  // MS-13
  return RunOn(*stack, std::move(request));
}

Status MonitoredSessionBase::State::RunStepFn(const std::function<void(StepContext&)>& body) {
  if (closed) return Refuse(Point::kRunAfterClose, "run_step_fn on a closed monitored session");
  return stack->RunStepFn(
      [&](const StepExecution& execution) {
        const std::uint64_t session = execution.session.id();
        const std::int64_t number = execution.number;
        env().observer.Announce(Point::kStepFnStart, {IdField("monitored", context.monitored),
                                                      IdField("session", session),
                                                      {"execution", number}});
        StepContext step(execution.session, [&](const RunRequest& asked) {
          RunRequest request = asked;
          request.context.attempt = execution.number;
          return RunOn(execution.layer, std::move(request));
        });
        const Status status = CallUser([&] { body(step); });
        env().observer.Announce(Point::kStepFnEnd, {IdField("monitored", context.monitored),
                                                    IdField("session", session),
                                                    {"execution", number},
                                                    CodeField(status),
                                                    MessageField(status)});
        return status;
      },
      1);
}

Result<bool> MonitoredSessionBase::State::ShouldStop() {
  if (closed) return true;
  Result<bool> stop = stack->ShouldStop();
  if (stop.ok() && *stop && !std::exchange(stop_announced_, true)) {
    internal::SessionLog(env(), context.monitored).StopRequested();
  }
  return stop;
}

bool MonitoredSessionBase::State::Lost() const {
  return context.runtime.semantics.no_end_without_session && recoverable != nullptr &&
         !recoverable->lost().ok();
}

Status MonitoredSessionBase::State::EndHooks() {
  for (const ListedHook& hook : hooks) {
    env().observer.Announce(Point::kHookEnd, {IdField("monitored", context.monitored),
                                              {"hook", std::string_view(hook.label)}});
    FL_RETURN_IF_ERROR(CallHook(context, [&] { hook.hook->End(*creator.raw_session()); }));
  }
  return Status();
}

bool MonitoredSessionBase::State::ThreadFailed() const {
  return creator.coordinator() != nullptr && !creator.coordinator()->recorded().ok();
}

Status MonitoredSessionBase::State::Choose(const Status& body, const Status& ended,
                                           const Status& stack_closed, bool thread_first) const {
  const Status& before_close = ended.ok() ? body : ended;
  if (!context.runtime.semantics.keep_root_cause) {
    return stack_closed.ok() ? before_close : stack_closed;
  }
  if (thread_first && !stack_closed.ok()) return stack_closed;
  if (!body.ok()) return body;
  return ended.ok() ? stack_closed : ended;
}

Status MonitoredSessionBase::State::Close(const Status& body) {
  if (closed) {
    return Refuse(Point::kCloseAfterClose, "the monitored session is already closed");
  }
  closed = true;
  const bool thread_first =
      !body.ok() && body == failed_run_ ? thread_failed_first_ : ThreadFailed();
  const bool lost = Lost();
  Status error = body;
  if (lost && error.ok()) error = recoverable->lost();
  if (!lost && IsQuietExit(error)) error = Status();  // MS-21
  Status ended;
  const bool call_ends = error.ok() && creator.raw_session() != nullptr;
  if (call_ends) ended = EndHooks();  // MS-22
  const Status stack_closed = stack->Close();
  creator.Forget();
  if (!graph_was_final) graph.UnsafeUnfinalize();

  error = Choose(error, ended, stack_closed, thread_first);
  internal::SessionLog(env(), context.monitored).Closed(error, call_ends);
  return error;
}

}  // namespace faultline
