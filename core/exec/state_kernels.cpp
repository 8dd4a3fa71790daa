#include <cstdint>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "core/exec/eigen_maps.h"
#include "core/exec/standard_kernels.h"
#include "core/exec/type_dispatch.h"

namespace faultline::internal {
namespace {

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
      state_ = context.resources().FindOrCreate<VariableState>(container_, name_, [&] {
        return std::make_shared<VariableState>(context.env().spawner, name_, dtype,
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
  std::shared_ptr<VariableState> state_;
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

// Adds to or subtracts from a variable. Integers wrap around.
class AccumulateKernel final : public OpKernel {
 public:
  explicit AccumulateKernel(const Operation& op) : subtract_(op.type() == "AssignSub") {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  Status Compute(OpKernelContext& context) override {
    VariableState& variable = context.input_variable(0);
    const Tensor delta = context.input(1);
    context.AddCost(delta.NumElements());
    FL_RETURN_IF_ERROR(VisitNumber(variable.dtype(), [&]<class T>() {
      return context.UpdateVariable(
          variable, {.check =
                         [&](const Tensor& value) {
                           if (value.shape() == delta.shape()) return Status();
                           return Status(Code::kInvalidArgument,
                                         "Parameters and update must be the same size");
                         },
                     .apply = [&](Tensor& value) { Apply<T>(delta, &value); }});
    }));
    context.forward(0, 0);
    return Status();
  }

 private:
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
    context.set_output(0, Tensor::Scalar<bool>(context.input_variable(0).initialized()));
    return Status();
  }
};

class ApplyGradientDescentKernel final : public OpKernel {
 public:
  explicit ApplyGradientDescentKernel(const Operation&) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  Status Compute(OpKernelContext& context) override {
    VariableState& variable = context.input_variable(0);
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
    FL_RETURN_IF_ERROR(VisitNumber(variable.dtype(), [&]<class T>() {
      const auto apply = [&](Tensor& value) {
        Write<T>(value) -= Read<T>(delta) * alpha.scalar<T>();
      };
      return context.UpdateVariable(variable, {.check = check, .apply = apply});
    }));
    context.forward(0, 0);
    return Status();
  }
};

}  // namespace

void RegisterStateKernels(KernelRegistry& registry) {
  registry.Register<VariableKernel>("VariableV2");
  registry.Register<AssignKernel>("Assign");
  registry.Register<AccumulateKernel>("AssignAdd");
  registry.Register<AccumulateKernel>("AssignSub");
  registry.Register<CountUpToKernel>("CountUpTo");
  registry.Register<IsVariableInitializedKernel>("IsVariableInitialized");
  registry.Register<ApplyGradientDescentKernel>("ApplyGradientDescent");
}

}  // namespace faultline::internal
