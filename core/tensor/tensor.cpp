#include "core/tensor/tensor.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/base/hash.h"

namespace faultline {
namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

// Zeroed numeric memory, or strings. Exists only for at least one element.
struct Tensor::Buffer {
  explicit Buffer(std::size_t size) : bytes(size) {
    data = ::operator new(size, kAlignment);
    std::memset(data, 0, size);
  }
  explicit Buffer(std::vector<std::string> texts) : strings(std::move(texts)) {
    data = strings.data();
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (bytes > 0) ::operator delete(data, kAlignment);
  }

  void* data = nullptr;
  std::size_t bytes = 0;
  std::vector<std::string> strings;
};

Tensor::Tensor(DataType dtype, TensorShape shape) : dtype_(dtype), shape_(std::move(shape)) {
  FL_ASSERT(!IsRef(dtype), "a tensor has no reference type: {}", DataTypeName(dtype));
  const auto count = static_cast<std::size_t>(shape_.NumElements());
  if (dtype == DataType::kString) {
    if (count > 0) buffer_ = std::make_shared<Buffer>(std::vector<std::string>(count));
    return;
  }
  FL_ASSERT(SizeOf(dtype) > 0, "no tensors of type {}", DataTypeName(dtype));
  if (count > 0) buffer_ = std::make_shared<Buffer>(count * SizeOf(dtype));
}

Tensor Tensor::FromBytes(DataType dtype, TensorShape shape, std::string_view bytes) {
  Tensor t(dtype, std::move(shape));
  FL_ASSERT(dtype != DataType::kString, "strings have no raw bytes");
  FL_ASSERT(bytes.size() == t.TotalBytes(), "{} bytes for {} of shape {}", bytes.size(),
            DataTypeName(dtype), t.shape().ToString());
  if (!bytes.empty()) std::memcpy(t.mutable_data(), bytes.data(), bytes.size());
  return t;
}

std::size_t Tensor::TotalBytes() const {
  if (dtype_ != DataType::kString) {
    return static_cast<std::size_t>(NumElements()) * SizeOf(dtype_);
  }
  std::size_t total = 0;
  for (const std::string& text : flat<std::string>()) total += text.size();
  return total;
}

bool Tensor::OwnsBufferAlone() const { return !buffer_ || buffer_.use_count() == 1; }

void Tensor::MakeUnique() {
  if (OwnsBufferAlone()) return;
  if (dtype_ == DataType::kString) {
    buffer_ = std::make_shared<Buffer>(buffer_->strings);
    return;
  }
  auto copy = std::make_shared<Buffer>(buffer_->bytes);
  std::memcpy(copy->data, buffer_->data, buffer_->bytes);
  buffer_ = std::move(copy);
}

const void* Tensor::data() const { return buffer_ ? buffer_->data : nullptr; }

void* Tensor::mutable_data() {
  FL_ASSERT(OwnsBufferAlone(), "the buffer of {}{} is shared", DataTypeName(dtype_),
            shape_.ToString());
  return buffer_ ? buffer_->data : nullptr;
}

std::string_view Tensor::bytes() const {
  FL_ASSERT(dtype_ != DataType::kString, "strings have no raw bytes");
  if (!buffer_) return {};
  return {static_cast<const char*>(buffer_->data), buffer_->bytes};
}

Tensor Tensor::Reshaped(TensorShape shape) const {
  FL_ASSERT(shape.NumElements() == NumElements(), "{} elements do not fit {}", NumElements(),
            shape.ToString());
  Tensor t = *this;
  t.shape_ = std::move(shape);
  return t;
}

std::uint64_t Tensor::Digest() const {
  Hash64 hash;
  hash.Add(static_cast<std::uint64_t>(dtype_));
  hash.Add(static_cast<std::uint64_t>(shape_.rank()));
  for (const std::int64_t dim : shape_.dims()) hash.Add(static_cast<std::uint64_t>(dim));
  if (dtype_ == DataType::kString) {
    for (const std::string& text : flat<std::string>()) {
      hash.Add(static_cast<std::uint64_t>(text.size()));
      hash.Add(std::string_view(text));
    }
  } else {
    hash.Add(bytes());
  }
  return hash.value();
}

bool BitEqual(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (!a.valid()) return true;
  if (a.dtype() == DataType::kString) {
    return std::ranges::equal(a.flat<std::string>(), b.flat<std::string>());
  }
  return a.bytes() == b.bytes();
}

}  // namespace faultline
