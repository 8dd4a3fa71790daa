#pragma once

#include <string>

#include "core/exec/run_options.h"
#include "core/graph/graph.h"

namespace faultline::internal {

// What a trace shows besides the operations (HK-1301).
struct ChromeTraceOptions {
  bool show_dataflow = true;
  bool show_memory = false;
};

// The operations of one run as JSON for chrome://tracing: one process for each device, as many
// lanes as operations ran at once, times in microseconds. Devices and inputs come from `graph`, the
// graph that ran. Without node statistics an empty list of events (HK-1307). Never suspends.
std::string ChromeTrace(const RunMetadata& metadata, const Graph& graph,
                        const ChromeTraceOptions& options);

// The same as a serialized RunMetadata message, as TensorBoard reads it.
std::string SerializeRunMetadata(const RunMetadata& metadata, const Graph& graph);

}  // namespace faultline::internal
