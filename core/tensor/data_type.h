#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace faultline {

// Element types with TensorFlow's numbers, which live on disk and on the wire (CK-405). A reference
// type (an output that is a variable's buffer) is 100 more and never leaves memory.
enum class DataType : std::uint8_t {
  kInvalid = 0,
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kString = 7,
  kComplex64 = 8,
  kInt64 = 9,
  kBool = 10,
  kQint8 = 11,
  kQuint8 = 12,
  kQint32 = 13,
  kBfloat16 = 14,
  kQint16 = 15,
  kQuint16 = 16,
  kUint16 = 17,
  kComplex128 = 18,
  kHalf = 19,
  kResource = 20,
  kVariant = 21,
  kUint32 = 22,
  kUint64 = 23,
};

inline constexpr int kRefOffset = 100;
constexpr DataType MakeRef(DataType t) {
  return static_cast<DataType>(static_cast<int>(t) + kRefOffset);
}
constexpr bool IsRef(DataType t) { return static_cast<int>(t) > kRefOffset; }
constexpr DataType BaseType(DataType t) {
  return IsRef(t) ? static_cast<DataType>(static_cast<int>(t) - kRefOffset) : t;
}

// Bytes of one element; 0 for strings, resources, variants and kInvalid.
std::size_t SizeOf(DataType t);
// "float", "int64", ... as TensorFlow prints them in messages; "float_ref" for references.
std::string DataTypeName(DataType t);
// "DT_FLOAT", ... the names of types.proto.
std::string DataTypeProtoName(DataType t);
bool IsFloating(DataType t);
bool IsInteger(DataType t);

// Two-byte floats: stored, not computed with.
struct Half {
  std::uint16_t bits = 0;
};
struct Bfloat16 {
  std::uint16_t bits = 0;
};

// The DataType of a C++ element type.
template <class T>
struct DataTypeOf;
#define FL_DATA_TYPE_OF(T, t)            \
  template <>                            \
  struct DataTypeOf<T> {                 \
    static constexpr DataType value = t; \
  };
FL_DATA_TYPE_OF(float, DataType::kFloat)
FL_DATA_TYPE_OF(double, DataType::kDouble)
FL_DATA_TYPE_OF(std::int32_t, DataType::kInt32)
FL_DATA_TYPE_OF(std::uint8_t, DataType::kUint8)
FL_DATA_TYPE_OF(std::int16_t, DataType::kInt16)
FL_DATA_TYPE_OF(std::int8_t, DataType::kInt8)
FL_DATA_TYPE_OF(std::string, DataType::kString)
FL_DATA_TYPE_OF(std::complex<float>, DataType::kComplex64)
FL_DATA_TYPE_OF(std::int64_t, DataType::kInt64)
FL_DATA_TYPE_OF(bool, DataType::kBool)
FL_DATA_TYPE_OF(Bfloat16, DataType::kBfloat16)
FL_DATA_TYPE_OF(std::uint16_t, DataType::kUint16)
FL_DATA_TYPE_OF(std::complex<double>, DataType::kComplex128)
FL_DATA_TYPE_OF(Half, DataType::kHalf)
FL_DATA_TYPE_OF(std::uint32_t, DataType::kUint32)
FL_DATA_TYPE_OF(std::uint64_t, DataType::kUint64)
#undef FL_DATA_TYPE_OF

}  // namespace faultline
