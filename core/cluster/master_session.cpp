#include "core/cluster/master_session.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/exec/resource_manager.h"

namespace faultline {
namespace {

Result<Operation*> FindOperation(const Graph& graph, std::string_view name) {
  Operation* op = graph.FindOperation(name);
  if (op != nullptr) return op;
  return Status(Code::kNotFound, fmt::format("the session's graph has no operation {}", name));
}

// "node:1"; "node" means its first output.
Result<Output> FindTensor(const Graph& graph, std::string_view name) {
  const std::size_t colon = name.rfind(':');
  FL_ASSIGN_OR_RETURN(Operation * op, FindOperation(graph, name.substr(0, colon)));
  int index = 0;
  if (colon != std::string_view::npos) {
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + colon + 1, end, index);
    if (parsed.ec != std::errc() || parsed.ptr != end) index = -1;
  }
  if (index < 0 || index >= op->num_outputs()) {
    return Status(Code::kInvalidArgument, fmt::format("{} has no tensor {}", op->name(), name));
  }
  return op->output(index);
}

// The step's arguments in terms of the server's graph; each fetch and target once.
Result<StepArguments> Resolve(const Graph& graph, const RunStepRequest& request) {
  StepArguments arguments;
  for (const auto& [name, value] : request.feeds) {
    FL_ASSIGN_OR_RETURN(const Output key, FindTensor(graph, name));
    if (value.dtype() != BaseType(key.dtype())) {
      return Status(Code::kInvalidArgument,
                    fmt::format("{} is fed {}, but it is {}", name, DataTypeName(value.dtype()),
                                DataTypeName(BaseType(key.dtype()))));
    }
    arguments.feeds.emplace_back(key, value);
  }
  for (const std::string& name : request.fetches) {
    FL_ASSIGN_OR_RETURN(const Output fetch, FindTensor(graph, name));
    const auto& known = arguments.fetches;
    if (std::find(known.begin(), known.end(), fetch) == known.end()) {
      arguments.fetches.push_back(fetch);
    }
  }
  for (const std::string& name : request.targets) {
    FL_ASSIGN_OR_RETURN(Operation * target, FindOperation(graph, name));
    const auto& known = arguments.targets;
    if (std::find(known.begin(), known.end(), target) == known.end()) {
      arguments.targets.push_back(target);
    }
  }
  return arguments;
}

}  // namespace

struct MasterSession::Loaded {
  Loaded(const ExecEnvironment& environment, const KernelRegistry& kernels,
         std::shared_ptr<const ImportedGraph> all_nodes)
      : imported(std::move(all_nodes)), executor(environment, kernels, graph()) {}
  const Graph& graph() const { return *imported->graph; }

  std::shared_ptr<const ImportedGraph> imported;
  Executor executor;
};

// Counts one step for as long as it lives; ends without suspending, also when a crash unwinds it.
class MasterSession::Running {
 public:
  explicit Running(MasterSession& session) : session_(session) { ++session_.running_; }
  ~Running() {
    if (--session_.running_ == 0) session_.idle_->WakeAll();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  MasterSession& session_;
};

MasterSession::MasterSession(Options options)
    : options_(std::move(options)), idle_(options_.shared.env.spawner.MakeWaitQueue()) {
  if (!options_.config.isolate_session_state) return;
  own_resources_ = std::make_unique<ResourceManager>(
      fmt::format("{}/{}", options_.shared.resources.store(), options_.handle));
  own_.reset(new ExecEnvironment{options_.shared.env, options_.shared.semantics, *own_resources_,
                                 options_.shared.global_step});
}

Result<std::shared_ptr<MasterSession>> MasterSession::Make(Options options,
                                                           std::string_view graph_def) {
  std::shared_ptr<MasterSession> session(new MasterSession(std::move(options)));
  FL_RETURN_IF_ERROR(session->Load(graph_def));
  return session;
}

Status MasterSession::Load(std::string_view graph_def) {
  FL_ASSIGN_OR_RETURN(std::shared_ptr<const ImportedGraph> imported,
                      options_.graphs.Get(graph_def));
  FL_RETURN_IF_ERROR(CheckPlacement(*imported->graph, options_.task));
  loaded_ = std::make_shared<Loaded>(environment(), options_.kernels, std::move(imported));
  return Status();
}

Result<std::int64_t> MasterSession::Extend(std::int64_t version, const std::string& graph_def) {
  if (closed_.cancelled()) {
    return Status(Code::kFailedPrecondition, "the session is closed");  // RF-52
  }
  if (version != version_) {  // RF-26
    return Status(Code::kAborted,
                  fmt::format("the session's graph has version {}, not {}", version_, version));
  }
  // Serialized messages that follow each other merge: their nodes add up.
  FL_RETURN_IF_ERROR(Load(loaded_->imported->graph_def + graph_def));
  return ++version_;
}

RunStepResponse MasterSession::RunStep(const RunStepRequest& request, const StepLimits& limits) {
  RunStepResponse response;
  if (closed_.cancelled()) {
    response.status = Status(Code::kFailedPrecondition, "the session is closed");  // RF-52
    return response;
  }
  const Running running(*this);
  response.status = Execute(request, limits, &response);
  return response;
}

Status MasterSession::Execute(const RunStepRequest& request, const StepLimits& limits,
                              RunStepResponse* response) {
  const std::shared_ptr<Loaded> loaded = loaded_;
  FL_ASSIGN_OR_RETURN(StepArguments arguments, Resolve(loaded->graph(), request));
  CancelToken cancel;
  const CancelLink by_close(&closed_, &cancel);
  const CancelLink by_caller(limits.cancel, &cancel);
  arguments.context = request.context;
  arguments.deadline = limits.deadline;
  arguments.cancel = &cancel;
  std::vector<NodeStats> node_stats;
  if (request.options.trace_level == TraceLevel::kFullTrace) {
    arguments.node_stats = &node_stats;
  }
  FL_ASSIGN_OR_RETURN(std::vector<Tensor> values, loaded->executor.Run(arguments));
  for (std::size_t i = 0; i < values.size(); ++i) {
    response->tensors.emplace_back(arguments.fetches[i].name(), std::move(values[i]));
  }
  response->metadata.node_stats = std::move(node_stats);
  if (request.options.output_partition_graphs) {
    response->metadata.partition_graphs.push_back(loaded->graph().SerializedGraphDef());
  }
  return Status();
}

void MasterSession::Cancel() {
  closed_.Cancel(Status(Code::kCancelled, "the step was cancelled: its session has been closed"));
}

void MasterSession::WaitUntilIdle() {
  const std::string what = fmt::format("steps of the closed session {}", options_.handle);
  while (running_ > 0) (void)idle_->Wait({what});
}

}  // namespace faultline
