#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/tensor/data_type.h"

namespace faultline {

class ShapeContext;
// Sets the output shapes of a node from its inputs and attributes. INVALID_ARGUMENT if they can
// never fit.
using ShapeFunction = Status (*)(ShapeContext& context);

// At most N values, made at compile time.
template <class T, std::size_t N>
class FixedList {
 public:
  constexpr FixedList() = default;
  constexpr FixedList(std::initializer_list<T> values) {
    for (const T& value : values) values_[size_++] = value;
  }
  constexpr const T* begin() const { return values_.data(); }
  constexpr const T* end() const { return values_.data() + size_; }
  constexpr std::size_t size() const { return size_; }
  constexpr const T& operator[](std::size_t i) const { return values_[i]; }
  constexpr void Add(const T& value) { values_[size_++] = value; }

 private:
  std::array<T, N> values_{};
  std::size_t size_ = 0;
};

// One input or output, or a list of them: with `number_attr`, that many of one type; with
// `type_list_attr`, one for each type of the list. A type is fixed or that of `type_attr`.
struct ArgDef {
  std::string_view name{};
  DataType type = DataType::kInvalid;
  std::string_view type_attr{};
  std::string_view number_attr{};
  std::string_view type_list_attr{};
  bool is_ref = false;

  constexpr bool is_list() const { return !number_attr.empty() || !type_list_attr.empty(); }
};

enum class AttrKind : std::uint8_t {
  kInt,
  kFloat,
  kBool,
  kString,
  kType,
  kShape,
  kTensor,
  kIntList,
  kStringList,
  kTypeList,
  kShapeList,
};
// "int", "list(type)", ...
std::string_view AttrKindName(AttrKind kind);

struct AttrDef {
  std::string_view name{};
  AttrKind kind = AttrKind::kInt;
  bool has_default = false;
  // Younger than the op: a node keeps it if it has it, and means the default if it has not, so that
  // older readers of what is written do not meet it.
  bool later = false;
  // The default of kInt, kBool and kType; a list's is empty, a shape's is of unknown rank.
  std::int64_t number = 0;
  std::string_view text{};  // the default of kString
  // Least value of kInt, least length of a list.
  bool has_minimum = false;
  std::int64_t minimum = 0;
  std::span<const DataType> allowed_types{};         // empty: all
  std::span<const std::string_view> allowed_text{};  // empty: all
};

// What is known of a type of operation. All of them lie in constant tables.
struct OpDef {
  std::string_view name{};
  FixedList<ArgDef, 5> inputs{};
  FixedList<ArgDef, 2> outputs{};
  FixedList<AttrDef, 7> attrs{};
  ShapeFunction shape = nullptr;
  bool stateful = false;
  bool commutative = false;
  bool aggregate = false;
  // An input that is a variable may be without value.
  bool allows_uninitialized_input = false;

  // Null if there is none of that name.
  constexpr const AttrDef* FindAttr(std::string_view attr) const {
    for (const AttrDef& a : attrs) {
      if (a.name == attr) return &a;
    }
    return nullptr;
  }
};

// Null for an unknown type.
const OpDef* FindOpDef(std::string_view type);
// Sorted by name.
std::vector<const OpDef*> AllOpDefs();

}  // namespace faultline
