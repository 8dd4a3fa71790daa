#include "core/cluster/graph_cache.h"

#include <algorithm>

namespace faultline {

Result<std::shared_ptr<const ImportedGraph>> GraphCache::Get(std::string_view graph_def) {
  const auto known = std::ranges::find_if(
      graphs_, [graph_def](const auto& imported) { return imported->graph_def == graph_def; });
  if (known != graphs_.end()) {
    std::rotate(known, known + 1, graphs_.end());
    return graphs_.back();
  }
  FL_ASSIGN_OR_RETURN(std::unique_ptr<Graph> graph, GraphFromDef(graph_def));
  if (graphs_.size() == kMaxGraphs) graphs_.erase(graphs_.begin());
  graphs_.push_back(std::make_shared<const ImportedGraph>(
      ImportedGraph{std::string(graph_def), std::move(graph)}));
  return graphs_.back();
}

}  // namespace faultline
