#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/exec/broadcast.h"
#include "core/exec/eigen_maps.h"
#include "core/exec/standard_kernels.h"
#include "core/exec/type_dispatch.h"

namespace faultline::internal {
namespace {

// ---- what is computed: One on elements, All on Eigen arrays ----

// Integers wrap around, as the processor's do.
template <class T, class F>
T Wrapping(T a, T b, F f) {
  if constexpr (std::is_integral_v<T>) {
    using Wide = std::conditional_t<sizeof(T) <= 4, std::uint32_t, std::uint64_t>;
    return static_cast<T>(f(static_cast<Wide>(a), static_cast<Wide>(b)));
  } else {
    return f(a, b);
  }
}

struct AddOp {
  template <class T>
  static T One(T a, T b) {
    return Wrapping(a, b, std::plus<>());
  }
};
struct SubOp {
  template <class T>
  static T One(T a, T b) {
    return Wrapping(a, b, std::minus<>());
  }
};
struct MulOp {
  template <class T>
  static T One(T a, T b) {
    return Wrapping(a, b, std::multiplies<>());
  }
};
struct DivOp {
  static constexpr bool kDivides = true;
  template <class T>
  static T One(T a, T b) {
    if constexpr (std::is_signed_v<T> && std::is_integral_v<T>) {
      if (b == T{-1}) return SubOp::One(T{0}, a);  // the least value has no opposite
    }
    return static_cast<T>(a / b);
  }
};
struct FloorDivOp {
  static constexpr bool kDivides = true;
  template <class T>
  static T One(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::floor(a / b);
    } else if constexpr (std::is_signed_v<T>) {
      const T quotient = DivOp::One(a, b);
      const bool inexact = b != T{-1} && a % b != 0;
      return static_cast<T>(inexact && (a < 0) != (b < 0) ? quotient - 1 : quotient);
    } else {
      return static_cast<T>(a / b);
    }
  }
};
// Both hand NaN on.
struct MaximumOp {
  template <class T>
  static T One(T a, T b) {
    return a < b || b != b ? b : a;
  }
};
struct MinimumOp {
  template <class T>
  static T One(T a, T b) {
    return b < a || b != b ? b : a;
  }
};
struct EqualOp {
  template <class T>
  static bool One(const T& a, const T& b) {
    return a == b;
  }
};
struct NotEqualOp {
  template <class T>
  static bool One(const T& a, const T& b) {
    return a != b;
  }
};
struct LessOp {
  template <class T>
  static bool One(T a, T b) {
    return a < b;
  }
};
struct LessEqualOp {
  template <class T>
  static bool One(T a, T b) {
    return a <= b;
  }
};
struct GreaterOp {
  template <class T>
  static bool One(T a, T b) {
    return a > b;
  }
};
struct GreaterEqualOp {
  template <class T>
  static bool One(T a, T b) {
    return a >= b;
  }
};
struct AndOp {
  template <class T>
  static T One(T a, T b) {
    return a && b;
  }
};
struct OrOp {
  template <class T>
  static T One(T a, T b) {
    return a || b;
  }
};

template <class Op>
concept Divides = requires {
  Op::kDivides;
};

// Sum, difference, product and quotient of floats in packets; all else element by element. Both
// give the same bits.
template <class Op, class A, class B, class Out>
void Combine(const A& a, const B& b, Out&& out) {
  using T = typename A::Scalar;
  if constexpr (std::is_floating_point_v<T> && std::is_same_v<Op, AddOp>) {
    out = a + b;
  } else if constexpr (std::is_floating_point_v<T> && std::is_same_v<Op, SubOp>) {
    out = a - b;
  } else if constexpr (std::is_floating_point_v<T> && std::is_same_v<Op, MulOp>) {
    out = a * b;
  } else if constexpr (std::is_floating_point_v<T> && std::is_same_v<Op, DivOp>) {
    out = a / b;
  } else {
    out = a.binaryExpr(b, [](T x, T y) { return Op::One(x, y); });
  }
}

// The general walk: runs of the innermost dimension, an odometer above it.
template <class Op, class T, class Out>
void Walk(const Broadcast& plan, const T* left, const T* right, Out* out) {
  const std::size_t rank = plan.dims.size();
  const std::int64_t inner = plan.dims[rank - 1];
  const std::int64_t left_step = plan.left_strides[rank - 1];
  const std::int64_t right_step = plan.right_strides[rank - 1];
  std::vector<std::int64_t> at(rank, 0);
  const std::int64_t total = plan.shape.NumElements();
  std::int64_t l = 0;
  std::int64_t r = 0;
  for (std::int64_t done = 0; done < total; done += inner) {
    for (std::int64_t i = 0; i < inner; ++i) {
      out[done + i] = Op::One(left[l + i * left_step], right[r + i * right_step]);
    }
    for (std::size_t d = rank - 1; d-- > 0;) {
      l += plan.left_strides[d];
      r += plan.right_strides[d];
      if (++at[d] < plan.dims[d]) break;
      l -= plan.left_strides[d] * plan.dims[d];
      r -= plan.right_strides[d] * plan.dims[d];
      at[d] = 0;
    }
  }
}

template <class Op, class T, class Out>
Status ComputeBinary(OpKernelContext& context) {
  const Tensor left = context.input(0);
  const Tensor right = context.input(1);
  if constexpr (Divides<Op> && std::is_integral_v<T>) {
    for (const T divisor : right.flat<T>()) {
      if (divisor == T{0}) return Status(Code::kInvalidArgument, "Integer division by zero");
    }
  }
  const DataType out_type = DataTypeOf<Out>::value;
  if (left.shape() == right.shape()) {
    Tensor out(out_type, left.shape());
    if constexpr (std::is_arithmetic_v<T>) {
      Combine<Op>(Read<T>(left), Read<T>(right), Write<Out>(out));
    } else {
      for (std::size_t i = 0; i < left.flat<T>().size(); ++i) {
        out.mutable_flat<Out>()[i] = Op::One(left.flat<T>()[i], right.flat<T>()[i]);
      }
    }
    context.set_output(0, std::move(out));
    return Status();
  }
  FL_ASSIGN_OR_RETURN(const Broadcast plan, BroadcastShapes(left.shape(), right.shape()));
  Tensor out(out_type, plan.shape);
  if (out.NumElements() > 0) {
    if constexpr (std::is_arithmetic_v<T>) {
      using Row = Eigen::Array<T, Eigen::Dynamic, 1>;
      const std::int64_t count = out.NumElements();
      if (right.NumElements() == 1) {
        Combine<Op>(Read<T>(left), Row::Constant(count, right.flat<T>()[0]), Write<Out>(out));
      } else if (left.NumElements() == 1) {
        Combine<Op>(Row::Constant(count, left.flat<T>()[0]), Read<T>(right), Write<Out>(out));
      } else {
        Walk<Op>(plan, left.flat<T>().data(), right.flat<T>().data(),
                 out.mutable_flat<Out>().data());
      }
    } else {
      Walk<Op>(plan, left.flat<T>().data(), right.flat<T>().data(), out.mutable_flat<Out>().data());
    }
  }
  context.set_output(0, std::move(out));
  return Status();
}

template <class Op>
class ArithmeticKernel final : public OpKernel {
 public:
  explicit ArithmeticKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    return VisitNumber(context.input(0).dtype(),
                       [&]<class T>() { return ComputeBinary<Op, T, T>(context); });
  }
};

template <class Op>
class ComparisonKernel final : public OpKernel {
 public:
  explicit ComparisonKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    return VisitNumberOrSmall(context.input(0).dtype(),
                              [&]<class T>() { return ComputeBinary<Op, T, bool>(context); });
  }
};

// Also of strings, and never an error for shapes that do not fit where the node says so.
template <class Op>
class EqualityKernel final : public OpKernel {
 public:
  explicit EqualityKernel(const Operation& op)
      : shape_error_(!op.has_attr("incompatible_shape_error") ||
                     op.attr<bool>("incompatible_shape_error")) {}
  Status Compute(OpKernelContext& context) override {
    if (!shape_error_ &&
        !BroadcastShapes(context.input(0).shape(), context.input(1).shape()).ok()) {
      context.set_output(0, Tensor::Scalar<bool>(std::is_same_v<Op, NotEqualOp>));
      return Status();
    }
    if (context.input(0).dtype() == DataType::kString) {
      return ComputeBinary<Op, std::string, bool>(context);
    }
    return VisitNumberOrSmall(context.input(0).dtype(),
                              [&]<class T>() { return ComputeBinary<Op, T, bool>(context); });
  }

 private:
  bool shape_error_;
};

template <class Op>
class LogicKernel final : public OpKernel {
 public:
  explicit LogicKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    return ComputeBinary<Op, bool, bool>(context);
  }
};

}  // namespace

void RegisterBinaryKernels(KernelRegistry& registry) {
  registry.Register<ArithmeticKernel<AddOp>>("Add");
  registry.Register<ArithmeticKernel<AddOp>>("AddV2");
  registry.Register<ArithmeticKernel<SubOp>>("Sub");
  registry.Register<ArithmeticKernel<MulOp>>("Mul");
  registry.Register<ArithmeticKernel<DivOp>>("Div");
  registry.Register<ArithmeticKernel<DivOp>>("RealDiv");
  registry.Register<ArithmeticKernel<FloorDivOp>>("FloorDiv");
  registry.Register<ArithmeticKernel<MaximumOp>>("Maximum");
  registry.Register<ArithmeticKernel<MinimumOp>>("Minimum");
  registry.Register<EqualityKernel<EqualOp>>("Equal");
  registry.Register<EqualityKernel<NotEqualOp>>("NotEqual");
  registry.Register<ComparisonKernel<LessOp>>("Less");
  registry.Register<ComparisonKernel<LessEqualOp>>("LessEqual");
  registry.Register<ComparisonKernel<GreaterOp>>("Greater");
  registry.Register<ComparisonKernel<GreaterEqualOp>>("GreaterEqual");
  registry.Register<LogicKernel<AndOp>>("LogicalAnd");
  registry.Register<LogicKernel<OrOp>>("LogicalOr");
}

}  // namespace faultline::internal
