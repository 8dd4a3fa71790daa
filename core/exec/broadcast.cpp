#include "core/exec/broadcast.h"

#include <algorithm>

#include <fmt/format.h>

namespace faultline::internal {

Result<Broadcast> BroadcastShapes(const TensorShape& left, const TensorShape& right) {
  const int rank = std::max(left.rank(), right.rank());
  std::vector<std::int64_t> shape(static_cast<std::size_t>(rank));
  Broadcast result;
  std::int64_t left_step = 1;
  std::int64_t right_step = 1;
  bool previous_left = false;
  bool previous_right = false;
  for (int i = 0; i < rank; ++i) {  // from the innermost
    const std::int64_t l = i < left.rank() ? left.dim(left.rank() - 1 - i) : 1;
    const std::int64_t r = i < right.rank() ? right.dim(right.rank() - 1 - i) : 1;
    if (l != r && l != 1 && r != 1) {
      return Status(Code::kInvalidArgument, fmt::format("Incompatible shapes: {} vs. {}",
                                                        left.ToString(), right.ToString()));
    }
    const std::int64_t dim = l == 1 ? r : l;
    shape[static_cast<std::size_t>(rank - 1 - i)] = dim;
    if (dim == 1) continue;
    const bool moves_left = l != 1;
    const bool moves_right = r != 1;
    if (!result.dims.empty() && moves_left == previous_left && moves_right == previous_right) {
      result.dims.back() *= dim;
    } else {
      result.dims.push_back(dim);
      result.left_strides.push_back(moves_left ? left_step : 0);
      result.right_strides.push_back(moves_right ? right_step : 0);
    }
    previous_left = moves_left;
    previous_right = moves_right;
    left_step *= l;
    right_step *= r;
  }
  std::reverse(result.dims.begin(), result.dims.end());
  std::reverse(result.left_strides.begin(), result.left_strides.end());
  std::reverse(result.right_strides.begin(), result.right_strides.end());
  result.shape = TensorShape(std::move(shape));
  return result;
}

}  // namespace faultline::internal
