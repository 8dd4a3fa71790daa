#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
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

// Makes an item of one entry of a collection's bytes_list, for a graph whose nodes are all there.
// Its errors come out of the import with the collection and the entry named. Must not suspend.
using CollectionReader =
    std::function<Result<CollectionItem>(Graph& graph, std::string_view bytes)>;
// By the key of the collection.
using CollectionReaders = std::map<std::string, CollectionReader, std::less<>>;

struct ImportedMetaGraph {
  std::unique_ptr<Graph> graph;
  std::string serialized_saver_def;  // empty: none
};

// The graph, its collections and the saver's description out of a serialized MetaGraphDef.
// Node lists become operations ("x") and outputs ("x:0"); entries of the variables' collections
// and of "global_step" become variables of either kind, each the same in all of its collections;
// bytes of other collections go through `readers`, or stay as they are. What is exported again is
// equal (CK-2202..CK-2207). INVALID_ARGUMENT names the node, or the collection and the entry, and
// what was expected. Never suspends.
Result<ImportedMetaGraph> ImportMetaGraph(std::string_view serialized,
                                          const CollectionReaders& readers = {});

}  // namespace faultline
