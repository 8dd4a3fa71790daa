#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/time.h"

namespace faultline {

// A probability as a fraction, so that a draw is an integer comparison on every machine.
struct Ratio {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;
};

// Own generator (xoshiro256**) and own distributions: those of the standard library differ between
// implementations. Everything is computed from integers and basic IEEE operations, so equal seeds
// give equal draws on every machine, compiler and optimisation level.
class Prng {
 public:
  explicit Prng(std::uint64_t seed);

  // An independent generator for a named purpose; depends on this one's seed and the name alone,
  // not on how much has been drawn, so that adding a draw in one stream moves no other.
  Prng Fork(std::string_view name) const;
  Prng Fork(std::uint64_t key) const;

  std::uint64_t Next();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound);
  // Uniform in [low, high], both included; low <= high.
  std::int64_t Between(std::int64_t low, std::int64_t high);
  // True with the given probability.
  bool Chance(Ratio ratio);
  // Uniform in [0, 1) with 53 bits.
  double Unit();
  // Exponential with the given mean, rounded to nanoseconds: a decision, equal everywhere.
  Duration Exponential(Duration mean);

 private:
  std::uint64_t seed_;
  std::uint64_t state_[4];
};

// Natural logarithm and exponential from basic IEEE operations only: the same bits on every
// machine, where libm's differ (about 1e-15 relative). PortableLog needs x > 0.
double PortableLog(double x);
double PortableExp(double x);

}  // namespace faultline
