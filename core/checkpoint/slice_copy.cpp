#include "core/checkpoint/slice_copy.h"

#include <algorithm>
#include <cstdint>

#include "core/base/assert.h"

namespace faultline {
namespace {

std::int64_t StartOf(const TensorSlice& slice, std::size_t d) { return slice.extents()[d].start; }

std::int64_t LengthOf(const TensorShape& full, const TensorSlice& slice, std::size_t d) {
  const TensorSlice::Extent& extent = slice.extents()[d];
  return extent.all() ? full.dim(static_cast<int>(d)) : extent.length;
}

// Index, within the array of `slice`, of the element at `position` of the full tensor.
std::size_t IndexWithin(const TensorShape& full, const TensorSlice& slice,
                        const std::vector<std::int64_t>& position) {
  std::int64_t index = 0;
  for (std::size_t d = 0; d < position.size(); ++d) {
    index = index * LengthOf(full, slice, d) + position[d] - StartOf(slice, d);
  }
  return static_cast<std::size_t>(index);
}

}  // namespace

bool CanBeAssembled(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kInt32:
    case DataType::kUint8:
    case DataType::kInt16:
    case DataType::kInt8:
    case DataType::kComplex64:
    case DataType::kComplex128:
    case DataType::kInt64:
    case DataType::kBool:
    case DataType::kQint32:
    case DataType::kQuint8:
    case DataType::kQint8:
    case DataType::kBfloat16:
      return true;
    default:
      return false;
  }
}

bool Covers(const TensorShape& full, const TensorSlice& slice,
            const std::vector<TensorSlice>& parts) {
  const Result<TensorShape> wanted = slice.ShapeWithin(full);
  if (!wanted.ok()) return false;
  std::int64_t covered = 0;
  for (const TensorSlice& part : parts) {
    TensorSlice common;
    if (!part.Intersect(slice, &common)) continue;
    const Result<TensorShape> shape = common.ShapeWithin(full);
    if (!shape.ok()) return false;
    covered += shape->NumElements();
  }
  return covered == wanted->NumElements();
}

void CopySlice(const SliceCopy& copy, std::string_view source, std::string* target) {
  const auto rank = static_cast<std::size_t>(copy.full.rank());
  FL_ASSERT(rank > 0, "a scalar has no slices");
  std::vector<std::int64_t> position(rank);
  std::vector<std::int64_t> end(rank);
  for (std::size_t d = 0; d < rank; ++d) {
    position[d] = StartOf(copy.common, d);
    end[d] = position[d] + LengthOf(copy.full, copy.common, d);
    if (position[d] == end[d]) return;
  }
  const std::size_t row =
      static_cast<std::size_t>(end[rank - 1] - position[rank - 1]) * copy.element_bytes;
  while (true) {
    const std::size_t from = IndexWithin(copy.full, copy.from, position) * copy.element_bytes;
    const std::size_t to = IndexWithin(copy.full, copy.to, position) * copy.element_bytes;
    FL_ASSERT(from + row <= source.size(), "row at {} of {} bytes", from, source.size());
    FL_ASSERT(to + row <= target->size(), "row at {} of {} bytes", to, target->size());
    std::copy_n(source.data() + from, row, target->data() + to);
    std::size_t d = rank - 1;
    while (d > 0 && ++position[d - 1] == end[d - 1]) {
      position[d - 1] = StartOf(copy.common, d - 1);
      --d;
    }
    if (d == 0) return;
  }
}

}  // namespace faultline
