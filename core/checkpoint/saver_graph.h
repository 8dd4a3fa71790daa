#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/saver.h"
#include "core/env/random.h"
#include "core/graph/graph.h"

namespace faultline {

// The variables that a saver shall handle, by their names in checkpoints, in the order of these
// names (CK-1303, CK-1304). Throws ValueError for a name or a variable that occurs twice.
using Saveables = std::vector<std::pair<std::string, Variable>>;
Saveables CollectSaveables(const Graph& graph, const SaverOptions& options);

// Adds the nodes of CK-2209 under a scope of the saver's name and describes them. Draws the random
// part of the temporary directory of sharded saves (CK-204). `saveables` is not empty.
SaverDef BuildSaverNodes(Graph& graph, Random& random, const SaverOptions& options,
                         const Saveables& saveables);

}  // namespace faultline
