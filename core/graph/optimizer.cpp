#include "core/graph/optimizer.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/build.h"
#include "core/graph/gradients.h"
#include "core/graph/ops.h"
#include "core/graph/resource_variable.h"

namespace faultline {
namespace {

std::string NamesOf(const std::vector<Optimizer::GradientAndVariable>& gradients) {
  std::string names;
  for (const auto& [gradient, variable] : gradients) {
    names += (names.empty() ? "" : ", ") + variable.name();
  }
  return names;
}

// One more step, after `updates`, under exactly the name of the current scope.
Operation* CountStep(Graph& graph, const Variable& global_step, Operation* updates) {
  const ControlScope after(graph, {updates});
  Operation* step = global_step.handle.op;
  AttrMap attrs = internal::Beside(*step);
  attrs["value"] = internal::IntegerScalar(global_step.dtype(), 1);
  attrs["dtype"] = global_step.dtype();
  Operation* one = graph.AddOperation({.type = "Const",
                                       .name = global_step.is_resource ? "Const" : "value",
                                       .inputs = {},
                                       .attrs = std::move(attrs),
                                       .control_inputs = {},
                                       .device = step->device()});
  const std::string name = graph.name_scope() + "/";
  if (!global_step.is_resource) return AssignAdd(global_step, one->output(), name).op;
  return graph.AddOperation({.type = "AssignAddVariableOp",
                             .name = name,
                             .inputs = {global_step.handle, one->output()},
                             .attrs = internal::Beside(*step),
                             .control_inputs = {},
                             .device = step->device()});
}

}  // namespace

Operation* Optimizer::Minimize(Graph& graph, Output loss, Variable global_step,
                               const std::string& scope_name) {
  const std::vector<GradientAndVariable> gradients = ComputeGradients(graph, loss);
  const bool any = std::ranges::any_of(gradients, [](const auto& g) { return bool(g.first); });
  if (!any) {
    throw ValueError(
        fmt::format("No gradients provided for any variable, check your graph for ops "
                    "that do not support gradients, between variables [{}] and loss "
                    "{}.",
                    NamesOf(gradients), loss.name()));
  }
  return ApplyGradients(graph, gradients, global_step, scope_name);
}

std::vector<Optimizer::GradientAndVariable> Optimizer::ComputeGradients(
    Graph& graph, Output loss, std::vector<Variable> variables) {
  if (variables.empty()) variables = graph.GetVariables(GraphKeys::kTrainableVariables);
  if (variables.empty()) throw ValueError("No variables to optimize.");
  std::vector<Output> handles;
  for (const Variable& variable : variables) handles.push_back(variable.handle);
  const std::vector<Output> grads = internal::AddGradients(graph, {loss}, handles, {.gated = true});
  std::vector<GradientAndVariable> result;
  for (std::size_t i = 0; i < variables.size(); ++i) result.emplace_back(grads[i], variables[i]);
  return result;
}

Operation* Optimizer::ApplyGradients(Graph& graph,
                                     const std::vector<GradientAndVariable>& gradients,
                                     Variable global_step, const std::string& scope_name) {
  const bool any = std::ranges::any_of(gradients, [](const auto& g) { return bool(g.first); });
  if (!any) {
    throw ValueError(
        fmt::format("No gradients provided for any variable: [{}].", NamesOf(gradients)));
  }
  const NameScope scope(graph, scope_name.empty() ? name() : scope_name);
  Prepare(graph);
  std::vector<Operation*> updates;
  for (const auto& [gradient, variable] : gradients) {
    if (!gradient) continue;
    const NameScope update_scope(graph, "update_" + variable.name());
    updates.push_back(ApplyDense(variable, gradient));
  }
  // RF-45: the step counts only when all updates are done.
  Operation* train_op = global_step ? CountStep(graph, global_step, Group(graph, updates, "update"))
                                    : Group(graph, updates, graph.name_scope() + "/");
  const auto present = graph.GetCollection(GraphKeys::kTrainOp);
  if (std::ranges::find(present, CollectionItem(train_op)) == present.end()) {
    graph.AddToCollection(GraphKeys::kTrainOp, train_op);
  }
  return train_op;
}

void GradientDescentOptimizer::Prepare(Graph& graph) {
  learning_rate_tensor_ = Constant(graph, Tensor::Scalar(learning_rate_), "learning_rate");
}

Operation* GradientDescentOptimizer::ApplyDense(const Variable& variable, Output gradient) {
  const Output rate = Cast(learning_rate_tensor_, variable.dtype());
  Operation* handle = variable.handle.op;
  const char* type = variable.is_resource ? "ResourceApplyGradientDescent" : "ApplyGradientDescent";
  return handle->graph().AddOperation({.type = type,
                                       .name = type,
                                       .inputs = {variable.handle, rate, gradient},
                                       .attrs = internal::Beside(*handle),
                                       .control_inputs = {},
                                       .device = handle->device()});
}

}  // namespace faultline
