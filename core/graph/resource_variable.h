#pragma once

#include <string>

#include "core/graph/graph.h"
#include "core/graph/ops.h"

// Nodes of resource variables, on the devices of their handles.
namespace faultline::internal {

// The nodes of a resource variable besides its initial value, within the scope of its name.
Variable FinishResourceVariable(Graph& graph, Output initial_value, const VariableOptions& options);
// Its value at the time when this node runs, which is after `after`.
Output ReadResource(const Variable& variable, const std::string& name = "",
                    const std::vector<Operation*>& after = {});
// An assignment of type AssignVariableOp, AssignAddVariableOp or AssignSubVariableOp.
Operation* UpdateResource(const char* type, const Variable& variable, Output value,
                          const std::string& name = "");

}  // namespace faultline::internal
