#include "core/exec/index_values.h"

#include <fmt/format.h>

namespace faultline::internal {
namespace {

template <class T>
std::vector<std::int64_t> Widen(const Tensor& tensor) {
  const auto values = tensor.flat<T>();
  return {values.begin(), values.end()};
}

}  // namespace

Result<std::vector<std::int64_t>> IndexValues(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DataType::kInt16:
      return Widen<std::int16_t>(tensor);
    case DataType::kInt32:
      return Widen<std::int32_t>(tensor);
    case DataType::kInt64:
      return Widen<std::int64_t>(tensor);
    default:
      return Status(Code::kInvalidArgument,
                    fmt::format("indices of type {}", DataTypeName(tensor.dtype())));
  }
}

Tensor IndexVector(DataType type, const std::vector<std::int64_t>& values) {
  const TensorShape shape({static_cast<std::int64_t>(values.size())});
  if (type == DataType::kInt64) return Tensor::Of<std::int64_t>(shape, values);
  return Tensor::Of<std::int32_t>(shape, std::vector<std::int32_t>(values.begin(), values.end()));
}

Result<int> AxisInRange(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return Status(
        Code::kInvalidArgument,
        fmt::format("Expected axis in the range [{}, {}), but got {}", -rank, rank, axis));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

std::int64_t ProductOf(const TensorShape& shape, int from, int to) {
  std::int64_t product = 1;
  for (int i = from; i < to; ++i) product *= shape.dim(i);
  return product;
}

}  // namespace faultline::internal
