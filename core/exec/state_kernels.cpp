#include <cstdint>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "core/exec/eigen_maps.h"
#include "core/exec/standard_kernels.h"
#include "core/exec/type_dispatch.h"

namespace faultline::internal {
namespace {

// Gives the variable of a node's name, which it makes if there is none.
template <class State>
class VariableKernel final : public OpKernel {
 public:
  explicit VariableKernel(const Operation& op)
      : container_(op.attr<std::string>("container")), name_(op.attr<std::string>("shared_name")) {
    if (name_.empty()) name_ = op.name();
  }

  Status Compute(OpKernelContext& context) override {
    const Operation& op = context.op();
    const DataType dtype = op.attr<DataType>("dtype");
    if (generation_ != context.resources().generation()) {
      state_ = context.resources().FindOrCreate<State>(container_, name_, [&] {
        return std::make_shared<State>(context.env().spawner, name_, dtype,
                                       op.attr<PartialShape>("shape"));
      });
      generation_ = context.resources().generation();
    }
    if (state_->dtype() != dtype) {
      return Status(Code::kInvalidArgument,
                    fmt::format("Trying to access variable {} of type {} as {}", name_,
                                DataTypeName(state_->dtype()), DataTypeName(dtype)));
    }
    context.AddCost(1);
    context.set_output_resource(0, state_);
    return Status();
  }

 private:
  std::string container_;
  std::string name_;
  std::shared_ptr<State> state_;
  std::uint64_t generation_ = 0;
};

class AssignKernel final : public OpKernel {
 public:
  explicit AssignKernel(const Operation& op) : validate_shape_(op.attr<bool>("validate_shape")) {}
  KernelTraits traits() const override {
    return {.reference_input = true, .allow_uninitialized = true};
  }
  Status Compute(OpKernelContext& context) override {
    if (context.input_is_resource(1) && !context.input_variable(1).initialized()) {
      return Status(Code::kFailedPrecondition,
                    "Attempting to use uninitialized value " + context.input_variable(1).name());
    }
    VariableState& variable = context.input_variable(0);
    const Tensor value = context.input(1);
    const PartialShape shape = variable.shape();
    if (validate_shape_ && shape.fully_defined() && !shape.Accepts(value.shape())) {
      return Status(
          Code::kInvalidArgument,
          fmt::format("Assign requires shapes of both tensors to match. lhs shape= {} rhs "
                      "shape= {}",
                      shape.ToString(), value.shape().ToString()));
    }
    context.AddCost(value.NumElements());
    FL_RETURN_IF_ERROR(context.AssignVariable(variable, value));
    context.forward(0, 0);
    return Status();
  }

 private:
  bool validate_shape_;
};

// The resource variable that a handle stands for, with the type that a node knows it under.
Result<VariableState*> ResourceVariable(const OpKernelContext& context, DataType dtype) {
  auto* variable = context.find_input_resource<ResourceVariableState>(0);
  if (variable == nullptr) {
    return Status(Code::kInvalidArgument, "The resource is no variable");
  }
  if (variable->dtype() != dtype) {
    return Status(Code::kInvalidArgument,
                  fmt::format("The variable {} is of type {}, not {}", variable->name(),
                              DataTypeName(variable->dtype()), DataTypeName(dtype)));
  }
  return variable;
}

class ReadVariableKernel final : public OpKernel {
 public:
  explicit ReadVariableKernel(const Operation& op) : dtype_(op.attr<DataType>("dtype")) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  Status Compute(OpKernelContext& context) override {
    FL_ASSIGN_OR_RETURN(const VariableState* const variable, ResourceVariable(context, dtype_));
    if (!variable->initialized()) {  // ER-10
      return Status(Code::kFailedPrecondition,
                    fmt::format("Error while reading resource variable {}. This could mean that "
                                "the variable was uninitialized.",
                                variable->name()));
    }
    context.AddCost(1);
    context.set_output(0, variable->value());
    return Status();
  }

 private:
  DataType dtype_;
};

class AssignVariableKernel final : public OpKernel {
 public:
  // The attribute is younger than the op.
  explicit AssignVariableKernel(const Operation& op)
      : dtype_(op.attr<DataType>("dtype")),
        validate_shape_(op.has_attr("validate_shape") && op.attr<bool>("validate_shape")) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  Status Compute(OpKernelContext& context) override {
    FL_ASSIGN_OR_RETURN(VariableState* const variable, ResourceVariable(context, dtype_));
    const Tensor value = context.input(1);
    if (validate_shape_ && variable->initialized() && variable->value().shape() != value.shape()) {
      return Status(Code::kInvalidArgument,
                    fmt::format("Trying to assign to variable with tensor with wrong shape. "
                                "Expected {} got {}",
                                variable->value().shape().ToString(), value.shape().ToString()));
    }
    context.AddCost(value.NumElements());
    return context.AssignVariable(*variable, value);
  }

 private:
  DataType dtype_;
  bool validate_shape_;
};

// Adds to or subtracts from a variable of either kind. Integers wrap around.
class AccumulateKernel final : public OpKernel {
 public:
  explicit AccumulateKernel(const Operation& op)
      : subtract_(op.type().starts_with("AssignSub")), resource_(op.num_outputs() == 0) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  Status Compute(OpKernelContext& context) override {
    if (!resource_) {
      FL_RETURN_IF_ERROR(Update(context, context.input_variable(0)));
      context.forward(0, 0);
      return Status();
    }
    FL_ASSIGN_OR_RETURN(VariableState* const variable,
                        ResourceVariable(context, context.op().attr<DataType>("dtype")));
    if (!variable->initialized()) {  // not the error of a read
      return Status(Code::kNotFound,
                    fmt::format("Resource variable {} does not exist.", variable->name()));
    }
    return Update(context, *variable);
  }

 private:
  Status Update(OpKernelContext& context, VariableState& variable) const {
    const Tensor delta = context.input(1);
    context.AddCost(delta.NumElements());
    return VisitNumber(variable.dtype(), [&]<class T>() {
      return context.UpdateVariable(
          variable, {.check =
                         [&](const Tensor& value) {
                           if (value.shape() == delta.shape()) return Status();
                           return Status(Code::kInvalidArgument,
                                         "Parameters and update must be the same size");
                         },
                     .apply = [&](Tensor& value) { Apply<T>(delta, &value); }});
    });
  }

  template <class T>
  void Apply(const Tensor& delta, Tensor* value) const {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      const auto change = delta.flat<T>();
      const auto out = value->mutable_flat<T>();
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto by = static_cast<Unsigned>(change[i]);
        const auto old = static_cast<Unsigned>(out[i]);
        out[i] = static_cast<T>(subtract_ ? old - by : old + by);
      }
    } else if (subtract_) {
      Write<T>(*value) -= Read<T>(delta);
    } else {
      Write<T>(*value) += Read<T>(delta);
    }
  }

  bool subtract_;
  bool resource_;
};

class CountUpToKernel final : public OpKernel {
 public:
  explicit CountUpToKernel(const Operation& op) : limit_(op.attr<std::int64_t>("limit")) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  Status Compute(OpKernelContext& context) override {
    return VisitNumber(context.input_variable(0).dtype(),
                       [&]<class T>() { return Count<T>(context); });
  }

 private:
  template <class T>
  Status Count(OpKernelContext& context) const {
    T before{};
    const auto check = [&](const Tensor& value) {
      if (value.NumElements() != 1) {
        return Status(Code::kInvalidArgument, "input is not a scalar: " + value.shape().ToString());
      }
      before = value.scalar<T>();
      if (static_cast<std::int64_t>(before) < limit_) return Status();
      return Status(Code::kOutOfRange, fmt::format("Reached limit of {}", limit_));
    };
    FL_RETURN_IF_ERROR(context.UpdateVariable(
        context.input_variable(0),
        {.check = check, .apply = [](Tensor& value) { value.mutable_flat<T>()[0] += T{1}; }}));
    context.set_output(0, Tensor::Scalar<T>(before));
    return Status();
  }

  std::int64_t limit_;
};

class IsVariableInitializedKernel final : public OpKernel {
 public:
  explicit IsVariableInitializedKernel(const Operation&) {}
  KernelTraits traits() const override {
    return {.reference_input = true, .allow_uninitialized = true};
  }
  Status Compute(OpKernelContext& context) override {
    const auto* variable = context.find_input_resource<VariableState>(0);
    context.set_output(0, Tensor::Scalar<bool>(variable != nullptr && variable->initialized()));
    return Status();
  }
};

class ApplyGradientDescentKernel final : public OpKernel {
 public:
  explicit ApplyGradientDescentKernel(const Operation& op) : resource_(op.num_outputs() == 0) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  Status Compute(OpKernelContext& context) override {
    if (!resource_) {
      FL_RETURN_IF_ERROR(Update(context, context.input_variable(0)));
      context.forward(0, 0);
      return Status();
    }
    FL_ASSIGN_OR_RETURN(VariableState* const variable,
                        ResourceVariable(context, context.op().attr<DataType>("T")));
    if (!variable->initialized()) {
      return Status(Code::kFailedPrecondition,
                    "Attempting to use uninitialized variables: " + variable->name());
    }
    return Update(context, *variable);
  }

 private:
  static Status Update(OpKernelContext& context, VariableState& variable) {
    const Tensor alpha = context.input(1);
    const Tensor delta = context.input(2);
    if (alpha.shape().rank() != 0) {
      return Status(Code::kInvalidArgument, "alpha is not a scalar: " + alpha.shape().ToString());
    }
    const auto check = [&](const Tensor& value) {
      if (value.shape() == delta.shape()) return Status();
      return Status(Code::kInvalidArgument,
                    fmt::format("var and delta do not have the same shape{} {}",
                                value.shape().ToString(), delta.shape().ToString()));
    };
    context.AddCost(delta.NumElements());
    return VisitNumber(variable.dtype(), [&]<class T>() {
      const auto apply = [&](Tensor& value) {
        Write<T>(value) -= Read<T>(delta) * alpha.scalar<T>();
      };
      return context.UpdateVariable(variable, {.check = check, .apply = apply});
    });
  }

  bool resource_;
};

}  // namespace

void RegisterStateKernels(KernelRegistry& registry) {
  registry.Register<VariableKernel<VariableState>>("VariableV2");
  registry.Register<VariableKernel<ResourceVariableState>>("VarHandleOp");
  registry.Register<ReadVariableKernel>("ReadVariableOp");
  registry.Register<AssignVariableKernel>("AssignVariableOp");
  registry.Register<AccumulateKernel>("AssignAddVariableOp");
  registry.Register<AccumulateKernel>("AssignSubVariableOp");
  registry.Register<IsVariableInitializedKernel>("VarIsInitializedOp");
  registry.Register<ApplyGradientDescentKernel>("ResourceApplyGradientDescent");
  registry.Register<AssignKernel>("Assign");
  registry.Register<AccumulateKernel>("AssignAdd");
  registry.Register<AccumulateKernel>("AssignSub");
  registry.Register<CountUpToKernel>("CountUpTo");
  registry.Register<IsVariableInitializedKernel>("IsVariableInitialized");
  registry.Register<ApplyGradientDescentKernel>("ApplyGradientDescent");
}

}  // namespace faultline::internal
