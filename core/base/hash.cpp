#include "core/base/hash.h"

#include <cstring>

namespace faultline {

void Hash64::AddBytes(const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  Add(size);
  for (; size >= 8; bytes += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes, 8);
    Add(word);
  }
  if (size > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, size);
    Add(word);
  }
}

void Hash64::Add(std::string_view bytes) { AddBytes(bytes.data(), bytes.size()); }

}  // namespace faultline
