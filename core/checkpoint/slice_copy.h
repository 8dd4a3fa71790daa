#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/tensor_slice.h"
#include "core/tensor/data_type.h"

namespace faultline {

// Whether tensors of this type can be put together from several slices (CK-710).
bool CanBeAssembled(DataType dtype);
// Whether the parts, which do not overlap, contain all of `slice` (CK-709).
bool Covers(const TensorShape& full, const TensorSlice& slice,
            const std::vector<TensorSlice>& parts);

struct SliceCopy {
  const TensorShape& full;
  std::size_t element_bytes;
  const TensorSlice& from;    // what the source holds
  const TensorSlice& to;      // what the target holds
  const TensorSlice& common;  // what is copied
};
// Copies elements of one row-major array into another.
void CopySlice(const SliceCopy& copy, std::string_view source, std::string* target);

}  // namespace faultline
