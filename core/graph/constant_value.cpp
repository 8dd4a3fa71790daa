#include "core/graph/constant_value.h"

#include <algorithm>

namespace faultline {
namespace {

// Stacks of stacks occur, but not deep ones.
constexpr int kMaxDepth = 4;

Tensor ShapeAsTensor(const TensorShape& shape, DataType dtype) {
  Tensor tensor(dtype, TensorShape({shape.rank()}));
  for (int i = 0; i < shape.rank(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (dtype == DataType::kInt64) {
      tensor.mutable_flat<std::int64_t>()[at] = shape.dim(i);
    } else {
      tensor.mutable_flat<std::int32_t>()[at] = static_cast<std::int32_t>(shape.dim(i));
    }
  }
  return tensor;
}

std::optional<Tensor> Value(Output output, int depth);

// A stack of integer scalars; nothing else is needed before running.
std::optional<Tensor> StackValue(const Operation& op, int depth) {
  const DataType dtype = op.output_type(0);
  if (dtype != DataType::kInt32 && dtype != DataType::kInt64) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const Output& input : op.inputs()) {
    const std::optional<Tensor> value = Value(input, depth + 1);
    if (!value || value->shape().rank() != 0) return std::nullopt;
    values.push_back(dtype == DataType::kInt32 ? value->scalar<std::int32_t>()
                                               : value->scalar<std::int64_t>());
  }
  return ShapeAsTensor(TensorShape(std::move(values)), dtype);
}

std::optional<Tensor> Value(Output output, int depth) {
  const Operation& op = *output.op;
  if (op.type() == "Const") return op.attr<Tensor>("value");
  if (op.type() == "Shape") {
    const auto shape = op.inputs()[0].shape().AsShape();
    if (shape) return ShapeAsTensor(*shape, op.output_type(0));
  }
  if (op.type() == "Pack" && depth < kMaxDepth) return StackValue(op, depth);
  return std::nullopt;
}

std::vector<std::int64_t> Integers(const Tensor& tensor) {
  std::vector<std::int64_t> values;
  if (tensor.dtype() == DataType::kInt32) {
    for (const std::int32_t v : tensor.flat<std::int32_t>()) values.push_back(v);
  } else if (tensor.dtype() == DataType::kInt64) {
    for (const std::int64_t v : tensor.flat<std::int64_t>()) values.push_back(v);
  }
  return values;
}

}  // namespace

std::optional<Tensor> ConstantValue(Output output) { return Value(output, 0); }

PartialShape ConstantShape(Output output) {
  if (const auto value = ConstantValue(output)) {
    if (value->shape().rank() != 1) return PartialShape();
    std::vector<std::int64_t> dims = Integers(*value);
    for (std::int64_t& dim : dims) dim = dim < 0 ? -1 : dim;
    return PartialShape(std::move(dims));
  }
  if (output.op->type() == "Shape") return output.op->inputs()[0].shape();
  const PartialShape& own = output.shape();
  if (!own.known_rank() || own.rank() != 1 || own.dim(0) < 0) return PartialShape();
  std::vector<std::int64_t> dims(static_cast<std::size_t>(own.dim(0)), -1);
  if (output.op->type() == "Pack") {
    for (std::size_t i = 0; i < dims.size(); ++i) {
      const auto part = ConstantValue(output.op->inputs()[i]);
      if (part && part->shape().rank() == 0)
        dims[i] = std::max<std::int64_t>(Integers(*part)[0], -1);
    }
  }
  return PartialShape(std::move(dims));
}

}  // namespace faultline
