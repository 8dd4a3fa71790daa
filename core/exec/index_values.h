#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/tensor/tensor.h"

namespace faultline::internal {

// The elements of an int16, int32 or int64 tensor. INVALID_ARGUMENT for another type.
Result<std::vector<std::int64_t>> IndexValues(const Tensor& tensor);
// Dimensions as a vector of int32 or int64.
Tensor IndexVector(DataType type, const std::vector<std::int64_t>& values);
// `axis` counted from the front; INVALID_ARGUMENT unless it is in [-rank, rank).
Result<int> AxisInRange(std::int64_t axis, int rank);

// Product of the dimensions [from, to).
std::int64_t ProductOf(const TensorShape& shape, int from, int to);

}  // namespace faultline::internal
