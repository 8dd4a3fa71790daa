#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/tensor/tensor_shape.h"

namespace faultline {

// A box within a tensor: for each dimension all of it or a start and a length (CK-701). A value;
// never suspends.
class TensorSlice {
 public:
  static constexpr std::int64_t kAll = -1;
  struct Extent {
    std::int64_t start = 0;
    std::int64_t length = kAll;
    bool all() const { return length == kAll && start == 0; }
    friend bool operator==(const Extent&, const Extent&) = default;
  };

  TensorSlice() = default;
  explicit TensorSlice(std::vector<Extent> extents) : extents_(std::move(extents)) {}
  // All of a tensor of that rank.
  static TensorSlice Full(int rank);
  // From "-:0,10:14,1". INVALID_ARGUMENT for bad text.
  static Result<TensorSlice> Parse(std::string_view text);

  int rank() const { return static_cast<int>(extents_.size()); }
  const std::vector<Extent>& extents() const { return extents_; }
  bool IsFull() const;
  std::string ToString() const;
  // The part in common. False, and an empty `result`, when there is none or the ranks differ.
  bool Intersect(const TensorSlice& other, TensorSlice* result) const;
  // The shape of this part of `shape`. INTERNAL for another rank or an extent that sticks out
  // (CK-703).
  Result<TensorShape> ShapeWithin(const TensorShape& shape) const;
  friend bool operator==(const TensorSlice&, const TensorSlice&) = default;

 private:
  std::vector<Extent> extents_;
};

// A shape-and-slice specification "5 10 -:0,1" (CK-702).
struct ShapeAndSlice {
  TensorShape full;
  TensorSlice slice;
  TensorShape part;  // shape of the slice
};
Result<ShapeAndSlice> ParseShapeAndSlice(const std::string& spec);

// Key under which a slice of a tensor is stored (CK-707), and back; false for other keys.
std::string EncodeSliceKey(std::string_view name, const TensorSlice& slice);
bool DecodeSliceKey(std::string_view key, std::string* name, TensorSlice* slice);

}  // namespace faultline
