#include "core/tensor/tensor_shape.h"

#include "core/base/assert.h"

namespace faultline {
namespace {

std::string Join(const std::vector<std::int64_t>& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i > 0) text += ',';
    text += dims[i] < 0 ? "?" : std::to_string(dims[i]);
  }
  return text + "]";
}

}  // namespace

std::int64_t TensorShape::NumElements() const {
  std::int64_t count = 1;
  for (const std::int64_t dim : dims_) {
    FL_ASSERT(dim >= 0, "negative dimension in {}", ToString());
    FL_ASSERT(!__builtin_mul_overflow(count, dim, &count), "too many elements in {}", ToString());
  }
  return count;
}

std::string TensorShape::ToString() const { return Join(dims_); }

bool PartialShape::fully_defined() const {
  if (!dims_) return false;
  for (const std::int64_t dim : *dims_) {
    if (dim < 0) return false;
  }
  return true;
}

std::optional<TensorShape> PartialShape::AsShape() const {
  if (!fully_defined()) return std::nullopt;
  return TensorShape(*dims_);
}

bool PartialShape::Accepts(const TensorShape& shape) const {
  return Compatible(PartialShape(shape));
}

bool PartialShape::Compatible(const PartialShape& other) const {
  if (!dims_ || !other.dims_) return true;
  if (dims_->size() != other.dims_->size()) return false;
  for (std::size_t i = 0; i < dims_->size(); ++i) {
    const std::int64_t a = (*dims_)[i];
    const std::int64_t b = (*other.dims_)[i];
    if (a >= 0 && b >= 0 && a != b) return false;
  }
  return true;
}

std::string PartialShape::ToString() const { return dims_ ? Join(*dims_) : "<unknown>"; }

}  // namespace faultline
