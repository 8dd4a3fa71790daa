#pragma once

#include <string>

#include "core/graph/graph.h"

namespace faultline {

struct MetaGraphOptions {
  std::string serialized_saver_def;  // empty: none
  bool clear_devices = false;
  bool strip_default_attrs = false;
};

// Serialized MetaGraphDef of a graph (CK-2202..CK-2207): meta info with the stripped op list,
// graph, saver and collections. Kept by the caller if it is needed again.
std::string SerializeMetaGraph(const Graph& graph, const MetaGraphOptions& options);

}  // namespace faultline
