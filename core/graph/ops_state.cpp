#include "core/graph/ops.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/build.h"
#include "core/graph/initial_value.h"
#include "core/graph/resource_variable.h"

namespace faultline {
namespace {

// Puts a node beside the variable whose scope the present one is.
AttrMap Colocation(const Graph& graph) {
  return {{"_class", std::vector<std::string>{"loc:@" + graph.name_scope()}}};
}

Output ColocatedConstant(Graph& graph, Tensor value, const char* name, AttrMap colocation) {
  colocation["dtype"] = value.dtype();
  colocation["value"] = std::move(value);
  return internal::Build(graph, "Const", name, {}, std::move(colocation))->output();
}

// The nodes of a variable besides its initial value, within the scope of its name.
Variable FinishVariable(Graph& graph, Output initial_value, const AttrMap& colocation,
                        const VariableOptions& options) {
  const std::string name = graph.name_scope();
  if (options.validate_shape && !initial_value.shape().fully_defined()) {
    throw ValueError(fmt::format("initial_value of {} must have a known shape, it has {}", name,
                                 initial_value.shape().ToString()));
  }
  if (options.use_resource) return internal::FinishResourceVariable(graph, initial_value, options);
  AttrMap attrs = colocation;
  attrs["shape"] = options.validate_shape ? initial_value.shape() : PartialShape();
  attrs["dtype"] = BaseType(initial_value.dtype());
  Variable variable;
  variable.initial_value = initial_value;
  variable.trainable = options.trainable;
  Operation* op = internal::Build(graph, "VariableV2", name + "/", {}, std::move(attrs));
  variable.handle = op->output();
  const Output guarded = internal::GuardedInitialValue(initial_value, name);
  variable.initializer =
      internal::Build(graph, "Assign", "Assign", {variable.handle, guarded},
                      {{"validate_shape", options.validate_shape}, {"use_locking", true}});
  variable.snapshot = graph
                          .AddOperation({.type = "Identity",
                                         .name = "read",
                                         .inputs = {variable.handle},
                                         .attrs = internal::Beside(*op),
                                         .control_inputs = {},
                                         .device = op->device()})
                          ->output();
  return variable;
}

void JoinCollections(Graph& graph, const Variable& variable, const VariableOptions& options) {
  std::vector<std::string> keys = options.collections;
  if (keys.empty()) keys.emplace_back(GraphKeys::kGlobalVariables);
  const std::string trainable(GraphKeys::kTrainableVariables);
  if (options.trainable && std::ranges::find(keys, trainable) == keys.end()) {
    keys.push_back(trainable);
  }
  for (const std::string& key : keys) graph.AddToCollection(key, variable);
}

VariableOptions LocalOptions() {
  return {.trainable = false, .collections = {std::string(GraphKeys::kLocalVariables)}};
}

// [from:to] of a vector of shape dimensions, as TensorFlow writes it.
struct Slice {
  std::int64_t from;
  std::int64_t to;
  bool open_begin = false;
  bool open_end = false;
};

Output StridedSlice(Output value, Slice slice) {
  Graph& graph = value.op->graph();
  const NameScope scope(graph, "strided_slice");
  const Output begin = Constant(graph, internal::IntVector({slice.from}), "stack");
  const Output end = Constant(graph, internal::IntVector({slice.to}), "stack_1");
  const Output stride = Constant(graph, internal::IntVector({1}), "stack_2");
  return internal::Build(
      "StridedSlice", graph.name_scope() + "/", {value, begin, end, stride},
      {{"begin_mask", std::int64_t{slice.open_begin}}, {"end_mask", std::int64_t{slice.open_end}}});
}

// The elements of a vector where the mask is true, by the nodes of tf.boolean_mask.
Output BooleanMask(Output values, Output mask) {
  Graph& graph = values.op->graph();
  const NameScope scope(graph, "boolean_mask");
  const Output masked = StridedSlice(ShapeOf(values), {.from = 0, .to = 1});
  const Output axes = Constant(graph, internal::IntVector({0}), "Prod/reduction_indices");
  const Output size = internal::Build("Prod", "Prod", {masked, axes});
  const Output before = StridedSlice(ShapeOf(values), {.from = 0, .to = 0, .open_begin = true});
  const Output after = StridedSlice(ShapeOf(values), {.from = 1, .to = 0, .open_end = true});
  Output shape;
  {
    const NameScope concat(graph, "concat");
    const Output middle = Pack({size}, "values_1");
    const Output axis = Constant(graph, Tensor::Scalar(0), "axis");
    shape = internal::Build("ConcatV2", graph.name_scope() + "/", {before, middle, after, axis});
  }
  const Output flat = Reshape(values, shape);
  const Output all = Constant(graph, internal::IntVector({-1}), "Reshape_1/shape");
  const Output flat_mask = Reshape(mask, all);
  const Output where = internal::Build("Where", "Where", {flat_mask});
  const Output indices = internal::Build("Squeeze", "Squeeze", {where},
                                         {{"squeeze_dims", std::vector<std::int64_t>{1}}});
  return Gather(flat, indices, "GatherV2");
}

Output NoNames(Graph& graph) {
  return Constant(graph, Tensor(DataType::kString, TensorShape({0})));
}

// Globals, then locals; in a graph without either, every variable that it has (an imported graph
// has no collections).
std::vector<Variable> VariablesToReport(const Graph& graph) {
  std::vector<Variable> variables = graph.GetVariables(GraphKeys::kGlobalVariables);
  for (const Variable& local : graph.GetVariables(GraphKeys::kLocalVariables)) {
    variables.push_back(local);
  }
  if (!variables.empty()) return variables;
  for (const auto& op : graph.operations()) {
    const bool is_resource = op->type() == "VarHandleOp";
    if (op->type() != "VariableV2" && !is_resource) continue;
    Variable variable;
    variable.handle = op->output();
    variable.snapshot = op->output();
    variable.is_resource = is_resource;
    variables.push_back(variable);
  }
  return variables;
}

// The value after an assignment of one of these two types.
Output Accumulate(const char* type, const char* resource_type, const Variable& variable,
                  Output value, const std::string& name) {
  if (!variable.is_resource) return internal::Build(type, name, {variable.handle, value});
  Operation* update = internal::UpdateResource(resource_type, variable, value, name);
  return internal::ReadResource(variable, "", {update});
}

// A tensor with the variable's value, for the op that the current scope is named after.
Output ValueToRead(const Variable& variable) {
  return variable.is_resource ? internal::ReadResource(variable, "ReadVariableOp")
                              : variable.snapshot;
}

// Names of those of which `initialized` is false.
Output NamesOfMissing(Graph& graph, const std::vector<Output>& initialized,
                      const std::vector<std::string>& names) {
  const Output missing = internal::Build("LogicalNot", "LogicalNot", {Pack(initialized)});
  const TensorShape shape({static_cast<std::int64_t>(names.size())});
  return BooleanMask(Constant(graph, Tensor::Of(shape, names)), missing);
}

}  // namespace

Variable MakeVariable(Graph& graph, Output initial_value, const std::string& name,
                      const VariableOptions& options) {
  const InitScope lifted(graph);
  const NameScope scope(graph, name);
  const Variable variable = FinishVariable(graph, initial_value, {}, options);
  JoinCollections(graph, variable, options);
  return variable;
}

Variable MakeVariable(Graph& graph, Tensor initial_value, const std::string& name,
                      const VariableOptions& options) {
  const InitScope lifted(graph);
  const NameScope scope(graph, name);
  const Output value = options.use_resource
                           ? ColocatedConstant(graph, std::move(initial_value),
                                               "Initializer/initial_value", Colocation(graph))
                           : Constant(graph, std::move(initial_value), "initial_value");
  const Variable variable = FinishVariable(graph, value, {}, options);
  JoinCollections(graph, variable, options);
  return variable;
}

Variable MakeLocalVariable(Graph& graph, Output initial_value, const std::string& name) {
  return MakeVariable(graph, initial_value, name, LocalOptions());
}

Variable MakeLocalVariable(Graph& graph, Tensor initial_value, const std::string& name) {
  return MakeVariable(graph, std::move(initial_value), name, LocalOptions());
}

Variable MakeZeroVariable(Graph& graph, DataType dtype, TensorShape shape, const std::string& name,
                          const VariableOptions& options) {
  const InitScope lifted(graph);
  const NameScope scope(graph, name);
  const AttrMap colocation = Colocation(graph);
  const Output zeros =
      ColocatedConstant(graph, Tensor(dtype, std::move(shape)), "Initializer/zeros", colocation);
  const Variable variable = FinishVariable(graph, zeros, colocation, options);
  JoinCollections(graph, variable, options);
  return variable;
}

Output Assign(const Variable& variable, Output value, const std::string& name) {
  if (variable.is_resource) {
    return Accumulate("Assign", "AssignVariableOp", variable, value, name);
  }
  return internal::Build("Assign", name, {variable.handle, value}, {{"use_locking", false}});
}

Output AssignAdd(const Variable& variable, Output value, const std::string& name) {
  return Accumulate("AssignAdd", "AssignAddVariableOp", variable, value, name);
}

Output AssignSub(const Variable& variable, Output value, const std::string& name) {
  return Accumulate("AssignSub", "AssignSubVariableOp", variable, value, name);
}

Output CountUpTo(const Variable& variable, std::int64_t limit, const std::string& name) {
  if (variable.is_resource) {
    throw TypeError(variable.name() + " is a resource variable: CountUpTo needs a reference");
  }
  return internal::Build("CountUpTo", name, {variable.handle}, {{"limit", limit}});
}

Output IsVariableInitialized(const Variable& variable, const std::string& name) {
  const char* type = variable.is_resource ? "VarIsInitializedOp" : "IsVariableInitialized";
  return internal::Build(type, name, {variable.handle});
}

Output InitializedValue(const Variable& variable) {
  const InitScope lifted(variable.handle.op->graph());
  return internal::ValueOrInitial(variable);
}

Operation* VariablesInitializer(Graph& graph, const std::vector<Variable>& variables,
                                const std::string& name) {
  std::vector<Operation*> initializers;
  for (const Variable& variable : variables) initializers.push_back(variable.initializer);
  return Group(graph, initializers, name);
}

// SE-24
Output ReportUninitializedVariables(Graph& graph, const std::vector<Variable>& variables,
                                    const std::string& name) {
  const NameScope scope(graph, name);
  std::vector<Output> initialized;
  std::vector<std::string> names;
  for (const Variable& variable : variables) {
    initialized.push_back(IsVariableInitialized(variable));
    names.push_back(variable.name());
  }
  const DeviceScope device(graph, "/device:CPU:0");
  if (variables.empty()) return NoNames(graph);
  return NamesOfMissing(graph, initialized, names);
}

Output ReportUninitializedVariables(Graph& graph) {
  return ReportUninitializedVariables(graph, VariablesToReport(graph));
}

void RegisterResource(Graph& graph, const InitializableResource& resource, bool is_shared) {
  if (!resource.handle || resource.create == nullptr || !resource.is_initialized) {
    throw ValueError(
        "A resource needs a handle, an operation that creates it and a tensor that "
        "tells whether it exists");
  }
  graph.AddToCollection(is_shared ? GraphKeys::kResources : GraphKeys::kLocalResources, resource);
}

// SE-25
Output ReportUninitializedResources(Graph& graph,
                                    const std::vector<InitializableResource>& resources,
                                    const std::string& name) {
  const NameScope scope(graph, name);
  const DeviceScope device(graph, "/device:CPU:0");
  if (resources.empty()) return NoNames(graph);
  std::vector<Output> initialized;
  std::vector<std::string> names;
  for (const InitializableResource& resource : resources) {
    initialized.push_back(resource.is_initialized);
    names.push_back(resource.handle.op->name());
  }
  return NamesOfMissing(graph, initialized, names);
}

Output ReportUninitializedResources(Graph& graph) {
  std::vector<InitializableResource> resources = graph.GetResources(GraphKeys::kResources);
  for (InitializableResource& local : graph.GetResources(GraphKeys::kLocalResources)) {
    resources.push_back(std::move(local));
  }
  return ReportUninitializedResources(graph, resources);
}

// SE-26
Output AssertVariablesInitialized(Graph& graph) {
  std::vector<Output> ranks;
  for (const Variable& variable : VariablesToReport(graph)) {
    const Operation& op = *variable.handle.op;
    const NameScope scope(graph, "Rank");
    ranks.push_back(graph
                        .AddOperation({.type = "Rank",
                                       .name = graph.name_scope() + "/",
                                       .inputs = {ValueToRead(variable)},
                                       .attrs = internal::Beside(op),
                                       .control_inputs = {},
                                       .device = op.device()})
                        ->output());
  }
  if (ranks.empty()) return Output();
  return ranks.size() == 1 ? ranks[0] : Pack(ranks);
}

}  // namespace faultline
