#pragma once

#include "core/graph/op_def.h"
#include "core/graph/shape_functions.h"

// Words for the tables of op definitions. Everything here happens at compile time.
namespace faultline::internal {

using enum DataType;

inline constexpr DataType kNumberTypes[] = {kFloat,      kDouble,    kInt32,  kUint8,   kInt16,
                                            kInt8,       kComplex64, kInt64,  kQint8,   kQuint8,
                                            kQint32,     kBfloat16,  kQint16, kQuint16, kUint16,
                                            kComplex128, kHalf,      kUint32, kUint64};
inline constexpr DataType kRealTypes[] = {kFloat, kDouble,   kInt32,  kUint8, kInt16,  kInt8,
                                          kInt64, kBfloat16, kUint16, kHalf,  kUint32, kUint64};
inline constexpr DataType kArithmeticTypes[] = {kBfloat16, kHalf,   kFloat,     kDouble,    kUint8,
                                                kInt8,     kUint16, kInt16,     kInt32,     kUint32,
                                                kUint64,   kInt64,  kComplex64, kComplex128};
inline constexpr DataType kIndexTypes[] = {kInt32, kInt64};
inline constexpr DataType kSmallIndexTypes[] = {kInt16, kInt32, kInt64};
inline constexpr DataType kSignedTypes[] = {kBfloat16, kHalf,  kFloat, kDouble,    kInt8,
                                            kInt16,    kInt32, kInt64, kComplex64, kComplex128};

inline constexpr DataType kWhereTypes[] = {kFloat,      kDouble,    kInt32,  kUint8,   kInt16,
                                           kInt8,       kComplex64, kInt64,  kQint8,   kQuint8,
                                           kQint32,     kBfloat16,  kQint16, kQuint16, kUint16,
                                           kComplex128, kHalf,      kUint32, kUint64,  kBool};
inline constexpr DataType kRangeTypes[] = {kBfloat16, kHalf,  kFloat,  kDouble, kInt8,  kInt16,
                                           kInt32,    kInt64, kUint16, kUint32, kUint64};

// ---- arguments ----
// Of a fixed type.
constexpr ArgDef Arg(std::string_view name, DataType type) { return {.name = name, .type = type}; }
// Of the type in an attribute.
constexpr ArgDef Arg(std::string_view name, std::string_view type_attr) {
  return {.name = name, .type_attr = type_attr};
}
constexpr ArgDef Ref(std::string_view name, std::string_view type_attr) {
  return {.name = name, .type_attr = type_attr, .is_ref = true};
}
// N of one type.
constexpr ArgDef Several(std::string_view name, std::string_view type_attr) {
  return {.name = name, .type_attr = type_attr, .number_attr = "N"};
}
constexpr ArgDef Several(std::string_view name, DataType type) {
  return {.name = name, .type = type, .number_attr = "N"};
}
// One for each type of a list.
constexpr ArgDef Each(std::string_view name, std::string_view type_list_attr) {
  return {.name = name, .type_list_attr = type_list_attr};
}

// ---- attributes ----
constexpr AttrDef Attr(std::string_view name, AttrKind kind) {
  return {.name = name, .kind = kind};
}
constexpr AttrDef Type(std::string_view name, std::span<const DataType> allowed = {}) {
  return {.name = name, .kind = AttrKind::kType, .allowed_types = allowed};
}
constexpr AttrDef TypeOr(DataType type, std::string_view name,
                         std::span<const DataType> allowed = {}) {
  return {.name = name,
          .kind = AttrKind::kType,
          .has_default = true,
          .number = static_cast<std::int64_t>(type),
          .allowed_types = allowed};
}
constexpr AttrDef Bool(std::string_view name, bool value) {
  return {.name = name, .kind = AttrKind::kBool, .has_default = true, .number = value ? 1 : 0};
}
constexpr AttrDef Int(std::string_view name, std::int64_t value) {
  return {.name = name, .kind = AttrKind::kInt, .has_default = true, .number = value};
}
constexpr AttrDef Text(std::string_view name, std::string_view value,
                       std::span<const std::string_view> allowed = {}) {
  return {.name = name,
          .kind = AttrKind::kString,
          .has_default = true,
          .text = value,
          .allowed_text = allowed};
}
constexpr AttrDef Later(AttrDef attr) {
  attr.later = true;
  return attr;
}
// The length of a list of arguments.
constexpr AttrDef Count(std::int64_t minimum = 1) {
  return {.name = "N", .kind = AttrKind::kInt, .has_minimum = true, .minimum = minimum};
}
// A list of types that has at least one.
constexpr AttrDef Types(std::string_view name) {
  return {.name = name, .kind = AttrKind::kTypeList, .has_minimum = true, .minimum = 1};
}
// A list that is empty by default.
constexpr AttrDef ListOrEmpty(std::string_view name, AttrKind kind) {
  return {.name = name, .kind = kind, .has_default = true, .has_minimum = true};
}

// ---- properties ----
constexpr OpDef Stateful(OpDef def) {
  def.stateful = true;
  return def;
}
constexpr OpDef Commutative(OpDef def) {
  def.commutative = true;
  return def;
}
constexpr OpDef Aggregate(OpDef def) {
  def.aggregate = true;
  return def;
}
constexpr OpDef AllowsUninitialized(OpDef def) {
  def.allows_uninitialized_input = true;
  return def;
}

// ---- families ----
constexpr OpDef Binary(std::string_view name, std::span<const DataType> types) {
  return {.name = name,
          .inputs = {Arg("x", "T"), Arg("y", "T")},
          .outputs = {Arg("z", "T")},
          .attrs = {Type("T", types)},
          .shape = BroadcastShape};
}
constexpr OpDef Compare(std::string_view name, std::span<const DataType> types) {
  OpDef def = Binary(name, types);
  def.outputs = {Arg("z", kBool)};
  return def;
}
constexpr OpDef Unary(std::string_view name, std::span<const DataType> types) {
  return {.name = name,
          .inputs = {Arg("x", "T")},
          .outputs = {Arg("y", "T")},
          .attrs = {Type("T", types)},
          .shape = SameShape};
}
constexpr OpDef Reduction(std::string_view name, std::span<const DataType> types) {
  return {
      .name = name,
      .inputs = {Arg("input", "T"), Arg("reduction_indices", "Tidx")},
      .outputs = {Arg("output", "T")},
      .attrs = {Bool("keep_dims", false), Type("T", types), TypeOr(kInt32, "Tidx", kIndexTypes)},
      .shape = ReductionShape};
}

}  // namespace faultline::internal
