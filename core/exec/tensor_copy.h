#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/tensor/tensor.h"

namespace faultline::internal {

// Copies runs of elements between tensors of one type, strings included. The tensors outlive it and
// keep their buffers.
class ElementCopier {
 public:
  ElementCopier(const Tensor& from, Tensor* to)
      : size_(SizeOf(from.dtype())),
        from_(static_cast<const char*>(from.data())),
        to_(static_cast<char*>(to->mutable_data())) {
    FL_ASSERT(from.dtype() == to->dtype(), "{} and {}", DataTypeName(from.dtype()),
              DataTypeName(to->dtype()));
  }

  void Copy(std::int64_t from, std::int64_t to, std::int64_t count) const {
    if (count == 0) return;
    const auto n = static_cast<std::size_t>(count);
    if (size_ > 0) {
      std::memcpy(to_ + static_cast<std::size_t>(to) * size_,
                  from_ + static_cast<std::size_t>(from) * size_, n * size_);
    } else {
      std::copy_n(reinterpret_cast<const std::string*>(from_) + from, n,
                  reinterpret_cast<std::string*>(to_) + to);
    }
  }

 private:
  std::size_t size_;
  const char* from_;
  char* to_;
};

}  // namespace faultline::internal
