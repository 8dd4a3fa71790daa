#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace faultline {

// Builder functions: one for each op that programs use, with TensorFlow's names and meaning. `name`
// is made unique; empty takes TensorFlow's default name. All throw what Graph::AddOperation throws.

// ---- arrays and constants ----
Output Constant(Graph& graph, Tensor value, const std::string& name = "Const");
Output Placeholder(Graph& graph, DataType dtype, PartialShape shape = PartialShape(),
                   const std::string& name = "Placeholder");
Output PlaceholderWithDefault(Output value, PartialShape shape,
                              const std::string& name = "PlaceholderWithDefault");
Output Identity(Output value, const std::string& name = "Identity");
Output Zeros(Graph& graph, DataType dtype, TensorShape shape, const std::string& name = "zeros");
Output Reshape(Output value, Output shape, const std::string& name = "Reshape");
Output ShapeOf(Output value, const std::string& name = "Shape");
Output Cast(Output value, DataType to, const std::string& name = "Cast");
Output Pack(const std::vector<Output>& values, const std::string& name = "stack");
Output Concat(const std::vector<Output>& values, int axis, const std::string& name = "concat");
Output Gather(Output params, Output indices, const std::string& name = "Gather");

// ---- mathematics ----
Output Add(Output a, Output b, const std::string& name = "add");
Output Sub(Output a, Output b, const std::string& name = "sub");
Output Mul(Output a, Output b, const std::string& name = "mul");
Output RealDiv(Output a, Output b, const std::string& name = "truediv");
Output Neg(Output value, const std::string& name = "Neg");
Output Square(Output value, const std::string& name = "Square");
Output MatMul(Output a, Output b, bool transpose_a = false, bool transpose_b = false,
              const std::string& name = "MatMul");
Output BiasAdd(Output value, Output bias, const std::string& name = "BiasAdd");
// Over all elements.
Output ReduceSum(Output value, const std::string& name = "Sum");
Output ReduceMean(Output value, const std::string& name = "Mean");
Output AddN(const std::vector<Output>& values, const std::string& name = "AddN");

// ---- control ----
Operation* NoOp(Graph& graph, const std::string& name = "NoOp");
// An operation that runs after all of these: a NoOp with control dependencies, grouped by device as
// TensorFlow does.
Operation* Group(Graph& graph, const std::vector<Operation*>& operations,
                 const std::string& name = "group_deps");
// `value`, handed on only after `dependencies` have run.
Output WithDependencies(const std::vector<Operation*>& dependencies, Output value,
                        const std::string& name = "control_dependency");

// ---- state ----
struct VariableOptions {
  bool trainable = true;
  // Collections that it joins; empty: the global variables.
  std::vector<std::string> collections = {};
  // The initial value's static shape must be known unless this is false.
  bool validate_shape = true;
  bool use_resource = false;
};
// A reference variable: VariableV2, its Assign and its read Identity; or a resource variable:
// VarHandleOp, AssignVariableOp, VarIsInitializedOp, ReadVariableOp. If the initial value reads
// another variable, that read is guarded (SE-23).
Variable MakeVariable(Graph& graph, Output initial_value, const std::string& name,
                      const VariableOptions& options = {});
Variable MakeVariable(Graph& graph, Tensor initial_value, const std::string& name,
                      const VariableOptions& options = {});
// Shorthand for a variable of the local collection only, not trainable.
Variable MakeLocalVariable(Graph& graph, Output initial_value, const std::string& name);
Variable MakeLocalVariable(Graph& graph, Tensor initial_value, const std::string& name);
// A variable that starts with zeros, as TensorFlow's get_variable makes it: the nodes of its
// initial value belong to it, under "name/Initializer/".
Variable MakeZeroVariable(Graph& graph, DataType dtype, TensorShape shape, const std::string& name,
                          const VariableOptions& options = {});
// Each returns the variable's value after the assignment; of a resource variable, a read that waits
// for the assignment.
Output Assign(const Variable& variable, Output value, const std::string& name = "");
Output AssignAdd(const Variable& variable, Output value, const std::string& name = "");
Output AssignSub(const Variable& variable, Output value, const std::string& name = "");
// Returns the value of a reference variable and adds 1, or fails OUT_OF_RANGE at `limit`.
Output CountUpTo(const Variable& variable, std::int64_t limit,
                 const std::string& name = "CountUpTo");
Output IsVariableInitialized(const Variable& variable, const std::string& name = "");
// The variable's value, or its initial value while it has none (SE-23).
Output InitializedValue(const Variable& variable);
// Group of the variables' initializers ("init" in TensorFlow).
Operation* VariablesInitializer(Graph& graph, const std::vector<Variable>& variables,
                                const std::string& name = "init");
// SE-24: 1-D strings, names of those without a value, in list order.
Output ReportUninitializedVariables(Graph& graph, const std::vector<Variable>& variables,
                                    const std::string& name = "report_uninitialized_variables");
// The same over globals, then locals.
Output ReportUninitializedVariables(Graph& graph);
// Puts a resource into the collection of shared or of local resources.
void RegisterResource(Graph& graph, const InitializableResource& resource, bool is_shared = true);
// SE-25: the same over resources; without any an empty list.
Output ReportUninitializedResources(Graph& graph,
                                    const std::vector<InitializableResource>& resources,
                                    const std::string& name = "report_uninitialized_resources");
// Over the shared ones, then the local ones.
Output ReportUninitializedResources(Graph& graph);
// SE-26; null when there are no variables.
Output AssertVariablesInitialized(Graph& graph);

// ---- queues ----
struct Queue {
  Output handle;
  std::vector<DataType> types;
  const std::string& name() const { return handle.op->name(); }
};
Queue FifoQueue(Graph& graph, std::int64_t capacity, std::vector<DataType> types,
                const std::string& name = "fifo_queue");
Operation* Enqueue(const Queue& queue, const std::vector<Output>& values,
                   const std::string& name = "");
std::vector<Output> Dequeue(const Queue& queue, const std::string& name = "");
Operation* CloseQueue(const Queue& queue, bool cancel_pending_enqueues = false,
                      const std::string& name = "");
Output QueueSize(const Queue& queue, const std::string& name = "");

// ---- summaries ----
// Serialized Summary with one simple value; joins the summaries collection. The tag is `tag` within
// the name scope, with "_" for what no name may contain.
Output ScalarSummary(const std::string& tag, Output value);
Output MergeSummary(const std::vector<Output>& summaries, const std::string& name = "Merge");
// Merge of the collection; null if it is empty.
Output MergeAllSummaries(Graph& graph);

}  // namespace faultline
