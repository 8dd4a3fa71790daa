#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/graph/graph.h"

namespace faultline {

// A graph with the message that it was made from. Immutable: sessions share it.
struct ImportedGraph {
  std::string graph_def;
  std::unique_ptr<const Graph> graph;
};

// Graphs of a server's sessions, each made once: a client that waits or recovers opens one session
// after the other with the same graph. Holds the last few, also while no session uses them.
class GraphCache {
 public:
  static constexpr std::size_t kMaxGraphs = 4;

  GraphCache() = default;
  GraphCache(const GraphCache&) = delete;
  GraphCache& operator=(const GraphCache&) = delete;

  // INVALID_ARGUMENT for bytes that are no graph. Never suspends.
  Result<std::shared_ptr<const ImportedGraph>> Get(std::string_view graph_def);

 private:
  std::vector<std::shared_ptr<const ImportedGraph>> graphs_;  // the last used one comes last
};

}  // namespace faultline
