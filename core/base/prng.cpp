#include "core/base/prng.h"

#include <bit>

#include "core/base/assert.h"
#include "core/base/hash.h"

namespace faultline {
namespace {

constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;

std::uint64_t SplitMix(std::uint64_t* state) {
  std::uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

Prng::Prng(std::uint64_t seed) : seed_(seed) {
  for (std::uint64_t& word : state_) word = SplitMix(&seed);
}

Prng Prng::Fork(std::string_view name) const { return Fork(HashName(name)); }

Prng Prng::Fork(std::uint64_t key) const {
  std::uint64_t mixed = seed_ ^ (key * 0xd1342543de82ef95ULL + 1);
  return Prng(SplitMix(&mixed));
}

std::uint64_t Prng::Next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Prng::Below(std::uint64_t bound) {
  FL_ASSERT(bound > 0, "an empty range has no draw");
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(Next()) * bound) >> 64);
}

std::int64_t Prng::Between(std::int64_t low, std::int64_t high) {
  FL_ASSERT(low <= high, "range {}..{}", low, high);
  const std::uint64_t width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const std::uint64_t offset = width == UINT64_MAX ? Next() : Below(width + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

bool Prng::Chance(Ratio ratio) {
  FL_ASSERT(ratio.denominator > 0, "a ratio over zero");
  return Below(ratio.denominator) < ratio.numerator;
}

double Prng::Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

Duration Prng::Exponential(Duration mean) {
  const double u = 1.0 - Unit();
  return Duration::FromSeconds(-PortableLog(u) * mean.seconds());
}

double PortableLog(double x) {
  FL_ASSERT(x > 0, "logarithm of {}", x);
  // x = m * 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh((m - 1) / (m + 1)) by its series.
  const auto bits = std::bit_cast<std::uint64_t>(x < 0x1.0p-1022 ? x * 0x1.0p54 : x);
  int exponent = static_cast<int>(bits >> 52) - 1023 - (x < 0x1.0p-1022 ? 54 : 0);
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  const double z = (m - 1.0) / (m + 1.0);
  const double z2 = z * z;
  double sum = 0.0;
  for (int k = 27; k >= 1; k -= 2) sum = sum * z2 + 1.0 / k;
  return exponent * kLn2High + (2.0 * z * sum + exponent * kLn2Low);
}

double PortableExp(double x) {
  if (x > 709.0) return 0x1.fffffffffffffp1023;
  if (x < -745.0) return 0.0;
  const double scaled = x * 1.4426950408889634;
  const int n = static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1.0;
  for (int k = 20; k >= 1; --k) sum = 1.0 + r / k * sum;
  const int half = n / 2;
  const auto power = [](int e) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(e + 1023) << 52);
  };
  return sum * power(half) * power(n - half);
}

}  // namespace faultline
