#include "core/testing/golden_traces/trace_process.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint_kernels.h"
#include "core/exec/standard_kernels.h"
#include "core/graph/meta_graph.h"
#include "core/session/queue_runner.h"

namespace faultline::testing {

TraceProcess::TraceProcess(TraceWorld& world, const std::string& graph_name_in, Seen seen)
    : world_(world),
      first_id_(world.NextIdBase()),
      env_(MakeEnv(seen == Seen::kYes ? world.layer.env() : world.plain(), first_id_)),
      events_(env_),
      local_({.env = world.plain(),
              .semantics = seen == Seen::kYes ? world.semantics : Semantics::Tf(),
              .kernels = kernels_,
              .next_id = [this] { return runtime.NextId(); }}),
      cluster_({.env = world.plain(),
                .next_id = [this] { return runtime.NextId(); },
                .profile = RuntimeProfile::Retry(),
                .local = &local_}),
      recording_(seen == Seen::kYes
                     ? std::optional<RecordingFactory>(std::in_place, world, cluster_, pieces)
                     : std::nullopt),
      graph_name(graph_name_in),
      runtime{env_,     seen == Seen::kYes ? world.semantics : Semantics::Tf(),
              kernels_, recording_ ? static_cast<SessionFactory&>(*recording_) : cluster_,
              events_,  {},
              first_id_} {
  RegisterStandardKernels(kernels_);
  RegisterCheckpointKernels(kernels_);
  UseServer();
  if (graph_name.empty()) return;
  Result<ImportedMetaGraph> imported =
      ImportMetaGraph(world.graphs.MetaGraph(graph_name),
                      {{std::string(GraphKeys::kQueueRunners), ReadQueueRunner}});
  ThrowIfError(imported.status());
  graph_ = std::move(imported->graph);
  saver_def_ = std::move(imported->serialized_saver_def);
}

Env TraceProcess::MakeEnv(const Env& shared, std::uint64_t first_id) {
  Env env = shared;
  env.host_name = fmt::format("host{:012}", first_id);
  return env;
}

void TraceProcess::UseServer() {
  if (world_.server() != nullptr) cluster_.UseServers(world_.server()->runtime.servers);
}

void TraceProcess::NextRunIs(const std::string& role) {
  FL_ASSERT(recording_.has_value(), "a run of {} on a process that is not seen", role);
  recording_->NextRunIs(role);
}

Graph& TraceProcess::graph() {
  if (!graph_) throw ValueError("this process has no graph");
  return *graph_;
}

std::shared_ptr<Session> TraceProcess::OpenSession(const std::string& target) {
  Result<std::unique_ptr<Session>> session = runtime.sessions.Open(target, graph(), {});
  ThrowIfError(session.status());
  return std::move(session).value();
}

std::shared_ptr<Saver> TraceProcess::ExportedSaver() {
  if (saver_def_.empty()) throw ValueError("the graph has no SaverDef");
  return SaverFromSerialized(runtime, graph(), saver_def_);
}

std::shared_ptr<Saver> TraceProcess::EmptySaver() {
  auto saver =
      std::make_shared<Saver>(runtime, without_variables_, SaverOptions{.allow_empty = true});
  FL_ASSERT(saver->empty(), "a saver over no variables has some");
  return saver;
}

}  // namespace faultline::testing
