#include "core/graph/initial_value.h"

#include <algorithm>
#include <map>

#include "core/graph/build.h"
#include "core/graph/ops.h"

namespace faultline::internal {
namespace {

// Rebuilds an expression with guarded reads. Works through the operations that the value depends on
// without recursion, since a chain of them may be long. A graph of this project has no cycles, so
// the exception that SE-23 makes for them has no place here.
class Guard {
 public:
  Guard(Graph& graph, const std::string& name) : graph_(graph), name_(name) {}

  Output Rewrite(Output value) {
    Open(value.op);
    while (!open_.empty()) {
      Visit& visit = open_.back();
      const auto& inputs = visit.op->inputs();
      if (visit.next < inputs.size()) {
        Operation* input = inputs[visit.next++].op;
        if (!safe_.contains(input->id())) Open(input);
        continue;
      }
      Operation* op = visit.op;
      open_.pop_back();
      safe_[op->id()] = Copy(op);
    }
    return Output{safe_.at(value.op->id()), value.index};
  }

 private:
  struct Visit {
    Operation* op;
    std::size_t next = 0;
  };

  // Operations at which the search ends are safe at once.
  void Open(Operation* op) {
    // Reads of resource variables stay as they are, as in TensorFlow.
    if (op->type() == "IsVariableInitialized" || op->type() == "VarIsInitializedOp" ||
        op->type() == "ReadVariableOp" || op->type() == "VarHandleOp") {
      safe_[op->id()] = op;
    } else if (op->type() == "VariableV2") {
      safe_[op->id()] = GuardedVariable(op);
    } else {
      open_.push_back({op});
    }
  }

  Operation* GuardedVariable(Operation* op) const {
    for (const std::string_view key : {GraphKeys::kGlobalVariables, GraphKeys::kLocalVariables}) {
      for (const Variable& variable : graph_.GetVariables(key)) {
        if (variable.handle.op == op && variable.initial_value) {
          return InitializedValue(variable).op;
        }
      }
    }
    return op;
  }

  // The operation itself unless one of its inputs was replaced.
  Operation* Copy(Operation* op) {
    std::vector<Output> inputs;
    for (const Output& input : op->inputs()) {
      inputs.push_back({safe_.at(input.op->id()), input.index});
    }
    if (inputs == op->inputs()) return op;
    // A guarded value is no reference.
    const std::string type = op->type() == "RefSwitch" ? "Switch" : op->type();
    std::string copy_name = op->name() + "_" + name_;
    std::ranges::replace(copy_name, ':', '_');
    const NameScope root(graph_, "");
    return Build(graph_, type.c_str(), copy_name, std::move(inputs), op->attrs());
  }

  Graph& graph_;
  const std::string& name_;
  std::map<int, Operation*> safe_;  // by the original's id
  std::vector<Visit> open_;
};

// The variable's value where `predicate` is true.
Output ReadReferenceInBranch(const Variable& variable, Output predicate) {
  Graph& graph = variable.handle.op->graph();
  Operation* handle = Build(graph, "RefSwitch", "read/Switch", {variable.handle, predicate});
  return Identity(handle->output(1), "read");
}

Output ReadInBranch(const Variable& variable, Output predicate) {
  Operation* op = variable.handle.op;
  Graph& graph = op->graph();
  const DeviceScope device(graph, op->device());
  Operation* handle = Build(graph, "Switch", "Read/ReadVariableOp/Switch",
                            {variable.handle, predicate}, Beside(*op));
  Operation* read = Build(graph, "ReadVariableOp", "Read/ReadVariableOp", {handle->output(1)},
                          {{"dtype", variable.dtype()}});
  return Identity(read->output());
}

}  // namespace

Output ValueOrInitial(const Variable& variable) {
  if (!variable.initial_value) return variable.value();
  Graph& graph = variable.handle.op->graph();
  const Output initialized = IsVariableInitialized(variable);
  const NameScope scope(graph, "cond");
  Operation* branch = Build(graph, "Switch", "Switch", {initialized, initialized});
  Identity(branch->output(1), "switch_t");
  Identity(branch->output(0), "switch_f");
  const Output predicate = Identity(initialized, "pred_id");
  const Output value = variable.is_resource ? ReadInBranch(variable, predicate)
                                            : ReadReferenceInBranch(variable, predicate);
  const Output initial = variable.initial_value;
  const Output other = Build("Switch", "Switch", {initial, predicate}, Beside(*initial.op));
  return Build("Merge", "Merge", {other, value});
}

Output GuardedInitialValue(Output initial_value, const std::string& name) {
  return Guard(initial_value.op->graph(), name).Rewrite(initial_value);
}

}  // namespace faultline::internal
