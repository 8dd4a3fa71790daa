#pragma once

#include <cstdint>
#include <string_view>

namespace faultline {

// Bits for identifiers, jitter and incarnations; for training itself use seeded random ops. In the
// simulator each purpose is a stream of its own, so that a new use moves no other draw. Never
// suspends.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Draw(std::string_view purpose) = 0;
};

}  // namespace faultline
