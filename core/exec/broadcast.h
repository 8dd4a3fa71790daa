#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/tensor/tensor_shape.h"

namespace faultline::internal {

// How two shapes combine. Neighbouring dimensions that behave alike are one, so that the walk is
// short.
struct Broadcast {
  TensorShape shape;  // of the result
  // Of the collapsed walk, outermost first; a stride is 0 where the operand is repeated.
  std::vector<std::int64_t> dims;
  std::vector<std::int64_t> left_strides;
  std::vector<std::int64_t> right_strides;
};

// INVALID_ARGUMENT "Incompatible shapes: [2,2] vs. [3,2]".
Result<Broadcast> BroadcastShapes(const TensorShape& left, const TensorShape& right);

}  // namespace faultline::internal
