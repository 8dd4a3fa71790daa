#include "core/session/monitored_session.h"

#include <utility>

#include "core/base/error.h"
#include "core/session/monitored_session_state.h"

namespace faultline {

MonitoredSessionBase::MonitoredSessionBase(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

void MonitoredSessionBase::Open() { ThrowIfError(state_->Open()); }

MonitoredSessionBase::~MonitoredSessionBase() {
  if (state_->closed || state_->env().spawner.Unwinding()) return;
  state_->env().logger.Log(LogLevel::kWarning,
                           "a monitored session is dropped without having been closed");
  Coordinator* coordinator = state_->creator.coordinator();
  if (coordinator == nullptr) return;
  const Status stopped = coordinator->TryRequestStop(Status());
  if (!stopped.ok()) state_->env().logger.Log(LogLevel::kWarning, stopped.ToString());
}

Fetched MonitoredSessionBase::Run(const Fetch& fetches, const FeedDict& feeds,
                                  const RunOptions* options, RunMetadata* metadata) {
  Result<Fetched> result =
      state_->Run({.fetches = fetches, .feeds = feeds, .options = options, .metadata = metadata});
  ThrowIfError(result.status());
  return std::move(result).value();
}

void MonitoredSessionBase::CallStepFn(const std::function<void(StepContext&)>& body) {
  ThrowIfError(state_->RunStepFn(body));
}

bool MonitoredSessionBase::ShouldStop() {
  const Result<bool> stop = state_->ShouldStop();
  ThrowIfError(stop.status());
  return *stop;
}

void MonitoredSessionBase::Close() { ThrowIfError(state_->Close(Status())); }

Graph* MonitoredSessionBase::graph() const {
  Session* raw = state_->creator.raw_session();
  return raw != nullptr ? &raw->graph() : nullptr;
}

bool MonitoredSessionBase::closed() const { return state_->closed; }

Session* MonitoredSessionBase::current_raw_session() const { return state_->creator.raw_session(); }

void internal::RunScope(MonitoredSessionBase& session, const std::function<void()>& body) {
  const Status status = CallUser(body);
  ThrowIfError(session.state_->Close(status));
}

MonitoredSession::MonitoredSession(Runtime& runtime, Graph& graph, MonitoredSessionOptions options)
    : MonitoredSessionBase([&] {
        if (!options.session_creator) {
          options.session_creator = std::make_unique<ChiefSessionCreator>(runtime, graph);
        }
        const RecoveryOptions recovery{.max_recoveries = options.max_recoveries};
        return std::make_unique<State>(runtime, graph, std::move(options.hooks),
                                       std::move(options.session_creator),
                                       options.stop_grace_period, &recovery);
      }()) {
  Open();
}

SingularMonitoredSession::SingularMonitoredSession(Runtime& runtime, Graph& graph,
                                                   SingularMonitoredSessionOptions options)
    : MonitoredSessionBase([&] {
        auto creator = std::make_unique<ChiefSessionCreator>(
            runtime, graph,
            ChiefSessionCreatorOptions{
                .scaffold = std::move(options.scaffold),
                .master = options.master,
                .config = options.config,
                .checkpoint_dir = options.checkpoint_dir,
                .checkpoint_filename_with_path = options.checkpoint_filename_with_path});
        return std::make_unique<State>(runtime, graph, std::move(options.hooks), std::move(creator),
                                       options.stop_grace_period, nullptr);
      }()) {
  Open();
}

}  // namespace faultline
