#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace faultline {

// CRC-32C (Castagnoli), CK-103; by the processor's instruction where there is one, else by table.
// Extend(Value(A), B) == Value(A + B).
std::uint32_t ExtendCrc32c(std::uint32_t crc, const void* data, std::size_t size);
inline std::uint32_t Crc32c(std::string_view bytes) {
  return ExtendCrc32c(0, bytes.data(), bytes.size());
}

// The form in which checksums are stored (CK-104).
constexpr std::uint32_t MaskCrc(std::uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}
constexpr std::uint32_t UnmaskCrc(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8U;
  return (rotated >> 17) | (rotated << 15);
}

namespace internal {
// The table form, for processors without the instruction and for the test that compares both.
std::uint32_t ExtendCrc32cByTable(std::uint32_t crc, const void* data, std::size_t size);
}  // namespace internal

}  // namespace faultline
