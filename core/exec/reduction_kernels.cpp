#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/exec/eigen_maps.h"
#include "core/exec/standard_kernels.h"
#include "core/exec/type_dispatch.h"

namespace faultline::internal {
namespace {

template <class T>
using Run = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>;
template <class T>
using WritableRun = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>;

// Each reducer: the value of nothing, two values combined, a run of values (at least one) combined.
// Integers wrap around.
struct SumReducer {
  template <class T>
  static T Initial() {
    return T{0};
  }
  template <class T>
  static T One(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
    } else {
      return a + b;
    }
  }
  template <class T>
  static T All(const Run<T>& run) {
    return run.sum();
  }
};
struct ProdReducer {
  template <class T>
  static T Initial() {
    return T{1};
  }
  template <class T>
  static T One(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<Unsigned>(a) * static_cast<Unsigned>(b));
    } else {
      return a * b;
    }
  }
  template <class T>
  static T All(const Run<T>& run) {
    return run.prod();
  }
};
struct MaxReducer {
  template <class T>
  static T Initial() {
    if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
    return std::numeric_limits<T>::lowest();
  }
  template <class T>
  static T One(T a, T b) {
    return a < b || b != b ? b : a;
  }
  template <class T>
  static T All(const Run<T>& run) {
    return run.template maxCoeff<Eigen::PropagateNaN>();
  }
};
struct MinReducer {
  template <class T>
  static T Initial() {
    if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::infinity();
    return std::numeric_limits<T>::max();
  }
  template <class T>
  static T One(T a, T b) {
    return b < a || b != b ? b : a;
  }
  template <class T>
  static T All(const Run<T>& run) {
    return run.template minCoeff<Eigen::PropagateNaN>();
  }
};

// The dimensions of the input, those that are reduced and those that are kept each joined.
struct Plan {
  std::vector<std::int64_t> dims;         // outermost first
  std::vector<std::int64_t> out_strides;  // 0: reduced
  TensorShape shape;                      // of the result
  std::int64_t reduced = 1;               // how many elements make one of the result
};

Result<std::vector<bool>> ReducedAxes(const Tensor& axes, int rank) {
  std::vector<bool> reduced(static_cast<std::size_t>(rank));
  for (std::int64_t i = 0; i < axes.NumElements(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    std::int64_t axis = axes.dtype() == DataType::kInt32 ? axes.flat<std::int32_t>()[at]
                                                         : axes.flat<std::int64_t>()[at];
    if (axis < -rank || axis >= rank) {
      return Status(Code::kInvalidArgument,
                    fmt::format("Invalid reduction dimension ({} for input with {} dimension(s)",
                                axis, rank));
    }
    if (axis < 0) axis += rank;
    if (reduced[static_cast<std::size_t>(axis)]) {
      return Status(
          Code::kInvalidArgument,
          fmt::format("Invalid reduction arguments: Axes contains duplicate dimension: {}", axis));
    }
    reduced[static_cast<std::size_t>(axis)] = true;
  }
  return reduced;
}

Result<Plan> MakePlan(const TensorShape& in, const Tensor& axes, bool keep_dims) {
  FL_ASSIGN_OR_RETURN(const std::vector<bool> reduced, ReducedAxes(axes, in.rank()));
  Plan plan;
  std::vector<std::int64_t> shape;
  std::vector<bool> joined;
  for (int i = 0; i < in.rank(); ++i) {
    const bool r = reduced[static_cast<std::size_t>(i)];
    if (r) plan.reduced *= in.dim(i);
    if (!r || keep_dims) shape.push_back(r ? 1 : in.dim(i));
    if (in.dim(i) == 1) continue;
    if (!joined.empty() && joined.back() == r) {
      plan.dims.back() *= in.dim(i);
    } else {
      plan.dims.push_back(in.dim(i));
      joined.push_back(r);
    }
  }
  if (plan.dims.empty()) {
    plan.dims.push_back(1);
    joined.push_back(false);
  }
  std::int64_t step = 1;
  plan.out_strides.resize(plan.dims.size());
  for (std::size_t d = plan.dims.size(); d-- > 0;) {
    plan.out_strides[d] = joined[d] ? 0 : step;
    if (!joined[d]) step *= plan.dims[d];
  }
  plan.shape = TensorShape(std::move(shape));
  return plan;
}

template <class Reducer, class T>
void ReduceRun(const T* in, std::int64_t count, bool reduced, T* out) {
  if (!reduced) {
    if constexpr (std::is_integral_v<T>) {
      for (std::int64_t i = 0; i < count; ++i) out[i] = Reducer::One(out[i], in[i]);
    } else {
      WritableRun<T> results(out, count);
      results = results.binaryExpr(Run<T>(in, count), [](T a, T b) { return Reducer::One(a, b); });
    }
  } else if constexpr (std::is_integral_v<T>) {
    for (std::int64_t i = 0; i < count; ++i) *out = Reducer::One(*out, in[i]);
  } else {
    *out = Reducer::One(*out, Reducer::template All<T>(Run<T>(in, count)));
  }
}

template <class Reducer, class T>
void Reduce(const Plan& plan, const Tensor& in, Tensor* out) {
  const auto results = out->mutable_flat<T>();
  std::fill(results.begin(), results.end(), Reducer::template Initial<T>());
  const std::size_t rank = plan.dims.size();
  const std::int64_t inner = plan.dims[rank - 1];
  const bool reduced = plan.out_strides[rank - 1] == 0;
  std::vector<std::int64_t> at(rank, 0);
  std::int64_t o = 0;
  const std::int64_t total = in.NumElements();
  for (std::int64_t done = 0; done < total; done += inner) {
    ReduceRun<Reducer>(in.flat<T>().data() + done, inner, reduced, results.data() + o);
    for (std::size_t d = rank - 1; d-- > 0;) {
      o += plan.out_strides[d];
      if (++at[d] < plan.dims[d]) break;
      o -= plan.out_strides[d] * plan.dims[d];
      at[d] = 0;
    }
  }
}

template <class Reducer, bool kMean = false>
class ReductionKernel final : public OpKernel {
 public:
  explicit ReductionKernel(const Operation& op) : keep_dims_(op.attr<bool>("keep_dims")) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& in = context.input(0);
    FL_ASSIGN_OR_RETURN(const Plan plan, MakePlan(in.shape(), context.input(1), keep_dims_));
    context.AddCost(in.NumElements());
    return VisitNumber(in.dtype(), [&]<class T>() {
      Tensor out(in.dtype(), plan.shape);
      if (out.NumElements() > 0) Reduce<Reducer, T>(plan, in, &out);
      if constexpr (kMean) Divide<T>(plan.reduced, &out);
      context.set_output(0, std::move(out));
      return Status();
    });
  }

 private:
  template <class T>
  static void Divide(std::int64_t count, Tensor* out) {
    if (std::is_integral_v<T> && count == 0) return;
    for (T& value : out->mutable_flat<T>()) value = static_cast<T>(value / static_cast<T>(count));
  }

  bool keep_dims_;
};

}  // namespace

void RegisterReductionKernels(KernelRegistry& registry) {
  registry.Register<ReductionKernel<SumReducer>>("Sum");
  registry.Register<ReductionKernel<SumReducer, true>>("Mean");
  registry.Register<ReductionKernel<ProdReducer>>("Prod");
  registry.Register<ReductionKernel<MaxReducer>>("Max");
  registry.Register<ReductionKernel<MinReducer>>("Min");
}

}  // namespace faultline::internal
