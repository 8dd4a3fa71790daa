#include "core/graph/global_step.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/build.h"
#include "core/graph/initial_value.h"
#include "core/graph/ops.h"
#include "core/graph/resource_variable.h"

namespace faultline {
namespace {

constexpr std::string_view kName = "global_step";

// GS-2, CK-2301
void CheckIsGlobalStep(DataType dtype, const PartialShape& shape) {
  if (!IsInteger(dtype)) {
    throw TypeError(fmt::format("Existing \"global_step\" does not have integer type: {}",
                                DataTypeName(BaseType(dtype))));
  }
  if (shape.fully_defined() && shape.rank() != 0) {
    throw TypeError(fmt::format("Existing \"global_step\" is not scalar: {}", shape.ToString()));
  }
}

// The variable that a node of the graph is, whether or not it is in a collection (an imported graph
// has none).
Variable VariableOf(Graph& graph, Operation* op) {
  for (const Variable& variable : graph.GetVariables(GraphKeys::kGlobalVariables)) {
    if (variable.handle.op == op) return variable;
  }
  const bool is_resource = op->type() == "VarHandleOp";
  Operation* assign = graph.FindOperation(op->name() + "/Assign");
  Operation* read =
      graph.FindOperation(op->name() + (is_resource ? "/Read/ReadVariableOp" : "/read"));
  if ((op->type() != "VariableV2" && !is_resource) || assign == nullptr || read == nullptr) {
    throw TypeError(fmt::format("Existing \"global_step\" must be a variable: {}", op->type()));
  }
  Variable variable;
  variable.handle = op->output();
  variable.initializer = assign;
  variable.initial_value = assign->inputs()[1];
  variable.snapshot = read->output();
  variable.trainable = false;
  variable.is_resource = is_resource;
  return variable;
}

Variable FindGlobalStep(Graph& graph, Logger* logger) {
  const auto items = graph.GetCollection(GraphKeys::kGlobalStep);
  if (items.size() > 1) {  // GS-1: counts as absent
    if (logger != nullptr) {
      logger->Log(LogLevel::kError, fmt::format("the collection {} holds {} items, so that none of "
                                                "them is the global step",
                                                GraphKeys::kGlobalStep, items.size()));
    }
    return {};
  }
  if (items.size() == 1) {
    if (const auto* variable = std::get_if<Variable>(&items[0])) return *variable;
    if (const auto* output = std::get_if<Output>(&items[0])) return VariableOf(graph, output->op);
    throw TypeError("Existing \"global_step\" must be a variable");
  }
  Operation* op = graph.FindOperation(kName);
  if (op == nullptr || op->num_outputs() == 0) return {};
  if (op->type() != "VarHandleOp") CheckIsGlobalStep(op->output_type(0), op->output_shape(0));
  return VariableOf(graph, op);
}

}  // namespace

Variable GetGlobalStep(Graph& graph, Logger* logger) {
  const Variable found = FindGlobalStep(graph, logger);
  if (found) CheckIsGlobalStep(found.dtype(), found.shape());
  return found;
}

Variable CreateGlobalStep(Graph& graph, bool use_resource) {
  if (GetGlobalStep(graph)) throw ValueError("\"global_step\" already exists.");
  const NameScope root(graph, "");
  return MakeZeroVariable(graph, DataType::kInt64, TensorShape(), std::string(kName),
                          {.trainable = false,
                           .collections = {std::string(GraphKeys::kGlobalVariables),
                                           std::string(GraphKeys::kGlobalStep)},
                           .use_resource = use_resource});
}

Variable GetOrCreateGlobalStep(Graph& graph) {
  const Variable found = GetGlobalStep(graph);
  return found ? found : CreateGlobalStep(graph);
}

Output GetOrCreateGlobalStepRead(Graph& graph) {
  const auto cached = graph.GetCollection(GraphKeys::kGlobalStepRead);
  if (cached.size() > 1) {
    throw RuntimeError("There are several reads of the global step in the collection");
  }
  if (!cached.empty()) {
    if (const auto* read = std::get_if<Output>(&cached[0])) return *read;
    throw RuntimeError("The read of the global step in the collection is no tensor");
  }
  const Variable step = GetGlobalStep(graph);
  if (!step) return {};
  // The nodes go to the root scope of the variable, whatever the scope of the caller.
  const NameScope scope(graph, step.name() + "/");
  const Output value = internal::ValueOrInitial(step);
  const NameScope add(graph, "add");
  const Tensor zero(step.dtype(), TensorShape());
  // Adding zero makes a copy, so that an increment of the same run cannot change what was read.
  const Output read = Add(value, Constant(graph, zero, "y"), graph.name_scope() + "/");
  graph.AddToCollection(GraphKeys::kGlobalStepRead, read);
  return read;
}

Operation* IncrementGlobalStep(Graph& graph, std::int64_t increment) {
  const Variable step = GetGlobalStep(graph);
  if (!step) throw ValueError("There is no global step to increment");
  const Output read = GetOrCreateGlobalStepRead(graph);
  const NameScope scope(graph, step.name() + "/");
  const ControlScope after(graph, {read.op});
  const Tensor by = internal::IntegerScalar(step.dtype(), increment);
  if (step.is_resource) {
    return internal::UpdateResource("AssignAddVariableOp", step, Constant(graph, by));
  }
  const NameScope op_scope(graph, "AssignAdd");
  const Output amount = Constant(graph, by, "value");
  return AssignAdd(step, amount, graph.name_scope() + "/").op;
}

}  // namespace faultline
