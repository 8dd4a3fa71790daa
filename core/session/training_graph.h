#pragma once

#include <memory>
#include <string_view>

#include "core/checkpoint/saver.h"
#include "core/exec/runtime.h"
#include "core/graph/graph.h"

namespace faultline {

struct TrainingGraph {
  std::unique_ptr<Graph> graph;
  std::shared_ptr<Saver> saver;  // null: the file describes none
};

// The graph of a serialized MetaGraphDef, whose queue runners and savers are there again, in their
// collections (QR-23, CK-1308), ready for a monitored session. InvalidArgumentError for what is no
// such graph, ValueError for a runner or saver that names what the graph lacks. `runtime` outlives
// the result. Never suspends.
TrainingGraph ImportTrainingGraph(Runtime& runtime, std::string_view serialized_meta_graph);

}  // namespace faultline
