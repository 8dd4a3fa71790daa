#include "core/checkpoint/tensor_slice.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "core/checkpoint/ordered_code.h"

namespace faultline {
namespace {

std::vector<std::string_view> Split(std::string_view text, char separator, bool skip_empty) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    if (!part.empty() || !skip_empty) parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> ParseInt(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status Invalid(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

}  // namespace

TensorSlice TensorSlice::Full(int rank) {
  return TensorSlice(std::vector<Extent>(static_cast<std::size_t>(rank)));
}

Result<TensorSlice> TensorSlice::Parse(std::string_view text) {
  std::vector<Extent> extents;
  for (const std::string_view part : Split(text, ':', true)) {
    if (part == "-") {
      extents.emplace_back();
      continue;
    }
    const auto numbers = Split(part, ',', true);
    const auto start = numbers.size() == 2 ? ParseInt(numbers[0]) : std::nullopt;
    const auto length = numbers.size() == 2 ? ParseInt(numbers[1]) : std::nullopt;
    if (!start || !length) {
      return Invalid(
          fmt::format("Expected a pair of numbers or '-' but got '{}': string = {}", part, text));
    }
    if (*start < 0 || *length <= 0) {
      return Invalid(
          fmt::format("Expected non-negative start and positive length but got start = {}, "
                      "length = {}: string = {}",
                      *start, *length, text));
    }
    extents.push_back({*start, *length});
  }
  return TensorSlice(std::move(extents));
}

bool TensorSlice::IsFull() const {
  return std::all_of(extents_.begin(), extents_.end(), [](const Extent& e) { return e.all(); });
}

std::string TensorSlice::ToString() const {
  std::string text;
  for (const Extent& extent : extents_) {
    if (!text.empty()) text += ':';
    text += extent.all() ? std::string("-") : fmt::format("{},{}", extent.start, extent.length);
  }
  return text;
}

bool TensorSlice::Intersect(const TensorSlice& other, TensorSlice* result) const {
  *result = TensorSlice();
  if (rank() != other.rank()) return false;
  std::vector<Extent> common;
  for (std::size_t d = 0; d < extents_.size(); ++d) {
    const Extent& a = extents_[d];
    const Extent& b = other.extents_[d];
    if (a.all() || b.all()) {
      common.push_back(a.all() ? b : a);
      continue;
    }
    const std::int64_t start = std::max(a.start, b.start);
    // Compared as distances, which cannot overflow.
    const std::int64_t rest_a = a.length - (start - a.start);
    const std::int64_t rest_b = b.length - (start - b.start);
    const std::int64_t length = std::min(rest_a, rest_b);
    if (length <= 0) return false;
    common.push_back({start, length});
  }
  result->extents_ = std::move(common);
  return true;
}

Result<TensorShape> TensorSlice::ShapeWithin(const TensorShape& shape) const {
  if (shape.rank() != rank()) {
    return Status(Code::kInternal, fmt::format("Mismatching ranks: shape = {}, slice = {}",
                                               shape.ToString(), ToString()));
  }
  std::vector<std::int64_t> dims;
  for (int d = 0; d < rank(); ++d) {
    const Extent& extent = extents_[static_cast<std::size_t>(d)];
    const std::int64_t size = shape.dim(d);
    if (!extent.all() && (extent.start < 0 || extent.length < 0 || extent.length > size ||
                          extent.start > size - extent.length)) {
      return Status(Code::kInternal,
                    fmt::format("Extent in dimension {} out of bounds: shape = {}, slice = {}", d,
                                shape.ToString(), ToString()));
    }
    dims.push_back(extent.all() ? size : extent.length);
  }
  return TensorShape(std::move(dims));
}

Result<ShapeAndSlice> ParseShapeAndSlice(const std::string& spec) {
  const auto parts = Split(spec, ' ', false);
  if (parts.size() < 2) {
    return Invalid("Need least two elements in shape_and_slice specification: " + spec);
  }
  ShapeAndSlice result;
  FL_ASSIGN_OR_RETURN(result.slice, TensorSlice::Parse(parts.back()));
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto dim = ParseInt(parts[i]);
    if (!dim || *dim < 0) return Invalid("Non numerical dimension in shape_and_slice: " + spec);
    dims.push_back(*dim);
  }
  result.full = TensorShape(std::move(dims));
  FL_ASSIGN_OR_RETURN(result.part, result.slice.ShapeWithin(result.full));
  return result;
}

std::string EncodeSliceKey(std::string_view name, const TensorSlice& slice) {
  std::string key;
  AppendOrderedUnsigned(&key, 0);
  AppendOrderedString(&key, name);
  AppendOrderedUnsigned(&key, static_cast<std::uint64_t>(slice.rank()));
  for (const TensorSlice::Extent& extent : slice.extents()) {
    AppendOrderedSigned(&key, extent.start);
    AppendOrderedSigned(&key, extent.length);
  }
  return key;
}

bool DecodeSliceKey(std::string_view key, std::string* name, TensorSlice* slice) {
  std::uint64_t zero = 0;
  std::uint64_t rank = 0;
  if (!ReadOrderedUnsigned(&key, &zero) || zero != 0 || !ReadOrderedString(&key, name) ||
      !ReadOrderedUnsigned(&key, &rank) || rank > key.size()) {
    return false;
  }
  std::vector<TensorSlice::Extent> extents(rank);
  for (TensorSlice::Extent& extent : extents) {
    if (!ReadOrderedSigned(&key, &extent.start) || !ReadOrderedSigned(&key, &extent.length)) {
      return false;
    }
  }
  *slice = TensorSlice(std::move(extents));
  return key.empty();
}

}  // namespace faultline
