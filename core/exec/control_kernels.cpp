#include <fmt/format.h>

#include "core/exec/standard_kernels.h"

namespace faultline::internal {
namespace {

class NoOpKernel final : public OpKernel {
 public:
  explicit NoOpKernel(const Operation&) {}
  Status Compute(OpKernelContext&) override { return Status(); }
};

class ConstKernel final : public OpKernel {
 public:
  explicit ConstKernel(const Operation& op) : value_(op.attr<Tensor>("value")) {}
  Status Compute(OpKernelContext& context) override {
    context.set_output(0, value_);
    return Status();
  }

 private:
  Tensor value_;
};

class PlaceholderKernel final : public OpKernel {
 public:
  explicit PlaceholderKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Operation& op = context.op();
    std::string expected =
        fmt::format("You must feed a value for placeholder tensor '{}' with dtype {}", op.name(),
                    DataTypeName(op.output_type(0)));
    const PartialShape& shape = op.output_shape(0);
    if (shape.known_rank()) expected += " and shape " + shape.ToString();
    return Status(Code::kInvalidArgument, std::move(expected));
  }
};

class IdentityKernel final : public OpKernel {
 public:
  explicit IdentityKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    context.AddCost(1);
    context.forward(0, 0);
    return Status();
  }
};

class SwitchKernel final : public OpKernel {
 public:
  explicit SwitchKernel(const Operation& op) : reference_(op.type() == "RefSwitch") {}
  KernelTraits traits() const override {
    return {.reference_input = reference_, .allow_uninitialized = reference_, .dead_outputs = true};
  }
  Status Compute(OpKernelContext& context) override {
    const Tensor& chosen = context.input(1);
    if (chosen.NumElements() != 1 || chosen.shape().rank() != 0) {
      return Status(Code::kInvalidArgument, "The second input must be a scalar, but it has shape " +
                                                chosen.shape().ToString());
    }
    context.AddCost(1);
    context.forward(0, chosen.scalar<bool>() ? 1 : 0);
    return Status();
  }

 private:
  bool reference_;
};

class MergeKernel final : public OpKernel {
 public:
  explicit MergeKernel(const Operation&) {}
  KernelTraits traits() const override { return {.merge = true}; }
  Status Compute(OpKernelContext& context) override {
    int living = -1;
    for (int i = 0; i < context.num_inputs(); ++i) {
      if (!context.has_input(i)) continue;
      if (living >= 0) {
        return Status(Code::kInternal, "Merge can not have more than one valid input.");
      }
      living = i;
    }
    FL_ASSERT(living >= 0, "{} runs without a living input", context.op().name());
    context.AddCost(1);
    context.forward(living, 0);
    context.set_output(1, Tensor::Scalar<std::int32_t>(living));
    return Status();
  }
};

}  // namespace

void RegisterControlKernels(KernelRegistry& registry) {
  registry.Register<NoOpKernel>("NoOp");
  registry.Register<ConstKernel>("Const");
  registry.Register<PlaceholderKernel>("Placeholder");
  registry.Register<IdentityKernel>("PlaceholderWithDefault");
  registry.Register<IdentityKernel>("Identity");
  registry.Register<IdentityKernel>("StopGradient");
  registry.Register<SwitchKernel>("Switch");
  registry.Register<SwitchKernel>("RefSwitch");
  registry.Register<MergeKernel>("Merge");
}

}  // namespace faultline::internal
