#include "core/graph/gradients.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/build.h"
#include "core/graph/ops.h"
#include "core/graph/optimizer.h"

namespace faultline {
namespace internal {
namespace {

// One call of Gradients. Operations are known by their ids.
class GradientBuilder {
 public:
  GradientBuilder(Graph& graph, const std::vector<Output>& ys, const std::vector<Output>& xs,
                  const GradientOptions& options)
      : graph_(graph), ys_(ys), xs_(xs), options_(options) {}

  std::vector<Output> Run() {
    const NameScope scope(graph_, "gradients");
    SeedGradients();
    FindOperationsBetween();
    CountPending();
    for (const Output& y : ys_) {
      if (between_.contains(y.op->id()) && pending_[y.op->id()] == 0) Enqueue(y.op);
    }
    while (!queue_.empty()) {
      Operation* op = queue_.front();
      queue_.pop_front();
      Visit(op);
    }
    std::vector<Output> result;
    for (const Output& x : xs_) {
      const auto found = arrived_.find({x.op->id(), x.index});
      result.push_back(found == arrived_.end() ? Output() : Sum(found->second));
    }
    return result;
  }

 private:
  using Key = std::pair<int, int>;  // operation, output

  void SeedGradients() {
    for (std::size_t i = 0; i < ys_.size(); ++i) {
      const Output y = ys_[i];
      if (!IsFloating(y.dtype())) {
        throw ValueError(
            fmt::format("Gradients of '{}': its type is {}", y.name(), DataTypeName(y.dtype())));
      }
      const Output shape = ShapeOf(y);
      const NameScope scope(graph_, fmt::format("grad_ys_{}", i));
      const Output one = Cast(Constant(graph_, One(BaseType(y.dtype()))), BaseType(y.dtype()));
      Add(y, Build("Fill", graph_.name_scope() + "/", {shape, one}));
    }
  }

  static Tensor One(DataType dtype) {
    return dtype == DataType::kDouble ? Tensor::Scalar(1.0) : Tensor::Scalar(1.0F);
  }

  // Those that depend on an x and that a y depends on.
  void FindOperationsBetween() {
    std::set<int> reached;
    for (const Output& x : xs_) reached.insert(x.op->id());
    // Inputs come before their readers in the order of creation.
    for (const auto& op : graph_.operations()) {
      if (std::ranges::any_of(op->inputs(), [&reached](const Output& in) {
            return LeadsFrom(in.dtype()) && reached.contains(in.op->id());
          })) {
        reached.insert(op->id());
      }
    }
    std::vector<Operation*> open;
    for (const Output& y : ys_) open.push_back(y.op);
    while (!open.empty()) {
      Operation* op = open.back();
      open.pop_back();
      if (!reached.contains(op->id()) || !between_.insert(op->id()).second) continue;
      for (const Output& input : op->inputs()) open.push_back(input.op);
    }
  }

  // A resource may be a variable, whose readers depend on it.
  static bool LeadsFrom(DataType dtype) {
    return IsFloating(dtype) || dtype == DataType::kResource;
  }

  void CountPending() {
    for (const int id : between_) {
      for (const Output& input : graph_.operations()[static_cast<std::size_t>(id)]->inputs()) {
        if (between_.contains(input.op->id())) ++pending_[input.op->id()];
      }
    }
  }

  void Enqueue(Operation* op) {
    if (queued_.insert(op->id()).second) queue_.push_back(op);
  }

  void Visit(Operation* op) {
    std::vector<Output> grads;
    for (int i = 0; i < op->num_outputs(); ++i) {
      const auto found = arrived_.find({op->id(), i});
      if (found == arrived_.end()) {
        grads.emplace_back();
        continue;
      }
      found->second = {Sum(found->second)};
      grads.push_back(found->second[0]);
    }
    const bool any = std::ranges::any_of(grads, [](const Output& g) { return bool(g); });
    if (any && LeadsOn(op)) PassOn(op, std::move(grads));
    for (const Output& input : op->inputs()) {
      if (between_.contains(input.op->id()) && --pending_[input.op->id()] == 0) Enqueue(input.op);
    }
  }

  bool LeadsOn(const Operation* op) const {
    return std::ranges::any_of(
        op->inputs(), [this](const Output& input) { return between_.contains(input.op->id()); });
  }

  void PassOn(Operation* op, std::vector<Output> grads) {
    const GradientFunction function = FindGradient(op->type());
    if (function == nullptr) {
      throw ValueError(
          fmt::format("No gradient defined for '{}' (op: '{}')", op->name(), op->type()));
    }
    const NameScope scope(graph_, op->name() + "_grad");
    std::vector<Output> to_inputs = function({graph_, op, std::move(grads)});
    FL_ASSERT(to_inputs.size() == op->inputs().size(), "{} gradients for {} inputs of {}",
              to_inputs.size(), op->inputs().size(), op->name());
    if (options_.gated) Gate(&to_inputs);
    for (std::size_t i = 0; i < to_inputs.size(); ++i) {
      if (to_inputs[i]) Add(op->inputs()[i], to_inputs[i]);
    }
  }

  void Gate(std::vector<Output>* grads) {
    std::vector<Operation*> operations;
    for (const Output& grad : *grads) {
      if (grad) operations.push_back(grad.op);
    }
    if (operations.size() < 2) return;
    const NameScope scope(graph_, "tuple");
    Operation* all = Group(graph_, operations);
    for (Output& grad : *grads) {
      if (grad) grad = WithDependencies({all}, grad);
    }
  }

  void Add(Output of, Output grad) { arrived_[{of.op->id(), of.index}].push_back(grad); }

  Output Sum(const std::vector<Output>& grads) {
    if (grads.size() == 1) return grads[0];
    return Build("AddN", "AddN", grads, Beside(*grads[0].op));
  }

  Graph& graph_;
  const std::vector<Output>& ys_;
  const std::vector<Output>& xs_;
  const GradientOptions options_;
  std::set<int> between_;
  std::map<int, int> pending_;  // readers whose gradients are still to come
  std::set<int> queued_;
  std::deque<Operation*> queue_;
  std::map<Key, std::vector<Output>> arrived_;
};

}  // namespace

std::vector<Output> AddGradients(Graph& graph, const std::vector<Output>& ys,
                                 const std::vector<Output>& xs, const GradientOptions& options) {
  for (const Output& output : ys) {
    if (!graph.Contains(output.op)) throw ValueError("A value to derive is not of this graph");
  }
  for (const Output& output : xs) {
    if (!graph.Contains(output.op)) throw ValueError("What to derive for is not of this graph");
  }
  return GradientBuilder(graph, ys, xs, options).Run();
}

}  // namespace internal

std::vector<Output> Gradients(Graph& graph, const std::vector<Output>& ys,
                              const std::vector<Output>& xs) {
  return internal::AddGradients(graph, ys, xs, {});
}

}  // namespace faultline
