#include <map>

#include "core/base/error.h"
#include "core/graph/build.h"
#include "core/graph/ops.h"

namespace faultline {

Output Constant(Graph& graph, Tensor value, const std::string& name) {
  if (!value.valid()) throw ValueError("A constant needs a value");
  const DataType dtype = value.dtype();
  return graph
      .AddOperation({.type = "Const",
                     .name = name,
                     .inputs = {},
                     .attrs = {{"value", std::move(value)}, {"dtype", dtype}},
                     .control_inputs = {},
                     .device = {}})
      ->output();
}

Output Placeholder(Graph& graph, DataType dtype, PartialShape shape, const std::string& name) {
  return internal::Build(graph, "Placeholder", name, {},
                         {{"dtype", dtype}, {"shape", std::move(shape)}})
      ->output();
}

Output PlaceholderWithDefault(Output value, PartialShape shape, const std::string& name) {
  return internal::Build("PlaceholderWithDefault", name, {value}, {{"shape", std::move(shape)}});
}

Output Identity(Output value, const std::string& name) {
  return internal::Build("Identity", name, {value});
}

Output Zeros(Graph& graph, DataType dtype, TensorShape shape, const std::string& name) {
  return Constant(graph, Tensor(dtype, std::move(shape)), name);
}

Output Reshape(Output value, Output shape, const std::string& name) {
  return internal::Build("Reshape", name, {value, shape});
}

Output ShapeOf(Output value, const std::string& name) {
  if (const auto shape = value.shape().AsShape()) {
    return Constant(value.op->graph(), internal::IntVector(shape->dims()), name);
  }
  return internal::Build("Shape", name, {value});
}

Output Cast(Output value, DataType to, const std::string& name) {
  if (BaseType(value.dtype()) == to) return value;
  return internal::Build("Cast", name, {value}, {{"DstT", to}});
}

Output Pack(const std::vector<Output>& values, const std::string& name) {
  return internal::Build("Pack", name, values);
}

Output Concat(const std::vector<Output>& values, int axis, const std::string& name) {
  if (values.empty()) throw ValueError("Nothing to concatenate");
  Graph& graph = values[0].op->graph();
  const NameScope scope(graph, name);
  if (values.size() == 1) return Identity(values[0], graph.name_scope() + "/");
  std::vector<Output> inputs = values;
  inputs.push_back(Constant(graph, Tensor::Scalar(axis), "axis"));
  return internal::Build("ConcatV2", graph.name_scope() + "/", std::move(inputs));
}

Output Gather(Output params, Output indices, const std::string& name) {
  Graph& graph = params.op->graph();
  const NameScope scope(graph, name.empty() ? "GatherV2" : name);
  const Output axis = Constant(graph, Tensor::Scalar(0), "axis");
  return internal::Build("GatherV2", graph.name_scope() + "/", {params, indices, axis});
}

Operation* NoOp(Graph& graph, const std::string& name) {
  return internal::Build(graph, "NoOp", name, {});
}

Operation* Group(Graph& graph, const std::vector<Operation*>& operations, const std::string& name) {
  std::map<std::string, std::vector<Operation*>> by_device;
  for (Operation* op : operations) {
    if (!graph.Contains(op)) throw ValueError("An operation of a group is not of this graph");
    by_device[op->device()].push_back(op);
  }
  const auto no_op = [&graph](const std::string& op_name, std::vector<Operation*> after,
                              const std::string& device) {
    return graph.AddOperation({.type = "NoOp",
                               .name = op_name,
                               .inputs = {},
                               .attrs = {},
                               .control_inputs = std::move(after),
                               .device = device});
  };
  if (by_device.size() <= 1) {
    return no_op(name, operations, by_device.empty() ? "" : by_device.begin()->first);
  }
  const NameScope scope(graph, name);
  std::vector<Operation*> groups;
  for (const auto& [device, on_device] : by_device) {
    groups.push_back(no_op("NoOp", on_device, device));
  }
  return no_op(graph.name_scope() + "/", std::move(groups), "");
}

Output WithDependencies(const std::vector<Operation*>& dependencies, Output value,
                        const std::string& name) {
  return value.op->graph()
      .AddOperation({.type = "Identity",
                     .name = name,
                     .inputs = {value},
                     .attrs = {{"_class", ColocationGroups(*value.op)}},
                     .control_inputs = dependencies,
                     .device = value.op->device()})
      ->output();
}

}  // namespace faultline
