#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/assert.h"
#include "core/tensor/data_type.h"
#include "core/tensor/tensor_shape.h"

namespace faultline {

// A dense array. Copying shares the buffer; a tensor handed to a message, a fetch or a feed is
// immutable, and mutable access is allowed only to the sole owner of the buffer (DESIGN 2.1(5)), so
// sharing is never visible. Numeric buffers are 64-byte aligned and start zeroed.
class Tensor {
 public:
  // No value: dtype kInvalid. What a slot without a tensor holds.
  Tensor() = default;
  // Zeros, or empty strings.
  Tensor(DataType dtype, TensorShape shape);

  // A scalar of the element type of `value`.
  template <class T>
  static Tensor Scalar(T value);
  static Tensor Scalar(const char* text) { return Scalar(std::string(text)); }
  // A vector, or any shape whose element count equals the number of values.
  template <class T>
  static Tensor Of(std::initializer_list<T> values);
  template <class T>
  static Tensor Of(TensorShape shape, std::span<const T> values);
  template <class T>
  static Tensor Of(TensorShape shape, const std::vector<T>& values) {
    return Of<T>(std::move(shape), std::span<const T>(values));
  }
  // From raw row-major host-order bytes; sizes must agree. Not for strings.
  static Tensor FromBytes(DataType dtype, TensorShape shape, std::string_view bytes);

  bool valid() const { return dtype_ != DataType::kInvalid; }
  DataType dtype() const { return dtype_; }
  const TensorShape& shape() const { return shape_; }
  std::int64_t NumElements() const { return valid() ? shape_.NumElements() : 0; }
  // Bytes of a numeric tensor; of strings, the sum of their lengths.
  std::size_t TotalBytes() const;

  // Elements in row-major order. T must be the element type (asserted). bool is read as bool.
  template <class T>
  std::span<const T> flat() const {
    CheckType(DataTypeOf<T>::value);
    return {static_cast<const T*>(data()), static_cast<std::size_t>(NumElements())};
  }
  // The value of a tensor with one element.
  template <class T>
  const T& scalar() const {
    FL_ASSERT(NumElements() == 1, "one element expected, shape {}", shape_.ToString());
    return flat<T>()[0];
  }
  // Elements to write. The buffer must have no other owner (asserted): see MakeUnique.
  template <class T>
  std::span<T> mutable_flat() {
    CheckType(DataTypeOf<T>::value);
    return {static_cast<T*>(mutable_data()), static_cast<std::size_t>(NumElements())};
  }
  // Copies the buffer if anybody else holds it.
  void MakeUnique();
  bool OwnsBufferAlone() const;

  // First element; for strings an array of std::string. Null for no elements.
  const void* data() const;
  void* mutable_data();
  // Row-major host-order bytes of a numeric tensor.
  std::string_view bytes() const;

  // The same elements under another shape of equal element count (shares the buffer).
  Tensor Reshaped(TensorShape shape) const;
  // Hash of type, shape and content: equal tensors, equal digests.
  std::uint64_t Digest() const;
  // "[1 2 3]" with at most `limit` elements, for messages.
  std::string ToString(int limit = 8) const;
  // Same type, shape and bits (NaN equals itself; -0 differs from 0).
  friend bool BitEqual(const Tensor& a, const Tensor& b);

 private:
  struct Buffer;
  void CheckType(DataType t) const {
    FL_ASSERT(dtype_ == t, "tensor is {}, asked as {}", DataTypeName(dtype_), DataTypeName(t));
  }

  DataType dtype_ = DataType::kInvalid;
  TensorShape shape_;
  std::shared_ptr<Buffer> buffer_;
};

bool BitEqual(const Tensor& a, const Tensor& b);

template <class T>
Tensor Tensor::Scalar(T value) {
  Tensor t(DataTypeOf<T>::value, TensorShape());
  t.mutable_flat<T>()[0] = std::move(value);
  return t;
}

template <class T>
Tensor Tensor::Of(TensorShape shape, std::span<const T> values) {
  Tensor t(DataTypeOf<T>::value, std::move(shape));
  FL_ASSERT(static_cast<std::size_t>(t.NumElements()) == values.size(), "{} values for shape {}",
            values.size(), t.shape().ToString());
  const auto out = t.mutable_flat<T>();
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return t;
}

template <class T>
Tensor Tensor::Of(std::initializer_list<T> values) {
  return Of<T>(TensorShape({static_cast<std::int64_t>(values.size())}),
               std::span<const T>(values.begin(), values.size()));
}

}  // namespace faultline
