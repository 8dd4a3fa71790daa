#pragma once

#include <vector>

#include "core/graph/graph.h"

namespace faultline::internal {

// What an op's gradient function gets: the op, and for each output the gradient that arrived (null:
// none did).
struct GradientContext {
  Graph& graph;
  Operation* op;
  std::vector<Output> grads;

  Output input(int i) const { return op->inputs()[static_cast<std::size_t>(i)]; }
  Output grad() const { return grads[0]; }
};

// Gradients of the op's inputs, null where there is none. Nodes go to the current name scope.
using GradientFunction = std::vector<Output> (*)(const GradientContext& context);

// Null for an op without gradient.
GradientFunction FindGradient(std::string_view type);

struct GradientOptions {
  // No gradient of an op is used before all of its gradients are there.
  bool gated = false;
};

std::vector<Output> AddGradients(Graph& graph, const std::vector<Output>& ys,
                                 const std::vector<Output>& xs, const GradientOptions& options);

}  // namespace faultline::internal
