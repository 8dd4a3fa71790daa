#include "core/session/monitored_session.h"

#include <typeinfo>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/session/announce.h"
#include "core/session/coordinated_session_creator.h"
#include "core/session/recoverable_session.h"

namespace faultline {

using internal::CodeField;
using internal::FlagField;
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

std::unique_ptr<SessionCreator> OrDefaultCreator(Runtime& runtime, Graph& graph,
                                                 std::unique_ptr<SessionCreator> creator) {
  if (creator) return creator;
  return std::make_unique<ChiefSessionCreator>(runtime, graph);
}

}  // namespace

struct MonitoredSession::State {
  State(Runtime& runtime, Graph& graph_in, MonitoredSessionOptions options)
      : context{runtime, runtime.NextId()},
        graph(graph_in),
        graph_was_final(graph_in.finalized()),  // GF-5
        hooks(ListHooks(options.hooks)),
        creator(context, OrDefaultCreator(runtime, graph_in, std::move(options.session_creator)),
                hooks, options.stop_grace_period),
        stack(
            context, [this] { return creator.Create(); },
            RecoveryOptions{.max_recoveries = options.max_recoveries}) {}

  Env& env() { return context.runtime.env; }

  Status Open();
  Status Close(const Status& body);
  Status CallEnds();
  // STRICT: there is no current session, and none is pretended.
  bool Lost() const {
    return context.runtime.semantics.no_end_without_session && !stack.lost().ok();
  }
  void AnnounceEnd(const Status& status, bool clean) {
    env().observer.Announce(Point::kMonitoredEnd, {IdField("monitored", context.monitored),
                                                   CodeField(status), FlagField("clean", clean)});
  }

  LayerContext context;
  Graph& graph;
  bool graph_was_final;
  ListedHooks hooks;
  CoordinatedSessionCreator creator;
  RecoverableSession stack;
  std::uint64_t runs = 0;
  bool closed = false;
  bool stop_announced = false;
};

Status MonitoredSession::State::Open() {
  env().observer.Announce(Point::kMonitoredStart,
                          {IdField("monitored", context.monitored),
                           {"hooks", static_cast<std::int64_t>(hooks.size())},
                           FlagField("recovery", true)});
  for (const ListedHook& hook : hooks) {  // HK-3
    env().observer.Announce(Point::kHookBegin, {IdField("monitored", context.monitored),
                                                {"hook", std::string_view(hook.label)}});
    FL_RETURN_IF_ERROR(CallHook(context, [&] { hook.hook->Begin({context.runtime, graph}); }));
  }
  return stack.Start();
}

Status MonitoredSession::State::CallEnds() {
  for (const ListedHook& hook : hooks) {
    env().observer.Announce(Point::kHookEnd, {IdField("monitored", context.monitored),
                                              {"hook", std::string_view(hook.label)}});
    FL_RETURN_IF_ERROR(CallHook(context, [&] { hook.hook->End(*creator.raw_session()); }));
  }
  return Status();
}

Status MonitoredSession::State::Close(const Status& body) {
  closed = true;
  const bool lost = Lost();
  Status error = body;
  if (lost && error.ok()) error = stack.lost();
  if (!lost && IsQuietExit(error)) error = Status();  // MS-21
  Status ended;
  const bool call_ends = error.ok() && creator.raw_session() != nullptr;
  if (call_ends) ended = CallEnds();  // MS-22
  const Status stack_closed = stack.Close();
  creator.Forget();
  if (!graph_was_final) graph.UnsafeUnfinalize();

  if (!ended.ok()) error = ended;
  if (!stack_closed.ok()) error = stack_closed;  // MS-25
  AnnounceEnd(error, call_ends);
  return error;
}

MonitoredSession::MonitoredSession(Runtime& runtime, Graph& graph, MonitoredSessionOptions options)
    : state_(std::make_unique<State>(runtime, graph, std::move(options))) {
  const Status status = state_->Open();
  if (status.ok()) return;
  state_->closed = true;
  state_->AnnounceEnd(status, false);
  ThrowStatus(status);  // MS-5, GF-7
}

MonitoredSession::~MonitoredSession() {
  if (state_->closed || state_->env().spawner.Unwinding()) return;
  state_->env().logger.Log(LogLevel::kWarning,
                           "a monitored session is dropped without having been closed");
  Coordinator* coordinator = state_->creator.coordinator();
  if (coordinator == nullptr) return;
  const Status stopped = coordinator->TryRequestStop(Status());
  if (!stopped.ok()) state_->env().logger.Log(LogLevel::kWarning, stopped.ToString());
}

Fetched MonitoredSession::Run(const Fetch& fetches, const FeedDict& feeds,
                              const RunOptions* options, RunMetadata* metadata) {
  State& state = *state_;
  Observer& observer = state.env().observer;
  const std::uint64_t monitored = state.context.monitored;
  if (state.closed) {  // MS-13
    const Status status(Code::kRuntimeError, "run on a closed monitored session");
    observer.Announce(Point::kRunAfterClose, {IdField("monitored", monitored), CodeField(status)});
    ThrowStatus(status);
  }
  const std::uint64_t run = ++state.runs;
  Result<Fetched> result =
      state.stack.Run({.fetches = fetches,
                       .feeds = feeds,
                       .options = options,
                       .metadata = metadata,
                       .context = {.cause = Cause::kUpdate, .user_run_id = run}});
  if (!result.ok()) {
    const Status status = result.status();
    observer.Announce(Point::kRunRaised, {IdField("monitored", monitored), IdField("run", run),
                                          CodeField(status), MessageField(status)});
    ThrowStatus(status);
  }
  observer.Announce(Point::kRunAcknowledged,
                    {IdField("monitored", monitored), IdField("run", run)});
  return std::move(result).value();
}

bool MonitoredSession::ShouldStop() {
  State& state = *state_;
  if (state.closed) return true;
  const Result<bool> stop = state.stack.ShouldStop();
  ThrowIfError(stop.status());
  if (*stop && !state.stop_announced) {
    state.stop_announced = true;
    state.env().observer.Announce(Point::kStopRequested,
                                  {IdField("monitored", state.context.monitored)});
  }
  return *stop;
}

void MonitoredSession::Close() { ThrowIfError(CloseScope(*this, Status())); }

Graph* MonitoredSession::graph() const {
  Session* raw = state_->creator.raw_session();
  return raw != nullptr ? &raw->graph() : nullptr;
}

bool MonitoredSession::closed() const { return state_->closed; }

// Ends the session after its body left with `body`; what remains to be raised.
Status CloseScope(MonitoredSession& session, const Status& body) {
  MonitoredSession::State& state = *session.state_;
  if (!state.closed) return state.Close(body);
  const Status status(Code::kRuntimeError, "the monitored session is already closed");
  state.env().observer.Announce(Point::kCloseAfterClose,
                                {IdField("monitored", state.context.monitored), CodeField(status)});
  return status;
}

void WithSession(MonitoredSession& session, const std::function<void(MonitoredSession&)>& body) {
  const Status status = CallUser([&] { body(session); });
  ThrowIfError(CloseScope(session, status));
}

}  // namespace faultline
