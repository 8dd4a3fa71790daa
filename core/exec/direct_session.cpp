#include "core/exec/direct_session.h"

#include <utility>

#include <fmt/format.h>

namespace faultline {
namespace {

// The variable that counts training steps: the one in the collection, else the one of that name.
std::string GlobalStepName(const Graph& graph) {
  for (const CollectionItem& item : graph.GetCollection(GraphKeys::kGlobalStep)) {
    if (const auto* variable = std::get_if<Variable>(&item)) return variable->name();
  }
  return "global_step";
}

}  // namespace

DirectSession::DirectSession(Env& env, Semantics semantics, const KernelRegistry& kernels,
                             Graph& graph, SessionConfig config, std::uint64_t id)
    : ClientSession(env, graph, "", std::move(config), id),
      resources_(fmt::format("session {}", id)),
      environment_{env, semantics, resources_, GlobalStepName(graph)},
      executor_(environment_, kernels, graph) {}

DirectSession::~DirectSession() = default;

Result<std::vector<Tensor>> DirectSession::RunStep(const StepRequest& request) {
  const RunOptions* options = request.options;
  const bool trace = options != nullptr && options->trace_level == TraceLevel::kFullTrace;
  StepArguments arguments;
  arguments.fetches = request.fetches;
  arguments.feeds = request.feeds;
  arguments.targets = request.targets;
  arguments.context = request.context;
  arguments.deadline = request.deadline;
  arguments.cancel = request.cancel;
  arguments.node_stats = trace ? &request.metadata->node_stats : nullptr;
  Result<std::vector<Tensor>> values = executor_.Run(arguments);
  if (values.ok() && options != nullptr && options->output_partition_graphs) {
    request.metadata->partition_graphs.push_back(graph().SerializedGraphDef());
  }
  return values;
}

Status DirectSession::CloseEngine() {
  resources_.Clear();
  return Status();
}

LocalSessionFactory::LocalSessionFactory(Options options) : options_(std::move(options)) {}

Result<std::unique_ptr<Session>> LocalSessionFactory::Open(const std::string& target, Graph& graph,
                                                           const SessionConfig& config) {
  if (!target.empty()) {
    if (options_.others != nullptr) return options_.others->Open(target, graph, config);
    return Status(Code::kNotFound,
                  fmt::format("No session factory registered for the given session options: "
                              "{{target: \"{}\"}}",
                              target));
  }
  auto session = std::make_unique<DirectSession>(options_.env, options_.semantics, options_.kernels,
                                                 graph, config, options_.next_id());
  session->AnnounceOpen();
  return std::unique_ptr<Session>(std::move(session));
}

}  // namespace faultline
