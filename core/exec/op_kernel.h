#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/semantics.h"
#include "core/env/env.h"
#include "core/env/step_context.h"
#include "core/exec/resource_manager.h"
#include "core/exec/variable_state.h"
#include "core/graph/graph.h"
#include "core/tensor/tensor.h"

namespace faultline {

// What the kernels of one engine (an in-process session, a server) share. Outlives its executors.
struct ExecEnvironment {
  Env& env;
  Semantics semantics;
  ResourceManager& resources;
  // Name of the variable whose writes are announced as the global step too; empty: none.
  std::string global_step = "global_step";
};

// What one output of a node holds within a step.
struct Slot {
  enum class State : std::uint8_t { kEmpty, kDead, kValue, kResource };
  State state = State::kEmpty;
  Tensor value;                        // kValue
  std::shared_ptr<Resource> resource;  // kResource: a variable's reference, a queue
};

// How the executor has to treat a kernel.
struct KernelTraits {
  // Input 0 must be a variable or a queue, not a value.
  bool reference_input = false;
  // A variable without value among the inputs is no error (Assign, IsVariableInitialized).
  bool allow_uninitialized = false;
  // Runs when its first living input arrives (Merge).
  bool merge = false;
  // Outputs that it does not set are dead (Switch).
  bool dead_outputs = false;
};

// A change of a variable's present value. Neither function may suspend.
struct VariableUpdate {
  std::function<Status(const Tensor&)> check;  // an error leaves the variable as it is
  std::function<void(Tensor&)> apply;
};

class StepRun;

// The step as a kernel sees it, for one execution. Valid during Compute; for an asynchronous kernel
// until `done` is called, but its inputs only until ComputeAsync returns.
class OpKernelContext {
 public:
  const Operation& op() const { return *op_; }
  Env& env() const { return environment_->env; }
  const Semantics& semantics() const { return environment_->semantics; }
  ResourceManager& resources() const { return environment_->resources; }
  // Cause, session, run and attempt of this step.
  const StepContext& step() const { return *step_; }
  // Cancelled when the step has to end early. Never null.
  CancelToken* cancel() const { return cancel_; }

  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  // The value of an input; of a variable, its present value: copy the tensor (which shares the
  // buffer) before anything that suspends. Asserts that there is one.
  const Tensor& input(int i) const;
  bool input_is_resource(int i) const { return Input(i).state == Slot::State::kResource; }
  // False for a dead input (Merge only).
  bool has_input(int i) const { return Input(i).state >= Slot::State::kValue; }
  // The variable or queue that an input refers to. Asserts that it is one.
  template <class T>
  T& input_resource(int i) const {
    T* found = dynamic_cast<T*>(Input(i).resource.get());
    FL_ASSERT(found != nullptr, "input {} of {} is no {}", i, op().name(), T::kKind);
    return *found;
  }
  // Null if it refers to something else.
  template <class T>
  T* find_input_resource(int i) const {
    return dynamic_cast<T*>(Input(i).resource.get());
  }
  VariableState& input_variable(int i) const { return input_resource<VariableState>(i); }
  // A tensor of that type and shape to write a result to: the buffer of input `i` if it fits and
  // nobody else holds it (what was read of it stays in place), else a new one.
  Tensor ForwardOrAllocate(int i, DataType dtype, const TensorShape& shape);

  int num_outputs() const { return num_outputs_; }
  void set_output(int i, Tensor value);
  void set_output_resource(int i, std::shared_ptr<Resource> resource);
  // Hands an input on unread: its value, or its reference. A variable that has been handed on is
  // read by whoever takes the value, when it does: as in TensorFlow, where a read of a reference
  // variable shares its buffer, later writes of the step show.
  void forward(int input, int output);

  // Adds to the work of this step: about one multiplication and addition each. What a kernel does
  // not report counts as one for each output element.
  void AddCost(std::int64_t operations) {
    reported_ = true;
    *cost_ += operations;
  }

  // Replaces the value of a variable by `value`. Suspends: the step's work so far passes as
  // computing time, so that a crash can fall between two writes of one step, then the write is
  // announced (VariableWrite; GlobalStepWrite for the global step), then it happens. CANCELLED or
  // the like if the step was cancelled meanwhile. One writer at a time for each variable.
  Status AssignVariable(VariableState& variable, Tensor value);
  // The same by changing the present value, in place if nobody else holds the buffer and no digest
  // is wanted.
  Status UpdateVariable(VariableState& variable, const VariableUpdate& update);

 private:
  friend class StepRun;

  const Slot& Input(int i) const { return *inputs_[static_cast<std::size_t>(i)]; }
  Status PassComputingTime();
  void AnnounceWrite(const VariableState& variable, const Tensor* value);
  bool IsGlobalStep(const VariableState& variable) const;

  const ExecEnvironment* environment_ = nullptr;
  const Operation* op_ = nullptr;
  const StepContext* step_ = nullptr;
  CancelToken* cancel_ = nullptr;
  std::int64_t* cost_ = nullptr;
  bool reported_ = false;
  std::vector<Slot*> inputs_;
  std::vector<std::uint8_t> last_reader_;  // of each input: is this its last reader
  Slot* outputs_ = nullptr;
  int num_outputs_ = 0;
};

// The code of one node, made once for each node of an engine's graph and kept; it may hold state of
// its own (what it found, attributes). `Compute` may be entered again by another step while it is
// suspended.
class OpKernel {
 public:
  virtual ~OpKernel() = default;
  virtual KernelTraits traits() const { return {}; }
  // Sets the outputs. May suspend, which holds up this step only; never with a frame of Eigen,
  // protobuf or LevelDB below. The executor adds the node's name to an error.
  virtual Status Compute(OpKernelContext& context) = 0;
};

// A kernel that may have to wait for something outside of its step. Other kernels of the step go on
// meanwhile.
class AsyncOpKernel : public OpKernel {
 public:
  // Called exactly once, from any fiber of the process, also from within ComputeAsync. Does not
  // suspend.
  using Done = std::function<void(Status)>;

  // Must not suspend. When `context->cancel()` is cancelled, `done` must be called soon with its
  // reason (or with another outcome that was already sure).
  virtual void ComputeAsync(OpKernelContext* context, Done done) = 0;
  Status Compute(OpKernelContext& context) final;
};

}  // namespace faultline
