#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace faultline {

// Rolling 64-bit hash: order matters, equal on every machine and compiler. Not for adversaries.
class Hash64 {
 public:
  constexpr void Add(std::uint64_t value) {
    state_ ^= value;
    state_ *= 0x9fb21c651e98df25ULL;
    state_ ^= state_ >> 32;
  }
  void Add(std::string_view bytes);
  void AddBytes(const void* data, std::size_t size);
  constexpr std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

// Hash of one piece of text, for keys of random streams. constexpr, so that names cost nothing.
constexpr std::uint64_t HashName(std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x100000001b3ULL;
  }
  return h;
}

}  // namespace faultline
