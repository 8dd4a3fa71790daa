#pragma once

#include "core/env/logger.h"
#include "core/graph/graph.h"

namespace faultline {

// The global step of a graph, or a null variable (GS-1, CK-2301). Several in its collection count
// as none, which `logger` is told, if there is one. TypeError if what is found is no variable of an
// integer scalar (GS-2).
Variable GetGlobalStep(Graph& graph, Logger* logger = nullptr);
// int64 scalar 0, not trainable (GS-3, CK-2302). ValueError if there is one.
Variable CreateGlobalStep(Graph& graph, bool use_resource = false);
Variable GetOrCreateGlobalStep(Graph& graph);
// The shared read tensor that all hooks use (GS-4, CK-2303); null without a global step.
Output GetOrCreateGlobalStepRead(Graph& graph);
// Adds `increment` after the read tensor of the same run (CK-2304).
Operation* IncrementGlobalStep(Graph& graph, std::int64_t increment = 1);

}  // namespace faultline
