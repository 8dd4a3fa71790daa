#include <algorithm>
#include <cmath>
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

// No tensor of the op set comes near this; a larger request is a mistake of the graph.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

Status CheckSize(const std::vector<std::int64_t>& dims) {
  std::int64_t product = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0) {
      return Status(Code::kInvalidArgument, fmt::format("Dimension {} must be >= 0", dim));
    }
    if (__builtin_mul_overflow(product, dim, &product) || product > kMaxElements) {
      return Status(Code::kInvalidArgument, "the requested shape is too large");
    }
  }
  return Status();
}

// Joins values along `axis`: each gives runs of `run[i]` elements, in turn.
Tensor JoinRuns(const OpKernelContext& context, int count, TensorShape shape, std::int64_t outer,
                const std::vector<std::int64_t>& runs) {
  Tensor out(context.input(0).dtype(), std::move(shape));
  std::int64_t period = 0;
  for (const std::int64_t run : runs) period += run;
  std::int64_t offset = 0;
  for (int i = 0; i < count; ++i) {
    const std::int64_t run = runs[static_cast<std::size_t>(i)];
    if (run > 0 && outer > 0) {
      const ElementCopier copier(context.input(i), &out);
      for (std::int64_t o = 0; o < outer; ++o) copier.Copy(o * run, o * period + offset, run);
    }
    offset += run;
  }
  return out;
}

class PackKernel final : public OpKernel {
 public:
  explicit PackKernel(const Operation& op) : axis_(op.attr<std::int64_t>("axis")) {}
  Status Compute(OpKernelContext& context) override {
    const TensorShape shape = context.input(0).shape();
    const int count = context.num_inputs();
    for (int i = 1; i < count; ++i) {
      if (context.input(i).shape() != shape) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Shapes of all inputs must match: values[0].shape = {} != "
                                  "values[{}].shape = {}",
                                  shape.ToString(), i, context.input(i).shape().ToString()));
      }
    }
    FL_ASSIGN_OR_RETURN(const int axis, AxisInRange(axis_, shape.rank() + 1));
    std::vector<std::int64_t> dims = shape.dims();
    dims.insert(dims.begin() + axis, count);
    const std::vector<std::int64_t> runs(static_cast<std::size_t>(count),
                                         ProductOf(shape, axis, shape.rank()));
    context.set_output(
        0, JoinRuns(context, count, TensorShape(std::move(dims)), ProductOf(shape, 0, axis), runs));
    return Status();
  }

 private:
  std::int64_t axis_;
};

class ConcatKernel final : public OpKernel {
 public:
  explicit ConcatKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const int count = context.num_inputs() - 1;
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> axes, IndexValues(context.input(count)));
    if (axes.size() != 1) {
      return Status(Code::kInvalidArgument, "Concat dim tensor should be a scalar integer");
    }
    const TensorShape& first = context.input(0).shape();
    const int rank = first.rank();
    if (axes[0] < -rank || axes[0] >= rank) {
      return Status(
          Code::kInvalidArgument,
          fmt::format("ConcatOp : Expected concatenating dimensions in the range [{}, {}), "
                      "but got {}",
                      -rank, rank, axes[0]));
    }
    const int axis = static_cast<int>(axes[0] < 0 ? axes[0] + rank : axes[0]);
    std::vector<std::int64_t> dims = first.dims();
    std::vector<std::int64_t> runs;
    dims[static_cast<std::size_t>(axis)] = 0;
    for (int i = 0; i < count; ++i) {
      const TensorShape& shape = context.input(i).shape();
      FL_RETURN_IF_ERROR(CheckFits(first, shape, axis, i));
      dims[static_cast<std::size_t>(axis)] += shape.dim(axis);
      runs.push_back(ProductOf(shape, axis, rank));
    }
    const std::int64_t outer = ProductOf(first, 0, axis);
    context.set_output(0, JoinRuns(context, count, TensorShape(std::move(dims)), outer, runs));
    return Status();
  }

 private:
  static Status CheckFits(const TensorShape& first, const TensorShape& shape, int axis, int i) {
    if (shape.rank() != first.rank()) {
      return Status(Code::kInvalidArgument,
                    fmt::format("ConcatOp : Ranks of all input tensors should match: shape[0] = {} "
                                "vs. shape[{}] = {}",
                                first.ToString(), i, shape.ToString()));
    }
    for (int d = 0; d < first.rank(); ++d) {
      if (d == axis || shape.dim(d) == first.dim(d)) continue;
      return Status(
          Code::kInvalidArgument,
          fmt::format("ConcatOp : Dimension {} in both shapes must be equal: shape[0] = {} "
                      "vs. shape[{}] = {}",
                      d, first.ToString(), i, shape.ToString()));
    }
    return Status();
  }
};

// Gather takes the first axis, GatherV2 names it.
class GatherKernel final : public OpKernel {
 public:
  explicit GatherKernel(const Operation& op)
      : batch_dims_(op.has_attr("batch_dims") ? op.attr<std::int64_t>("batch_dims") : 0) {}

  Status Compute(OpKernelContext& context) override {
    if (batch_dims_ != 0) return Status(Code::kUnimplemented, "GatherV2 with batch_dims");
    const Tensor& params = context.input(0);
    const Tensor& indices = context.input(1);
    if (params.shape().rank() < 1) {
      return Status(Code::kInvalidArgument, "params must be at least 1 dimensional");
    }
    std::int64_t wanted_axis = 0;
    if (context.num_inputs() > 2) {
      FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> axes, IndexValues(context.input(2)));
      if (axes.size() != 1) return Status(Code::kInvalidArgument, "axis must be scalar");
      wanted_axis = axes[0];
    }
    FL_ASSIGN_OR_RETURN(const int axis, AxisInRange(wanted_axis, params.shape().rank()));
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> rows, IndexValues(indices));
    const std::int64_t limit = params.shape().dim(axis);
    FL_RETURN_IF_ERROR(CheckIndices(rows, indices.shape(), limit));
    std::vector<std::int64_t> dims = params.shape().dims();
    dims.erase(dims.begin() + axis);
    const auto& index_dims = indices.shape().dims();
    dims.insert(dims.begin() + axis, index_dims.begin(), index_dims.end());
    Tensor out(params.dtype(), TensorShape(std::move(dims)));
    if (out.NumElements() > 0) {
      const std::int64_t run = ProductOf(params.shape(), axis + 1, params.shape().rank());
      const std::int64_t outer = ProductOf(params.shape(), 0, axis);
      const ElementCopier copier(params, &out);
      std::int64_t to = 0;
      for (std::int64_t o = 0; o < outer; ++o) {
        for (const std::int64_t row : rows) {
          copier.Copy((o * limit + row) * run, to, run);
          to += run;
        }
      }
    }
    context.set_output(0, std::move(out));
    return Status();
  }

 private:
  static Status CheckIndices(const std::vector<std::int64_t>& rows, const TensorShape& shape,
                             std::int64_t limit) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] >= 0 && rows[i] < limit) continue;
      std::string at;
      auto rest = static_cast<std::int64_t>(i);
      for (int d = shape.rank() - 1; d >= 0; --d) {
        at = std::to_string(rest % shape.dim(d)) + (at.empty() ? "" : ",") + at;
        rest /= shape.dim(d);
      }
      return Status(Code::kInvalidArgument,
                    fmt::format("indices{} = {} is not in [0, {})",
                                shape.rank() > 0 ? "[" + at + "]" : "", rows[i], limit));
    }
    return Status();
  }

  std::int64_t batch_dims_;
};

class FillKernel final : public OpKernel {
 public:
  explicit FillKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& value = context.input(1);
    if (value.shape().rank() != 0) {
      return Status(Code::kInvalidArgument,
                    "value must represent a scalar, got shape " + value.shape().ToString());
    }
    FL_ASSIGN_OR_RETURN(std::vector<std::int64_t> dims, IndexValues(context.input(0)));
    FL_RETURN_IF_ERROR(CheckSize(dims));
    Tensor out(value.dtype(), TensorShape(std::move(dims)));
    if (out.NumElements() > 0) {
      const ElementCopier copier(value, &out);
      for (std::int64_t i = 0; i < out.NumElements(); ++i) copier.Copy(0, i, 1);
    }
    context.set_output(0, std::move(out));
    return Status();
  }
};

class TileKernel final : public OpKernel {
 public:
  explicit TileKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& value = context.input(0);
    const int rank = value.shape().rank();
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> multiples, IndexValues(context.input(1)));
    if (context.input(1).shape().rank() != 1 ||
        multiples.size() != static_cast<std::size_t>(rank)) {
      return Status(Code::kInvalidArgument,
                    fmt::format("Expected multiples argument to be a vector of length {} but got "
                                "length {}",
                                rank, multiples.size()));
    }
    std::vector<std::int64_t> dims = value.shape().dims();
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (multiples[i] < 0) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Expected multiples[{}] >= 0, but got {}", i, multiples[i]));
      }
      if (__builtin_mul_overflow(dims[i], multiples[i], &dims[i])) {
        return Status(Code::kInvalidArgument, "the requested shape is too large");
      }
    }
    FL_RETURN_IF_ERROR(CheckSize(dims));
    Tensor out(value.dtype(), TensorShape(dims));
    if (out.NumElements() > 0) Repeat(value, dims, &out);
    context.set_output(0, std::move(out));
    return Status();
  }

 private:
  // Element by element for the outer dimensions, by runs for the innermost.
  static void Repeat(const Tensor& value, const std::vector<std::int64_t>& dims, Tensor* out) {
    const ElementCopier copier(value, out);
    const int rank = value.shape().rank();
    const std::int64_t run = rank == 0 ? 1 : value.shape().dim(rank - 1);
    for (std::int64_t to = 0; to < out->NumElements(); to += run) {
      std::int64_t rest = rank == 0 ? 0 : to / dims.back();
      std::int64_t from = 0;
      std::int64_t step = run;
      for (int d = rank - 2; d >= 0; --d) {
        const std::int64_t size = value.shape().dim(d);
        from += rest % dims[static_cast<std::size_t>(d)] % size * step;
        rest /= dims[static_cast<std::size_t>(d)];
        step *= size;
      }
      copier.Copy(from, to, run);
    }
  }
};

class RangeKernel final : public OpKernel {
 public:
  explicit RangeKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    for (int i = 0; i < 3; ++i) {
      if (context.input(i).NumElements() != 1) {
        return Status(Code::kInvalidArgument, "start, limit and delta must be scalars, not shape " +
                                                  context.input(i).shape().ToString());
      }
    }
    return VisitNumber(context.input(0).dtype(), [&]<class T>() { return Compute<T>(context); });
  }

 private:
  template <class T>
  static Status Compute(OpKernelContext& context) {
    const T start = context.input(0).scalar<T>();
    const T limit = context.input(1).scalar<T>();
    const T delta = context.input(2).scalar<T>();
    if (delta == T{0}) {
      return Status(Code::kInvalidArgument, fmt::format("Requires delta != 0: {}", delta));
    }
    if (delta > T{0} ? start > limit : start < limit) {
      return Status(
          Code::kInvalidArgument,
          fmt::format("Requires start {} limit when delta {} 0: {}/{}",
                      delta > T{0} ? "<=" : ">=", delta > T{0} ? ">" : "<", start, limit));
    }
    const double span = std::abs(static_cast<double>(limit) - static_cast<double>(start));
    const double count = std::ceil(span / std::abs(static_cast<double>(delta)));
    if (!(count <= static_cast<double>(kMaxElements))) {
      return Status(Code::kInvalidArgument, "the requested range is too large");
    }
    Tensor out(DataTypeOf<T>::value, TensorShape({static_cast<std::int64_t>(count)}));
    T value = start;
    for (T& element : out.mutable_flat<T>()) {
      element = value;
      if (&element != &out.mutable_flat<T>().back()) value = static_cast<T>(value + delta);
    }
    context.set_output(0, std::move(out));
    return Status();
  }
};

}  // namespace

void RegisterArrayKernels(KernelRegistry& registry) {
  registry.Register<PackKernel>("Pack");
  registry.Register<ConcatKernel>("ConcatV2");
  registry.Register<GatherKernel>("Gather");
  registry.Register<GatherKernel>("GatherV2");
  registry.Register<FillKernel>("Fill");
  registry.Register<TileKernel>("Tile");
  registry.Register<RangeKernel>("Range");
}

}  // namespace faultline::internal
