#pragma once

#include <memory>
#include <string>

#include "core/session/supervisor/supervisor.h"

namespace faultline::internal {

// What a supervisor shares with its threads. It does not hold the coordinator, which holds them.
struct SupervisorState {
  // Completes and finalizes the graph.
  SupervisorState(Runtime& runtime, Graph& graph, SupervisorOptions options);

  // Makes the writer of the logdir, unless there is one or none is wanted.
  void OpenWriter();
  // The end of its file; a user's own writer is flushed.
  void CloseWriter();
  void WriteGraphs();

  Env& env() const { return runtime.env; }

  Runtime& runtime;
  Graph& graph;
  SupervisorOptions options;             // no piece is unset
  std::shared_ptr<EventsWriter> writer;  // null: none
  std::string save_path;
  bool graphs_written = false;  // to the present events file
  int files = 0;                // events files so far
};

}  // namespace faultline::internal
