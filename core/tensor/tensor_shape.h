#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace faultline {

// A known shape: dimensions >= 0, rank 0 is a scalar.
class TensorShape {
 public:
  TensorShape() = default;
  TensorShape(std::initializer_list<std::int64_t> dims) : dims_(dims) {}
  explicit TensorShape(std::vector<std::int64_t> dims) : dims_(std::move(dims)) {}

  int rank() const { return static_cast<int>(dims_.size()); }
  std::int64_t dim(int i) const { return dims_[static_cast<std::size_t>(i)]; }
  const std::vector<std::int64_t>& dims() const { return dims_; }
  // Product of the dimensions; 1 for a scalar.
  std::int64_t NumElements() const;
  // "[2,3]", "[]".
  std::string ToString() const;
  friend bool operator==(const TensorShape&, const TensorShape&) = default;

 private:
  std::vector<std::int64_t> dims_;
};

// What is known of a shape before the graph runs: nothing, or a rank whose dimensions may be -1
// (unknown).
class PartialShape {
 public:
  PartialShape() = default;  // unknown rank
  PartialShape(std::initializer_list<std::int64_t> dims) : dims_(std::vector<std::int64_t>(dims)) {}
  explicit PartialShape(std::vector<std::int64_t> dims) : dims_(std::move(dims)) {}
  PartialShape(const TensorShape& shape) : dims_(shape.dims()) {}

  bool known_rank() const { return dims_.has_value(); }
  int rank() const { return static_cast<int>(dims_->size()); }
  std::int64_t dim(int i) const { return (*dims_)[static_cast<std::size_t>(i)]; }
  const std::vector<std::int64_t>& dims() const { return *dims_; }
  bool fully_defined() const;
  // The shape, if fully defined.
  std::optional<TensorShape> AsShape() const;
  // Whether a value of `shape` may stand here.
  bool Accepts(const TensorShape& shape) const;
  bool Compatible(const PartialShape& other) const;
  // "<unknown>", "[?,3]", "[]".
  std::string ToString() const;
  friend bool operator==(const PartialShape&, const PartialShape&) = default;

 private:
  std::optional<std::vector<std::int64_t>> dims_;
};

}  // namespace faultline
