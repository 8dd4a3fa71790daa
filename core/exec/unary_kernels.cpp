#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/exec/broadcast.h"
#include "core/exec/convert.h"
#include "core/exec/eigen_maps.h"
#include "core/exec/standard_kernels.h"
#include "core/exec/tensor_copy.h"
#include "core/exec/type_dispatch.h"

namespace faultline::internal {
namespace {

struct NegOp {
  template <class T>
  static T One(T x) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      return static_cast<T>(Unsigned{0} - static_cast<Unsigned>(x));
    } else {
      return -x;
    }
  }
};
struct SquareOp {
  template <class T>
  static T One(T x) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<Unsigned>(x) * static_cast<Unsigned>(x));
    } else {
      return x * x;
    }
  }
};

template <class Op>
class ElementwiseKernel final : public OpKernel {
 public:
  explicit ElementwiseKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const DataType dtype = context.input(0).dtype();
    const TensorShape shape = context.input(0).shape();
    return VisitNumber(dtype, [&]<class T>() {
      const T* in = context.input(0).flat<T>().data();
      Tensor out = context.ForwardOrAllocate(0, dtype, shape);
      const auto results = out.mutable_flat<T>();
      for (std::size_t i = 0; i < results.size(); ++i) results[i] = Op::One(in[i]);
      context.set_output(0, std::move(out));
      return Status();
    });
  }
};

class LogicalNotKernel final : public OpKernel {
 public:
  explicit LogicalNotKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& in = context.input(0);
    Tensor out(DataType::kBool, in.shape());
    const auto results = out.mutable_flat<bool>();
    for (std::size_t i = 0; i < results.size(); ++i) results[i] = !in.flat<bool>()[i];
    context.set_output(0, std::move(out));
    return Status();
  }
};

class CastKernel final : public OpKernel {
 public:
  explicit CastKernel(const Operation& op) : to_(op.attr<DataType>("DstT")) {}
  Status Compute(OpKernelContext& context) override {
    FL_ASSIGN_OR_RETURN(Tensor converted, ConvertTensor(context.input(0), to_));
    context.set_output(0, std::move(converted));
    return Status();
  }

 private:
  DataType to_;
};

class ZerosLikeKernel final : public OpKernel {
 public:
  explicit ZerosLikeKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    context.set_output(0, Tensor(context.input(0).dtype(), context.input(0).shape()));
    return Status();
  }
};

class AddNKernel final : public OpKernel {
 public:
  explicit AddNKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor first = context.input(0);
    for (int i = 1; i < context.num_inputs(); ++i) {
      if (context.input(i).shape() != first.shape()) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Inputs to operation {} of type AddN must have the same size and "
                                  "shape.  Input 0: {} != input {}: {}",
                                  context.op().name(), first.shape().ToString(), i,
                                  context.input(i).shape().ToString()));
      }
    }
    context.AddCost(first.NumElements() * context.num_inputs());
    return VisitNumber(first.dtype(), [&]<class T>() {
      Tensor sum(first.dtype(), first.shape());
      auto out = Write<T>(sum);
      out = Read<T>(first);
      for (int i = 1; i < context.num_inputs(); ++i) Accumulate<T>(context.input(i), &sum);
      context.set_output(0, std::move(sum));
      return Status();
    });
  }

 private:
  template <class T>
  static void Accumulate(const Tensor& addend, Tensor* sum) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      const auto out = sum->mutable_flat<T>();
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<T>(static_cast<Unsigned>(out[i]) +
                                static_cast<Unsigned>(addend.flat<T>()[i]));
      }
    } else {
      Write<T>(*sum) += Read<T>(addend);
    }
  }
};

// Picks from two tensors element by element, or row by row for a vector condition.
class SelectKernel final : public OpKernel {
 public:
  explicit SelectKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& condition = context.input(0);
    const Tensor& then = context.input(1);
    const Tensor& otherwise = context.input(2);
    if (then.shape() != otherwise.shape()) return Mismatch(context, then, otherwise);
    if (condition.shape().rank() == 0) {
      context.set_output(0, condition.scalar<bool>() ? then : otherwise);
      return Status();
    }
    const bool rows = condition.shape() != then.shape();
    if (rows && (condition.shape().rank() != 1 || then.shape().rank() < 1 ||
                 condition.shape().dim(0) != then.shape().dim(0))) {
      return Mismatch(context, condition, then);
    }
    Tensor out(then.dtype(), then.shape());
    const std::int64_t count = condition.NumElements();
    if (out.NumElements() > 0) {
      const std::int64_t run = then.NumElements() / count;
      const ElementCopier from_then(then, &out);
      const ElementCopier from_otherwise(otherwise, &out);
      for (std::int64_t i = 0; i < count; ++i) {
        const bool chosen = condition.flat<bool>()[static_cast<std::size_t>(i)];
        (chosen ? from_then : from_otherwise).Copy(i * run, i * run, run);
      }
    }
    context.set_output(0, std::move(out));
    return Status();
  }

 private:
  static Status Mismatch(const OpKernelContext& context, const Tensor& a, const Tensor& b) {
    return Status(Code::kInvalidArgument,
                  fmt::format("Inputs to operation {} of type Select must have the same size and "
                              "shape.  Input 0: {} != input 1: {}",
                              context.op().name(), a.shape().ToString(), b.shape().ToString()));
  }
};

// Steps from element to element of `shape` through an operand that is repeated to fit it.
std::vector<std::int64_t> RepeatedStrides(const TensorShape& operand, const TensorShape& shape) {
  std::vector<std::int64_t> strides(static_cast<std::size_t>(shape.rank()), 0);
  std::int64_t step = 1;
  for (int d = operand.rank() - 1; d >= 0; --d) {
    const int at = d + shape.rank() - operand.rank();
    if (operand.dim(d) != 1) strides[static_cast<std::size_t>(at)] = step;
    step *= operand.dim(d);
  }
  return strides;
}

// Like Select, with all three operands broadcast.
class SelectV2Kernel final : public OpKernel {
 public:
  explicit SelectV2Kernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& condition = context.input(0);
    const Tensor& then = context.input(1);
    const Tensor& otherwise = context.input(2);
    FL_ASSIGN_OR_RETURN(const Broadcast values, BroadcastShapes(then.shape(), otherwise.shape()));
    FL_ASSIGN_OR_RETURN(const Broadcast all, BroadcastShapes(condition.shape(), values.shape));
    Tensor out(then.dtype(), all.shape);
    if (out.NumElements() > 0) Pick(condition, then, otherwise, &out);
    context.set_output(0, std::move(out));
    return Status();
  }

 private:
  static void Pick(const Tensor& condition, const Tensor& then, const Tensor& otherwise,
                   Tensor* out) {
    const TensorShape& shape = out->shape();
    const std::vector<std::int64_t> strides[] = {RepeatedStrides(condition.shape(), shape),
                                                 RepeatedStrides(then.shape(), shape),
                                                 RepeatedStrides(otherwise.shape(), shape)};
    const ElementCopier from_then(then, out);
    const ElementCopier from_otherwise(otherwise, out);
    for (std::int64_t to = 0; to < out->NumElements(); ++to) {
      std::int64_t from[3] = {0, 0, 0};
      std::int64_t rest = to;
      for (int d = shape.rank() - 1; d >= 0; --d) {
        for (std::size_t k = 0; k < 3; ++k) {
          from[k] += rest % shape.dim(d) * strides[k][static_cast<std::size_t>(d)];
        }
        rest /= shape.dim(d);
      }
      if (condition.flat<bool>()[static_cast<std::size_t>(from[0])]) {
        from_then.Copy(from[1], to, 1);
      } else {
        from_otherwise.Copy(from[2], to, 1);
      }
    }
  }
};

}  // namespace

void RegisterUnaryKernels(KernelRegistry& registry) {
  registry.Register<ElementwiseKernel<NegOp>>("Neg");
  registry.Register<ElementwiseKernel<SquareOp>>("Square");
  registry.Register<LogicalNotKernel>("LogicalNot");
  registry.Register<CastKernel>("Cast");
  registry.Register<ZerosLikeKernel>("ZerosLike");
  registry.Register<AddNKernel>("AddN");
  registry.Register<SelectKernel>("Select");
  registry.Register<SelectV2Kernel>("SelectV2");
}

}  // namespace faultline::internal
