#include "core/checkpoint/ordered_code.h"

#include <array>
#include <bit>
#include <cstddef>

namespace faultline {
namespace {

constexpr std::size_t kMaxSignedBytes = 10;

// The length of a signed code stands in the ones before the first zero bit (CK-707).
constexpr std::array<std::uint8_t, 2> HeaderOf(std::size_t length) {
  const unsigned ones = 0xffffU << (16U - length);
  return {static_cast<std::uint8_t>(ones >> 8), static_cast<std::uint8_t>(ones)};
}

std::size_t SignedLength(std::int64_t value) {
  const std::uint64_t magnitude = static_cast<std::uint64_t>(value < 0 ? ~value : value);
  return (static_cast<std::size_t>(std::bit_width(magnitude)) + 1 + 6) / 7;
}

std::uint8_t ByteAt(std::string_view in, std::size_t i) { return static_cast<std::uint8_t>(in[i]); }

}  // namespace

void AppendOrderedUnsigned(std::string* out, std::uint64_t value) {
  const int bytes = (static_cast<int>(std::bit_width(value)) + 7) / 8;
  out->push_back(static_cast<char>(bytes));
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(value >> (8 * i)));
}

void AppendOrderedSigned(std::string* out, std::int64_t value) {
  const std::size_t length = value == 0 || value == -1 ? 1 : SignedLength(value);
  const auto header = HeaderOf(length);
  for (std::size_t i = 0; i < length; ++i) {
    const std::size_t shift = 8 * (length - 1 - i);
    // Above the eight bytes of the number stand copies of its sign.
    const std::int64_t part = shift >= 64 ? (value < 0 ? -1 : 0) : value >> shift;
    const std::uint8_t mask = i < header.size() ? header[i] : 0;
    out->push_back(static_cast<char>(static_cast<std::uint8_t>(part) ^ mask));
  }
}

void AppendOrderedString(std::string* out, std::string_view value) {
  for (const char c : value) {
    out->push_back(c);
    if (c == '\0') out->push_back('\xff');
    if (c == '\xff') out->push_back('\0');
  }
  out->push_back('\0');
  out->push_back('\1');
}

bool ReadOrderedUnsigned(std::string_view* in, std::uint64_t* value) {
  if (in->empty()) return false;
  const std::size_t bytes = ByteAt(*in, 0);
  if (bytes > 8 || in->size() < 1 + bytes) return false;
  std::uint64_t result = 0;
  for (std::size_t i = 1; i <= bytes; ++i) result = result << 8 | ByteAt(*in, i);
  if (bytes > 0 && ByteAt(*in, 1) == 0) return false;
  in->remove_prefix(1 + bytes);
  *value = result;
  return true;
}

bool ReadOrderedSigned(std::string_view* in, std::int64_t* value) {
  if (in->empty()) return false;
  const bool negative = (ByteAt(*in, 0) & 0x80) == 0;
  const std::uint8_t flip = negative ? 0xff : 0;
  const unsigned second = in->size() > 1 ? ByteAt(*in, 1) ^ flip : 0U;
  const auto start = static_cast<std::uint16_t>((ByteAt(*in, 0) ^ flip) << 8U | second);
  const auto length = static_cast<std::size_t>(std::countl_one(start));
  if (length > kMaxSignedBytes || in->size() < length) return false;
  const auto header = HeaderOf(length);
  std::uint64_t bits = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < length; ++i) {
    const std::uint8_t mask = i < header.size() ? header[i] : 0;
    bits = bits << 8 | static_cast<std::uint8_t>(ByteAt(*in, i) ^ mask);
  }
  const auto result = static_cast<std::int64_t>(bits);
  std::string again;
  AppendOrderedSigned(&again, result);
  if (again != in->substr(0, length)) return false;
  in->remove_prefix(length);
  *value = result;
  return true;
}

bool ReadOrderedString(std::string_view* in, std::string* value) {
  std::string result;
  for (std::size_t i = 0; i + 1 < in->size(); ++i) {
    const char c = (*in)[i];
    if (c != '\0' && c != '\xff') {
      result.push_back(c);
      continue;
    }
    const char next = (*in)[++i];
    if (c == '\0' && next == '\1') {
      in->remove_prefix(i + 1);
      *value = std::move(result);
      return true;
    }
    if (next != (c == '\0' ? '\xff' : '\0')) return false;
    result.push_back(c);
  }
  return false;
}

}  // namespace faultline
