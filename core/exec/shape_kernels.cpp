#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/exec/index_values.h"
#include "core/exec/standard_kernels.h"

namespace faultline::internal {
namespace {

Tensor IndexScalar(DataType type, std::int64_t value) {
  if (type == DataType::kInt64) return Tensor::Scalar<std::int64_t>(value);
  return Tensor::Scalar<std::int32_t>(static_cast<std::int32_t>(value));
}

class ShapeKernel final : public OpKernel {
 public:
  explicit ShapeKernel(const Operation& op) : type_(op.attr<DataType>("out_type")) {}
  Status Compute(OpKernelContext& context) override {
    context.set_output(0, IndexVector(type_, context.input(0).shape().dims()));
    return Status();
  }

 private:
  DataType type_;
};

class RankKernel final : public OpKernel {
 public:
  explicit RankKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    context.set_output(0, Tensor::Scalar<std::int32_t>(context.input(0).shape().rank()));
    return Status();
  }
};

class SizeKernel final : public OpKernel {
 public:
  explicit SizeKernel(const Operation& op) : type_(op.attr<DataType>("out_type")) {}
  Status Compute(OpKernelContext& context) override {
    context.set_output(0, IndexScalar(type_, context.input(0).NumElements()));
    return Status();
  }

 private:
  DataType type_;
};

class ReshapeKernel final : public OpKernel {
 public:
  explicit ReshapeKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& value = context.input(0);
    const Tensor& sizes = context.input(1);
    if (sizes.shape().rank() != 1) {
      return Status(Code::kInvalidArgument,
                    "sizes input must be 1-D, not " + sizes.shape().ToString());
    }
    FL_ASSIGN_OR_RETURN(std::vector<std::int64_t> dims, IndexValues(sizes));
    FL_RETURN_IF_ERROR(FillIn(value.NumElements(), &dims));
    context.AddCost(1);
    context.set_output(0, value.Reshaped(TensorShape(std::move(dims))));
    return Status();
  }

 private:
  // Replaces the one -1, and checks that the elements fit.
  static Status FillIn(std::int64_t elements, std::vector<std::int64_t>* dims) {
    std::int64_t product = 1;
    int unknown = -1;
    for (std::size_t i = 0; i < dims->size(); ++i) {
      const std::int64_t dim = (*dims)[i];
      if (dim == -1) {
        if (unknown >= 0) {
          return Status(
              Code::kInvalidArgument,
              fmt::format("Only one input size may be -1, not both {} and {}", unknown, i));
        }
        unknown = static_cast<int>(i);
      } else if (dim < 0) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Size {} must be non-negative, not {}", i, dim));
      } else if (__builtin_mul_overflow(product, dim, &product)) {
        return Status(Code::kInvalidArgument, "Reshape: the requested shape is too large");
      }
    }
    if (unknown >= 0) {
      if (product == 0) {
        return Status(Code::kInvalidArgument,
                      "Reshape cannot infer the missing input size for an empty tensor unless all "
                      "specified input sizes are non-zero");
      }
      if (elements % product != 0) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Input to reshape is a tensor with {} values, but the requested "
                                  "shape requires a multiple of {}",
                                  elements, product));
      }
      (*dims)[static_cast<std::size_t>(unknown)] = elements / product;
      return Status();
    }
    if (product == elements) return Status();
    return Status(
        Code::kInvalidArgument,
        fmt::format("Input to reshape is a tensor with {} values, but the requested shape "
                    "has {}",
                    elements, product));
  }
};

class ExpandDimsKernel final : public OpKernel {
 public:
  explicit ExpandDimsKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& value = context.input(0);
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> axes, IndexValues(context.input(1)));
    if (axes.size() != 1) {
      return Status(Code::kInvalidArgument, "'dim' must be a tensor with a single value");
    }
    const int rank = value.shape().rank();
    std::int64_t axis = axes[0];
    if (axis < -1 - rank || axis > rank) {
      return Status(
          Code::kInvalidArgument,
          fmt::format("Tried to expand dim index {} for tensor with {} dimensions.", axis, rank));
    }
    if (axis < 0) axis += rank + 1;
    std::vector<std::int64_t> dims = value.shape().dims();
    dims.insert(dims.begin() + axis, 1);
    context.AddCost(1);
    context.set_output(0, value.Reshaped(TensorShape(std::move(dims))));
    return Status();
  }
};

class SqueezeKernel final : public OpKernel {
 public:
  explicit SqueezeKernel(const Operation& op)
      : axes_(op.attr<std::vector<std::int64_t>>("squeeze_dims")) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& value = context.input(0);
    const int rank = value.shape().rank();
    std::vector<bool> removed(static_cast<std::size_t>(rank), false);
    for (const std::int64_t axis : axes_) {
      if (axis < -rank || axis >= rank) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Tried to squeeze dim index {} for tensor with {} dimensions.",
                                  axis, rank));
      }
      const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
      if (value.shape().dims()[at] != 1) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Can not squeeze dim[{}], expected a dimension of 1, got {}", at,
                                  value.shape().dims()[at]));
      }
      removed[at] = true;
    }
    std::vector<std::int64_t> dims;
    for (std::size_t i = 0; i < removed.size(); ++i) {
      const std::int64_t dim = value.shape().dims()[i];
      if (!removed[i] && !(axes_.empty() && dim == 1)) dims.push_back(dim);
    }
    context.AddCost(1);
    context.set_output(0, value.Reshaped(TensorShape(std::move(dims))));
    return Status();
  }

 private:
  std::vector<std::int64_t> axes_;
};

// Which axes have to be summed to bring a broadcast gradient back to each operand's shape.
class BroadcastGradientArgsKernel final : public OpKernel {
 public:
  explicit BroadcastGradientArgsKernel(const Operation& op) : type_(op.attr<DataType>("T")) {}
  Status Compute(OpKernelContext& context) override {
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> left, IndexValues(context.input(0)));
    FL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> right, IndexValues(context.input(1)));
    std::vector<std::int64_t> left_axes;
    std::vector<std::int64_t> right_axes;
    if (left != right) {
      const std::size_t rank = std::max(left.size(), right.size());
      for (std::size_t i = 0; i < rank; ++i) {
        const std::int64_t l = DimFromFront(left, i, rank);
        const std::int64_t r = DimFromFront(right, i, rank);
        if (l != r && l != 1 && r != 1) {
          return Status(Code::kInvalidArgument,
                        fmt::format("Incompatible shapes: {} vs. {}", TensorShape(left).ToString(),
                                    TensorShape(right).ToString()));
        }
        const auto axis = static_cast<std::int64_t>(i);
        if (l == 1) left_axes.push_back(axis);
        if (r == 1) right_axes.push_back(axis);
      }
    }
    context.set_output(0, IndexVector(type_, left_axes));
    context.set_output(1, IndexVector(type_, right_axes));
    return Status();
  }

 private:
  static std::int64_t DimFromFront(const std::vector<std::int64_t>& dims, std::size_t i,
                                   std::size_t rank) {
    const std::size_t missing = rank - dims.size();
    return i < missing ? 1 : dims[i - missing];
  }

  DataType type_;
};

}  // namespace

void RegisterShapeKernels(KernelRegistry& registry) {
  registry.Register<ShapeKernel>("Shape");
  registry.Register<RankKernel>("Rank");
  registry.Register<SizeKernel>("Size");
  registry.Register<ReshapeKernel>("Reshape");
  registry.Register<ExpandDimsKernel>("ExpandDims");
  registry.Register<SqueezeKernel>("Squeeze");
  registry.Register<BroadcastGradientArgsKernel>("BroadcastGradientArgs");
}

}  // namespace faultline::internal
