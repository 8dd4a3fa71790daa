#include "core/tensor/data_type.h"

#include <array>

namespace faultline {
namespace {

struct TypeInfo {
  const char* name;
  const char* proto_name;
  std::size_t size;
};

// Indexed by TensorFlow's number.
constexpr std::array<TypeInfo, 24> kTypes = {{
    {"invalid", "DT_INVALID", 0},
    {"float", "DT_FLOAT", 4},
    {"double", "DT_DOUBLE", 8},
    {"int32", "DT_INT32", 4},
    {"uint8", "DT_UINT8", 1},
    {"int16", "DT_INT16", 2},
    {"int8", "DT_INT8", 1},
    {"string", "DT_STRING", 0},
    {"complex64", "DT_COMPLEX64", 8},
    {"int64", "DT_INT64", 8},
    {"bool", "DT_BOOL", 1},
    {"qint8", "DT_QINT8", 1},
    {"quint8", "DT_QUINT8", 1},
    {"qint32", "DT_QINT32", 4},
    {"bfloat16", "DT_BFLOAT16", 2},
    {"qint16", "DT_QINT16", 2},
    {"quint16", "DT_QUINT16", 2},
    {"uint16", "DT_UINT16", 2},
    {"complex128", "DT_COMPLEX128", 16},
    {"half", "DT_HALF", 2},
    {"resource", "DT_RESOURCE", 0},
    {"variant", "DT_VARIANT", 0},
    {"uint32", "DT_UINT32", 4},
    {"uint64", "DT_UINT64", 8},
}};

const TypeInfo& InfoOf(DataType t) {
  const auto number = static_cast<std::size_t>(BaseType(t));
  return number < kTypes.size() ? kTypes[number] : kTypes[0];
}

}  // namespace

std::size_t SizeOf(DataType t) { return InfoOf(t).size; }

std::string DataTypeName(DataType t) {
  return IsRef(t) ? std::string(InfoOf(t).name) + "_ref" : InfoOf(t).name;
}

std::string DataTypeProtoName(DataType t) {
  return IsRef(t) ? std::string(InfoOf(t).proto_name) + "_REF" : InfoOf(t).proto_name;
}

bool IsFloating(DataType t) {
  switch (BaseType(t)) {
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kHalf:
    case DataType::kBfloat16:
      return true;
    default:
      return false;
  }
}

bool IsInteger(DataType t) {
  switch (BaseType(t)) {
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kUint8:
    case DataType::kUint16:
    case DataType::kUint32:
    case DataType::kUint64:
      return true;
    default:
      return false;
  }
}

}  // namespace faultline
