#include "core/session/supervisor/supervisor_state.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/global_step.h"
#include "core/graph/meta_graph.h"
#include "core/graph/ops.h"
#include "core/session/scaffold.h"

namespace faultline::internal {

namespace {

// The first item of a collection that can be run; null if there is none (SV-3).
Fetch FirstOf(Env& env, const Graph& graph, std::string_view key) {
  const auto items = graph.GetCollection(key);
  if (items.empty()) return {};
  if (items.size() > 1) {
    env.logger.Log(LogLevel::kInfo, fmt::format("the collection {} holds {} items; the first one "
                                                "is taken",
                                                key, items.size()));
  }
  if (const auto* operation = std::get_if<Operation*>(&items.front())) return *operation;
  if (const auto* output = std::get_if<Output>(&items.front())) return *output;
  throw TypeError(fmt::format("the collection {} holds something that cannot be run", key));
}

// `build` gives an Operation* or an Output, null for none.
template <class Build>
void Complete(Env& env, Graph& graph, std::string_view key, Build build,
              std::optional<Fetch>* piece) {
  if (piece->has_value()) return;
  *piece = FirstOf(env, graph, key);
  if (!(*piece)->null()) return;
  const auto made = build();
  *piece = Fetch(made);
  if (!(*piece)->null()) graph.AddToCollection(key, made);
}

std::shared_ptr<Saver> DefaultSaver(Runtime& runtime, Graph& graph) {
  const auto items = graph.GetCollection(GraphKeys::kSavers);
  if (!items.empty()) {
    const auto* object = std::get_if<std::shared_ptr<CollectionObject>>(&items.front());
    auto saver = object ? std::dynamic_pointer_cast<Saver>(*object) : nullptr;
    if (!saver) throw TypeError("the collection of savers holds something that is no Saver");
    return saver;
  }
  if (graph.GetVariables(GraphKeys::kGlobalVariables).empty()) return nullptr;
  auto saver = std::make_shared<Saver>(runtime, graph);
  graph.AddToCollection(GraphKeys::kSavers, std::shared_ptr<CollectionObject>(saver));
  return saver;
}

Variable DefaultGlobalStep(Env& env, Graph& graph) {
  const auto items = graph.GetCollection(GraphKeys::kGlobalStep);
  if (items.size() > 1) {  // SV-3
    if (const auto* first = std::get_if<Variable>(&items.front())) return *first;
  }
  Variable found;
  const Status status = CallUser([&] { found = GetGlobalStep(graph); });
  if (!status.ok()) env.logger.Log(LogLevel::kWarning, status.ToString());
  if (found && items.empty()) graph.AddToCollection(GraphKeys::kGlobalStep, found);
  return found;
}

void CompletePieces(Runtime& runtime, Graph& graph, SupervisorOptions* options) {
  Env& env = runtime.env;
  Complete(
      env, graph, GraphKeys::kReadyOp, [&] { return ReportUninitializedVariables(graph); },
      &options->ready_op);
  Complete(
      env, graph, GraphKeys::kReadyForLocalInitOp, [] { return Output(); },
      &options->ready_for_local_init_op);
  Complete(
      env, graph, GraphKeys::kInitOp,
      [&] { return VariablesInitializer(graph, graph.GetVariables(GraphKeys::kGlobalVariables)); },
      &options->init_op);
  Complete(
      env, graph, GraphKeys::kLocalInitOp, [&] { return DefaultLocalInitOp(graph); },
      &options->local_init_op);
  if (!options->saver) options->saver = DefaultSaver(runtime, graph);
  Complete(
      env, graph, GraphKeys::kSummaryOp, [&] { return MergeAllSummaries(graph); },
      &options->summary_op);
  if (!options->global_step) options->global_step = DefaultGlobalStep(env, graph);
}

// SV-4.
void CheckDevices(const Graph& graph) {
  for (const auto& operation : graph.operations()) {
    const std::string& type = operation->type();
    const bool variable = type == "Variable" || type == "VariableV2" || type == "VarHandleOp";
    if (variable && operation->device().empty()) {
      throw ValueError(
          fmt::format("when replicas are used, every variable needs a device; {} has "
                      "none",
                      operation->name()));
    }
  }
}

std::shared_ptr<SessionManager> MakeManager(Runtime& runtime, Graph& graph,
                                            const SupervisorOptions& options) {
  SessionManagerOptions manager;
  manager.local_init_op = *options.local_init_op;
  manager.ready_op = *options.ready_op;
  manager.ready_for_local_init_op = *options.ready_for_local_init_op;
  manager.recovery_wait = options.recovery_wait;
  manager.local_init_run_options = options.local_init_run_options;
  return std::make_shared<SessionManager>(runtime, graph, std::move(manager));
}

}  // namespace

SupervisorState::SupervisorState(Runtime& runtime_in, Graph& graph_in, SupervisorOptions options_in)
    : runtime(runtime_in), graph(graph_in), options(std::move(options_in)) {
  CompletePieces(runtime, graph, &options);
  if (options.is_chief) {
    if (!options.logdir.empty()) save_path = JoinPath(options.logdir, options.checkpoint_basename);
    OpenWriter();
  }
  if (!options.session_manager) options.session_manager = MakeManager(runtime, graph, options);
  if (!options.is_chief) CheckDevices(graph);
  graph.Finalize();
}

void SupervisorState::OpenWriter() {
  if (writer || !options.is_chief) return;
  if (options.summary_writer) {
    writer = *options.summary_writer;
  } else if (!options.logdir.empty()) {
    // Files of one second need different names.
    const std::string suffix = files == 0 ? "" : fmt::format(".{}", files);
    writer = MakeEventsFileWriter(env(), options.logdir, suffix);
    ++files;
  }
}

void SupervisorState::CloseWriter() {
  // Without a step: the session may have ended already.
  writer->AddSessionLog(SessionLogStatus::kStop, "", std::nullopt);
  graphs_written = false;
  const bool own = !options.summary_writer;
  const Status status = own ? writer->Close() : writer->Flush();
  if (!status.ok()) {  // CK-2113
    env().logger.Log(LogLevel::kWarning, "writing summaries: " + status.ToString());
  }
  writer = nullptr;
}

void SupervisorState::WriteGraphs() {
  if (!options.logdir.empty()) {
    ThrowIfError(WriteGraph(env(), graph, options.logdir).status());
  }
  if (!writer || graphs_written) return;
  writer->AddGraphDef(graph.SerializedGraphDef(), std::nullopt);
  const std::shared_ptr<Saver>& saver = *options.saver;
  writer->AddMetaGraphDef(saver ? saver->MetaGraph() : SerializeMetaGraph(graph, {}), std::nullopt);
  graphs_written = true;
}

}  // namespace faultline::internal
