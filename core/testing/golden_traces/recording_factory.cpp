#include "core/testing/golden_traces/recording_factory.h"

#include <map>

#include "core/graph/global_step.h"
#include "core/session/queue_runner.h"
#include "core/testing/golden_traces/errors.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

namespace {

std::string_view CollectionOf(const std::string& role) {
  if (role == "init_op") return GraphKeys::kInitOp;
  if (role == "local_init_op") return GraphKeys::kLocalInitOp;
  if (role == "ready_op") return GraphKeys::kReadyOp;
  return GraphKeys::kReadyForLocalInitOp;
}

const Fetch& PieceOf(const Scaffold& scaffold, const std::string& role) {
  if (role == "init_op") return scaffold.init_op();
  if (role == "local_init_op") return scaffold.local_init_op();
  if (role == "ready_op") return scaffold.ready_op();
  return scaffold.ready_for_local_init_op();
}

Json NameOf(const CollectionItem& item) {
  if (const auto* op = std::get_if<Operation*>(&item)) return (*op)->name();
  if (const auto* output = std::get_if<Output>(&item)) return output->name();
  return nullptr;
}

bool IsQueueRunnerOp(const Fetch& fetch, Graph& graph) {
  const auto* op = std::get_if<Operation*>(&fetch.value());
  if (op == nullptr) return false;
  for (const auto& runner : GetQueueRunners(graph)) {
    if (runner->close_op() == *op || runner->cancel_op() == *op) return true;
    for (const Operation* enqueue : runner->enqueue_ops()) {
      if (enqueue == *op) return true;
    }
  }
  return false;
}

// The shared read tensor alone, without adding one to the graph.
bool IsGlobalStepRead(const Fetch& fetch, Graph& graph) {
  const auto* output = std::get_if<Output>(&fetch.value());
  if (output == nullptr) return false;
  for (const CollectionItem& item : graph.GetCollection(GraphKeys::kGlobalStepRead)) {
    const auto* read = std::get_if<Output>(&item);
    if (read != nullptr && *read == *output) return true;
  }
  return false;
}

}  // namespace

void KnownPieces::Add(const std::string& role, const Fetch& piece) {
  if (!piece.null()) given_.emplace_back(role, piece);
}

bool KnownPieces::Has(const std::string& role, const Fetch& fetch, Graph& graph) const {
  const Json names = NamesOf(fetch);
  for (const auto& [of, piece] : given_) {
    if (of == role && NamesOf(piece) == names) return true;
  }
  for (const auto& scaffold : scaffolds_) {
    if (NamesOf(PieceOf(*scaffold, role)) == names) return true;
  }
  const auto items = graph.GetCollection(CollectionOf(role));
  return items.size() == 1 && NameOf(items.front()) == names;
}

// The layer says why it runs; the fetches decide which piece it is. A run that claims to be one of
// a piece and is not is shown as raw.
std::string RecordingFactory::RoleOf(const RunRequest& request, Graph& graph) {
  if (!next_role_.empty()) return std::exchange(next_role_, {});
  const auto piece = [&](const char* role) { return pieces_.Has(role, request.fetches, graph); };
  switch (request.context.cause) {
    case Cause::kInit:
      return piece("init_op") ? "init_op" : "raw";
    case Cause::kLocalInit:
      return piece("local_init_op") ? "local_init_op" : "raw";
    case Cause::kReadyCheck:
      if (piece("ready_for_local_init_op")) return "ready_for_local_init_op";
      return piece("ready_op") ? "ready_op" : "raw";
    case Cause::kSave:
      return "save";
    case Cause::kRestore:
      return "restore";
    case Cause::kUpdate:
      return "step";
    case Cause::kUnknown:
      break;
  }
  if (IsGlobalStepRead(request.fetches, graph)) return "global_step";
  return IsQueueRunnerOp(request.fetches, graph) ? "queue_runner" : "raw";
}

class RecordingSession final : public Session {
 public:
  RecordingSession(RecordingFactory& factory, std::unique_ptr<Session> inner, int number)
      : factory_(factory), inner_(std::move(inner)), number_(number) {}

  Graph& graph() const override { return inner_->graph(); }
  const std::string& target() const override { return inner_->target(); }
  std::uint64_t id() const override { return inner_->id(); }
  bool closed() const override { return inner_->closed(); }

  Result<Fetched> TryRun(const RunRequest& request) override {
    const std::string role = factory_.RoleOf(request, graph());
    if (close_called_) return inner_->TryRun(request);  // it does not run
    factory_.world_.BeforeTimeMoves();
    factory_.world_.Spend(role);
    const bool shown = role != "queue_runner" && role != "save" && role != "restore";
    const std::size_t event = shown ? Show(role, request) : 0;
    const Result<Fetched> result = Perform(role, request, shown ? &event : nullptr);
    if (result.ok()) return result;
    if (shown) recorder().Fail(event, result.status());
    return result;
  }

  Status TryClose() override {
    if (std::exchange(close_called_, true)) return inner_->TryClose();
    const std::size_t event = recorder().Add({{"e", "close"}, {"s", number_}});
    factory_.world_.Closed(number_);
    const TraceFault* fault = factory_.world_.faults.Next("close");
    Status status = inner_->TryClose();
    if (fault != nullptr) status = fault->error;
    recorder().Fail(event, status);
    return status;
  }

 private:
  Recorder& recorder() { return factory_.world_.recorder; }

  std::size_t Show(const std::string& role, const RunRequest& request) {
    Json event = {{"e", "run"}, {"s", number_}, {"role", role}};
    if (role == "raw") event["fetches"] = NamesOf(request.fetches);
    if (!request.feeds.empty()) event["feeds"] = JsonOf(request.feeds);
    const Json options = request.options != nullptr ? JsonOf(*request.options) : Json::object();
    if (!options.empty()) event["options"] = options;
    return recorder().Add(std::move(event));
  }

  Result<Fetched> Perform(const std::string& role, const RunRequest& request,
                          const std::size_t* event) {
    const TraceFault* fault = factory_.world_.faults.Next(role);
    if (fault == nullptr) return inner_->TryRun(request);
    if (fault->report) {
      if (event != nullptr) recorder().Set(*event, "reported", *fault->report);
      const auto count = static_cast<std::int64_t>(fault->report->size());
      return Fetched(Tensor::Of<std::string>(TensorShape({count}), *fault->report));
    }
    const bool of_saver = role == "save" || role == "restore";
    if (!fault->after) {
      if (of_saver) factory_.world_.layer.FailSaver(fault->error);
      return fault->error;
    }
    const Result<Fetched> done = inner_->TryRun(request);
    if (!done.ok()) return done;
    if (of_saver) factory_.world_.layer.FailSaver(fault->error);
    return fault->error;
  }

  RecordingFactory& factory_;
  std::unique_ptr<Session> inner_;
  int number_;
  bool close_called_ = false;
};

Result<std::unique_ptr<Session>> RecordingFactory::Open(const std::string& target, Graph& graph,
                                                        const SessionConfig& config) {
  world_.BeforeTimeMoves();
  world_.Spend("open");
  const int number = world_.NewSession();
  const std::size_t event = world_.recorder.AddTimed({{"e", "open"}, {"s", number}});
  const TraceFault* fault = world_.faults.Next("open");
  if (fault != nullptr) {
    world_.recorder.Fail(event, fault->error);
    return fault->error;
  }
  Result<std::unique_ptr<Session>> inner = inner_.Open(world_.TargetOf(target), graph, config);
  if (!inner.ok()) {
    world_.recorder.Fail(event, inner.status());
    return inner.status();
  }
  world_.Opened((*inner)->id(), number);
  return std::unique_ptr<Session>(
      std::make_unique<RecordingSession>(*this, std::move(inner).value(), number));
}

}  // namespace faultline::testing
