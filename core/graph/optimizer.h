#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/graph/graph.h"

namespace faultline {

// Gradients of the sum of `ys` with respect to each of `xs`, added to the graph by rewriting. A
// null output where y does not depend on x. LookupError-like conditions are ValueError naming the
// op.
std::vector<Output> Gradients(Graph& graph, const std::vector<Output>& ys,
                              const std::vector<Output>& xs);

class Optimizer {
 public:
  using GradientAndVariable = std::pair<Output, Variable>;
  virtual ~Optimizer() = default;
  // Gradients, their application and, if given, one increment of the global step after all updates
  // (RF-45). Joins the train-op collection. ValueError if no trainable variable gets a gradient.
  Operation* Minimize(Graph& graph, Output loss, Variable global_step = {},
                      const std::string& name = "");
  std::vector<GradientAndVariable> ComputeGradients(Graph& graph, Output loss,
                                                    std::vector<Variable> variables = {});
  Operation* ApplyGradients(Graph& graph, const std::vector<GradientAndVariable>& gradients,
                            Variable global_step = {}, const std::string& name = "");

 protected:
  virtual std::string name() const = 0;
  virtual void Prepare(Graph& graph) = 0;
  virtual Operation* ApplyDense(const Variable& variable, Output gradient) = 0;
};

// v := v - learning_rate * gradient.
class GradientDescentOptimizer : public Optimizer {
 public:
  explicit GradientDescentOptimizer(float learning_rate, std::string name = "GradientDescent")
      : learning_rate_(learning_rate), name_(std::move(name)) {}

 protected:
  std::string name() const override { return name_; }
  void Prepare(Graph& graph) override;
  Operation* ApplyDense(const Variable& variable, Output gradient) override;

 private:
  float learning_rate_;
  std::string name_;
  Output learning_rate_tensor_;
};

}  // namespace faultline
