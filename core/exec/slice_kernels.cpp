#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/exec/index_values.h"
#include "core/exec/standard_kernels.h"
#include "core/exec/tensor_copy.h"
#include "core/exec/type_dispatch.h"

namespace faultline::internal {
namespace {

struct SliceMasks {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t ellipsis;
  std::int64_t new_axis;
  std::int64_t shrink_axis;
};

bool Has(std::int64_t mask, std::size_t i) { return ((mask >> i) & 1) != 0; }

// One dimension of the input: which elements are taken.
struct Taken {
  std::int64_t begin = 0;
  std::int64_t stride = 1;
  std::int64_t count = 0;
};

struct SlicePlan {
  std::vector<Taken> dims;          // one for each dimension of the input
  std::vector<std::int64_t> shape;  // of the result
};

Result<Taken> TakeRange(std::int64_t begin, std::int64_t end, std::int64_t stride, bool from_start,
                        bool to_end, std::int64_t size) {
  const std::int64_t lowest = stride > 0 ? 0 : -1;
  const std::int64_t highest = stride > 0 ? size : size - 1;
  const auto clamp = [&](std::int64_t at) {
    return std::clamp(at < 0 ? at + size : at, lowest, highest);
  };
  const std::int64_t first = from_start ? (stride > 0 ? lowest : highest) : clamp(begin);
  const std::int64_t last = to_end ? (stride > 0 ? highest : lowest) : clamp(end);
  const std::int64_t span = last - first;
  const bool empty = span == 0 || (span < 0) != (stride < 0);
  const std::int64_t count = empty ? 0 : span / stride + (span % stride != 0 ? 1 : 0);
  return Taken{first, stride, count};
}

Result<Taken> TakeOne(std::int64_t index, std::int64_t size, std::size_t position) {
  const std::int64_t at = index < 0 ? index + size : index;
  if (at < 0 || at >= size) {
    return Status(Code::kInvalidArgument,
                  fmt::format("slice index {} of dimension {} out of bounds.", index, position));
  }
  return Taken{at, 1, 1};
}

Result<SlicePlan> PlanSlice(const TensorShape& in, const std::vector<std::int64_t>& begin,
                            const std::vector<std::int64_t>& end,
                            const std::vector<std::int64_t>& strides, const SliceMasks& masks) {
  SlicePlan plan;
  const std::size_t given = begin.size();
  std::size_t consumed = 0;  // dimensions of the input that entries other than the ellipsis take
  for (std::size_t i = 0; i < given; ++i) {
    if (!Has(masks.ellipsis, i) && !Has(masks.new_axis, i)) ++consumed;
  }
  const auto rank = static_cast<std::size_t>(in.rank());
  if (consumed > rank) {
    return Status(
        Code::kInvalidArgument,
        fmt::format("Index out of range using input dim {}; input has only {} dims", rank, rank));
  }
  const auto take_whole = [&](std::size_t count) {
    for (std::size_t k = 0; k < count; ++k) {
      const std::int64_t size = in.dim(static_cast<int>(plan.dims.size()));
      plan.dims.push_back({0, 1, size});
      plan.shape.push_back(size);
    }
  };
  for (std::size_t i = 0; i < given; ++i) {
    if (Has(masks.ellipsis, i)) {
      take_whole(rank - consumed);
      consumed = rank;
      continue;
    }
    if (Has(masks.new_axis, i)) {
      plan.shape.push_back(1);
      continue;
    }
    if (strides[i] == 0) {
      return Status(Code::kInvalidArgument, fmt::format("strides[{}] must be non-zero", i));
    }
    const std::size_t position = plan.dims.size();
    const std::int64_t size = in.dim(static_cast<int>(position));
    if (Has(masks.shrink_axis, i)) {
      FL_ASSIGN_OR_RETURN(const Taken one, TakeOne(begin[i], size, position));
      plan.dims.push_back(one);
      continue;
    }
    FL_ASSIGN_OR_RETURN(const Taken range, TakeRange(begin[i], end[i], strides[i],
                                                     Has(masks.begin, i), Has(masks.end, i), size));
    plan.dims.push_back(range);
    plan.shape.push_back(range.count);
  }
  take_whole(rank - plan.dims.size());
  return plan;
}

class StridedSliceKernel final : public OpKernel {
 public:
  explicit StridedSliceKernel(const Operation& op)
      : masks_{op.attr<std::int64_t>("begin_mask"), op.attr<std::int64_t>("end_mask"),
               op.attr<std::int64_t>("ellipsis_mask"), op.attr<std::int64_t>("new_axis_mask"),
               op.attr<std::int64_t>("shrink_axis_mask")} {}

  Status Compute(OpKernelContext& context) override {
    const Tensor& in = context.input(0);
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> begin, IndexValues(context.input(1)));
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> end, IndexValues(context.input(2)));
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> strides, IndexValues(context.input(3)));
    if (begin.size() != end.size() || begin.size() != strides.size() || begin.size() > 32) {
      return Status(Code::kInvalidArgument,
                    "Expected begin, end, and strides to be 1D equal size tensors");
    }
    FL_ASSIGN_OR_RETURN(SlicePlan plan, PlanSlice(in.shape(), begin, end, strides, masks_));
    Tensor out(in.dtype(), TensorShape(std::move(plan.shape)));
    if (out.NumElements() > 0) Copy(in, plan.dims, &out);
    context.set_output(0, std::move(out));
    return Status();
  }

 private:
  static void Copy(const Tensor& in, const std::vector<Taken>& dims, Tensor* out) {
    const ElementCopier copier(in, out);
    std::vector<std::int64_t> at(dims.size(), 0);
    for (std::int64_t to = 0; to < out->NumElements(); ++to) {
      std::int64_t from = 0;
      for (std::size_t d = 0; d < dims.size(); ++d) {
        from = from * in.shape().dim(static_cast<int>(d)) + dims[d].begin + at[d] * dims[d].stride;
      }
      copier.Copy(from, to, 1);
      for (std::size_t d = dims.size(); d-- > 0;) {
        if (++at[d] < dims[d].count) break;
        at[d] = 0;
      }
    }
  }

  SliceMasks masks_;
};

// Coordinates of the elements that are not zero, in row-major order.
class WhereKernel final : public OpKernel {
 public:
  explicit WhereKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& in = context.input(0);
    context.AddCost(in.NumElements());
    return VisitNumberOrSmall(in.dtype(), [&]<class T>() {
      std::vector<std::int64_t> coordinates;
      const auto values = in.flat<T>();
      const int rank = in.shape().rank();
      std::int64_t found = 0;
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i] == T{}) continue;
        ++found;
        auto rest = static_cast<std::int64_t>(i);
        coordinates.resize(coordinates.size() + static_cast<std::size_t>(rank));
        for (int d = rank - 1; d >= 0; --d) {
          coordinates[coordinates.size() - static_cast<std::size_t>(rank - d)] =
              rest % in.shape().dim(d);
          rest /= in.shape().dim(d);
        }
      }
      context.set_output(0, Tensor::Of<std::int64_t>(TensorShape({found, rank}), coordinates));
      return Status();
    });
  }
};

}  // namespace

void RegisterSliceKernels(KernelRegistry& registry) {
  registry.Register<StridedSliceKernel>("StridedSlice");
  registry.Register<WhereKernel>("Where");
}

}  // namespace faultline::internal
