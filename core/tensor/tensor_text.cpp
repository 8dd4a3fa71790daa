#include "core/tensor/tensor.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace faultline {
namespace {

// The shortest text that reads back as the same number.
template <class T>
std::string Number(T value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

float ToFloat(Bfloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

float ToFloat(Half value) {
  const std::uint32_t sign = (value.bits & 0x8000u) << 16;
  const std::uint32_t exponent = (value.bits >> 10) & 0x1fu;
  const std::uint32_t fraction = value.bits & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t bits = exponent == 31 ? 0x7f800000u : (exponent + 112) << 23;
  return std::bit_cast<float>(sign | bits | (fraction << 13));
}

template <class T>
std::string Print(const T& value) {
  return Number(value);
}
template <>
std::string Print(const bool& value) {
  return value ? "true" : "false";
}
template <>
std::string Print(const std::string& value) {
  return "\"" + value + "\"";
}
template <>
std::string Print(const Half& value) {
  return Number(ToFloat(value));
}
template <>
std::string Print(const Bfloat16& value) {
  return Number(ToFloat(value));
}
template <>
std::string Print(const std::complex<float>& value) {
  return "(" + Number(value.real()) + "," + Number(value.imag()) + ")";
}
template <>
std::string Print(const std::complex<double>& value) {
  return "(" + Number(value.real()) + "," + Number(value.imag()) + ")";
}

template <class T>
std::string PrintElements(const Tensor& tensor, int limit) {
  const auto values = tensor.flat<T>();
  const std::size_t shown = std::min(values.size(), static_cast<std::size_t>(limit));
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ' ';
    text += Print<T>(values[i]);
  }
  if (shown < values.size()) text += shown > 0 ? " ..." : "...";
  return text;
}

std::string PrintFlat(const Tensor& t, int limit) {
  switch (t.dtype()) {
    case DataType::kFloat:
      return PrintElements<float>(t, limit);
    case DataType::kDouble:
      return PrintElements<double>(t, limit);
    case DataType::kInt32:
      return PrintElements<std::int32_t>(t, limit);
    case DataType::kUint8:
      return PrintElements<std::uint8_t>(t, limit);
    case DataType::kInt16:
      return PrintElements<std::int16_t>(t, limit);
    case DataType::kInt8:
      return PrintElements<std::int8_t>(t, limit);
    case DataType::kString:
      return PrintElements<std::string>(t, limit);
    case DataType::kComplex64:
      return PrintElements<std::complex<float>>(t, limit);
    case DataType::kInt64:
      return PrintElements<std::int64_t>(t, limit);
    case DataType::kBool:
      return PrintElements<bool>(t, limit);
    case DataType::kBfloat16:
      return PrintElements<Bfloat16>(t, limit);
    case DataType::kUint16:
      return PrintElements<std::uint16_t>(t, limit);
    case DataType::kComplex128:
      return PrintElements<std::complex<double>>(t, limit);
    case DataType::kHalf:
      return PrintElements<Half>(t, limit);
    case DataType::kUint32:
      return PrintElements<std::uint32_t>(t, limit);
    case DataType::kUint64:
      return PrintElements<std::uint64_t>(t, limit);
    default:
      return "<" + DataTypeName(t.dtype()) + ">";
  }
}

}  // namespace

std::string Tensor::ToString(int limit) const {
  if (!valid()) return "<no tensor>";
  const std::string text = PrintFlat(*this, limit);
  return shape_.rank() == 0 ? text : "[" + text + "]";
}

}  // namespace faultline
