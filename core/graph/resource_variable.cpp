#include "core/graph/resource_variable.h"

#include "core/graph/build.h"
#include "core/graph/initial_value.h"

namespace faultline::internal {

Variable FinishResourceVariable(Graph& graph, Output initial_value,
                                const VariableOptions& options) {
  const std::string name = graph.name_scope();
  Variable variable;
  variable.is_resource = true;
  variable.initial_value = initial_value;
  variable.trainable = options.trainable;
  AttrMap attrs;
  attrs["_class"] = std::vector<std::string>{"loc:@" + name};
  attrs["dtype"] = BaseType(initial_value.dtype());
  attrs["shape"] = initial_value.shape();
  attrs["shared_name"] = name;
  variable.handle = Build(graph, "VarHandleOp", name + "/", {}, std::move(attrs))->output();
  const DeviceScope device(graph, variable.handle.op->device());
  IsVariableInitialized(variable, "IsInitialized/VarIsInitializedOp");
  {
    const NameScope assign(graph, "Assign");
    const Output guarded = GuardedInitialValue(initial_value, name);
    variable.initializer =
        UpdateResource("AssignVariableOp", variable, guarded, graph.name_scope() + "/");
  }
  variable.snapshot = ReadResource(variable, "Read/ReadVariableOp");
  return variable;
}

Output ReadResource(const Variable& variable, const std::string& name,
                    const std::vector<Operation*>& after) {
  Operation* handle = variable.handle.op;
  return handle->graph()
      .AddOperation({.type = "ReadVariableOp",
                     .name = name,
                     .inputs = {variable.handle},
                     .attrs = {{"dtype", variable.dtype()}},
                     .control_inputs = after,
                     .device = handle->device()})
      ->output();
}

Operation* UpdateResource(const char* type, const Variable& variable, Output value,
                          const std::string& name) {
  Operation* handle = variable.handle.op;
  return handle->graph().AddOperation({.type = type,
                                       .name = name,
                                       .inputs = {variable.handle, value},
                                       .attrs = {{"dtype", variable.dtype()}},
                                       .control_inputs = {},
                                       .device = handle->device()});
}

}  // namespace faultline::internal
