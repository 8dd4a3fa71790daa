#pragma once

#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "core/base/result.h"
#include "core/graph/graph.h"
#include "core/tensor/data_type.h"

namespace faultline::internal {

inline Status UnsupportedType(DataType type) {
  return Status(Code::kUnimplemented, fmt::format("no kernel for type {}", DataTypeName(type)));
}

// Calls f.operator()<T>() for the element type, which returns a Status. UNIMPLEMENTED for a type
// that the kernels do not compute with.
template <class F>
Status VisitNumber(DataType type, F&& f) {
  switch (type) {
    case DataType::kFloat:
      return f.template operator()<float>();
    case DataType::kDouble:
      return f.template operator()<double>();
    case DataType::kInt32:
      return f.template operator()<std::int32_t>();
    case DataType::kInt64:
      return f.template operator()<std::int64_t>();
    default:
      return UnsupportedType(type);
  }
}

// The same with the small integers and bool.
template <class F>
Status VisitNumberOrSmall(DataType type, F&& f) {
  switch (type) {
    case DataType::kBool:
      return f.template operator()<bool>();
    case DataType::kUint8:
      return f.template operator()<std::uint8_t>();
    case DataType::kInt8:
      return f.template operator()<std::int8_t>();
    case DataType::kInt16:
      return f.template operator()<std::int16_t>();
    case DataType::kUint16:
      return f.template operator()<std::uint16_t>();
    case DataType::kUint32:
      return f.template operator()<std::uint32_t>();
    case DataType::kUint64:
      return f.template operator()<std::uint64_t>();
    default:
      return VisitNumber(type, std::forward<F>(f));
  }
}

}  // namespace faultline::internal
