#include "core/exec/client_session.h"

#include <utility>

#include "core/exec/fetch_plan.h"

namespace faultline {
namespace {

std::int64_t Number(std::uint64_t n) { return static_cast<std::int64_t>(n); }

}  // namespace

ClientSession::ClientSession(Env& env, Graph& graph, std::string target, SessionConfig config,
                             std::uint64_t id)
    : env_(env),
      graph_(graph),
      target_(std::move(target)),
      config_(std::move(config)),
      id_(id),
      idle_(env.spawner.MakeWaitQueue()) {}

ClientSession::~ClientSession() = default;

void ClientSession::AnnounceOpen() {
  env_.observer.Announce(Point::kSessionOpen,
                         {{"session", Number(id_)}, {"target", std::string_view(target_)}});
}

Result<Fetched> ClientSession::TryRun(const RunRequest& request) {
  if (closed_) {  // SE-8
    return Status(Code::kRuntimeError, "Attempted to use a closed Session.");
  }
  if (graph_.operations().empty()) {
    return Status(Code::kRuntimeError,
                  "The Session graph is empty.  Add operations to the graph before calling run().");
  }
  FL_ASSIGN_OR_RETURN(internal::Feeds feeds, internal::CheckFeeds(graph_, request.feeds));
  FL_ASSIGN_OR_RETURN(const internal::FetchPlan plan,
                      internal::FetchPlan::Make(graph_, request.fetches, feeds));
  std::vector<Tensor> values;
  if (!plan.empty()) {  // SE-15
    StepRequest step;
    step.fetches = plan.fetches();
    step.targets = plan.targets();
    step.feeds = std::move(feeds);
    FL_ASSIGN_OR_RETURN(values, CallEngine(request, std::move(step)));
  }
  return plan.Arrange(values);
}

// SE-20
TimePoint ClientSession::Deadline(const RunOptions* options) const {
  Duration limit = config_.operation_timeout;
  if (options != nullptr && options->timeout_ms > 0) {
    limit = Duration::Milliseconds(options->timeout_ms);
  }
  return limit > Duration() ? env_.clock.Now() + limit : TimePoint::Max();
}

Result<std::vector<Tensor>> ClientSession::CallEngine(const RunRequest& request, StepRequest step) {
  step.context = request.context;
  step.context.session_id = id_;
  step.options = request.options;
  RunMetadata metadata;
  step.metadata = &metadata;
  const std::string_view cause = CauseName(step.context.cause);
  const std::int64_t session = Number(id_);
  const std::int64_t run = Number(step.context.user_run_id);
  const std::int64_t attempt = step.context.attempt;
  env_.observer.Announce(
      Point::kSessionRunStart,
      {{"session", session}, {"cause", cause}, {"run", run}, {"attempt", attempt}});
  step.deadline = Deadline(request.options);
  Result<std::vector<Tensor>> values = RunRegistered(&step);
  env_.observer.Announce(Point::kSessionRunEnd, {{"session", session},
                                                 {"cause", cause},
                                                 {"run", run},
                                                 {"attempt", attempt},
                                                 {"code", CodeName(values.status().code())}});
  if (values.ok() && request.metadata != nullptr) *request.metadata = std::move(metadata);  // SE-21
  return values;
}

// While the run is in the list, closing cancels it and waits for it.
Result<std::vector<Tensor>> ClientSession::RunRegistered(StepRequest* step) {
  if (closed_) {  // while the start was announced
    return Status(Code::kRuntimeError, "Attempted to use a closed Session.");
  }
  const auto running = running_.emplace(running_.end());
  step->cancel = &*running;
  Result<std::vector<Tensor>> values = RunStep(*step);
  running_.erase(running);
  if (running_.empty()) idle_->WakeAll();
  return values;
}

Status ClientSession::TryClose() {
  if (closed_) return Status();
  closed_ = true;                        // SE-7: first, so that a second call does nothing
  for (CancelToken& token : running_) {  // SE-9
    token.Cancel(
        Status(Code::kCancelled, "Step was cancelled by an explicit call to `Session::Close()`."));
  }
  while (!running_.empty()) idle_->Wait({.what = "end of the runs of a session that is closed"});
  const Status status = CloseEngine();
  env_.observer.Announce(Point::kSessionClose,
                         {{"session", Number(id_)}, {"code", CodeName(status.code())}});
  return status;
}

}  // namespace faultline
