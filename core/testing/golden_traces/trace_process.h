#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/cluster/cluster_session_factory.h"
#include "core/exec/direct_session.h"
#include "core/exec/kernel_registry.h"
#include "core/exec/runtime.h"
#include "core/summary/events_writer.h"
#include "core/testing/golden_traces/recording_factory.h"
#include "core/testing/golden_traces/trace_world.h"

namespace faultline::testing {

enum class Seen : std::uint8_t { kYes, kNo };

// One incarnation of a process of a scenario: what a composition root builds. Its sessions are
// recorded, injected and counted if it is the one that is seen.
class TraceProcess {
 public:
  // `graph` names the graph to import; empty: none. `world` outlives it.
  TraceProcess(TraceWorld& world, const std::string& graph_name, Seen seen);

  Env& env() { return runtime.env; }
  // ValueError if the process has no graph.
  Graph& graph();
  // The server of the world was started after this process: its sessions find it.
  void UseServer();
  // The next run of the layer's sessions is one of the scenario, with this role. Only for the seen
  // process.
  void NextRunIs(const std::string& role);
  // An open session, unless an error is thrown.
  std::shared_ptr<Session> OpenSession(const std::string& target);
  // A saver over no variables.
  std::shared_ptr<Saver> EmptySaver();
  // Writes out all events, as the end of a process does.
  void CloseEvents() { events_.Clear(); }
  // A saver from the graph's SaverDef. ValueError if it has none.
  std::shared_ptr<Saver> ExportedSaver();

 private:
  // On a machine of its own: processes that begin in one second must not share an events file.
  static Env MakeEnv(const Env& shared, std::uint64_t first_id);

  TraceWorld& world_;
  const std::uint64_t first_id_;
  Env env_;
  KernelRegistry kernels_;
  EventsWriterCache events_;
  LocalSessionFactory local_;
  ClusterSessionFactory cluster_;
  std::optional<RecordingFactory> recording_;
  std::unique_ptr<Graph> graph_;
  std::string saver_def_;
  Graph without_variables_;

 public:
  const std::string graph_name;
  KnownPieces pieces;
  Runtime runtime;
};

}  // namespace faultline::testing
