#include "core/base/prng.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <set>

#include <boost/test/unit_test.hpp>

#include "core/base/unwind.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

BOOST_AUTO_TEST_SUITE(prng)

// xoshiro256** seeded by splitmix64(0): the first outputs, computed independently.
BOOST_AUTO_TEST_CASE(draws_are_those_of_the_published_generator) {
  const std::array<std::uint64_t, 4> expected = {0x99ec5f36cb75f2b4ULL, 0xbf6e1f784956452aULL,
                                                 0x1a5f849d4933e6e0ULL, 0x6aa594f1262d2d2cULL};
  Prng prng(0);
  for (const std::uint64_t value : expected) BOOST_TEST(prng.Next() == value);
}

BOOST_AUTO_TEST_CASE(a_fork_depends_on_seed_and_name_alone) {
  Prng a(42);
  Prng b(42);
  for (int i = 0; i < 10; ++i) b.Next();
  Prng fork_a = a.Fork("network");
  Prng fork_b = b.Fork("network");
  Prng other = a.Fork("disk");
  const std::uint64_t first = fork_a.Next();
  BOOST_TEST(first == fork_b.Next());
  BOOST_TEST(first != other.Next());
  BOOST_TEST(first != Prng(43).Fork("network").Next());
  BOOST_TEST(first != Prng(42).Next());
}

BOOST_AUTO_TEST_CASE(bounded_draws_stay_inside_and_reach_every_value) {
  Prng prng(7);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) {
    const std::uint64_t drawn = prng.Below(7);
    BOOST_TEST_REQUIRE(drawn < 7U);
    ++counts[drawn];
  }
  for (const int count : counts) BOOST_TEST(std::abs(count - 10'000) < 500);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t drawn = prng.Between(-2, 2);
    BOOST_TEST_REQUIRE((drawn >= -2 && drawn <= 2));
    seen.insert(drawn);
  }
  BOOST_TEST(seen.size() == 5U);
  prng.Between(INT64_MIN, INT64_MAX);
  BOOST_TEST(prng.Between(5, 5) == 5);
  BOOST_CHECK_THROW(prng.Below(0), AssertionFailed);
  BOOST_CHECK_THROW(prng.Between(2, 1), AssertionFailed);
}

BOOST_AUTO_TEST_CASE(chances_are_fractions) {
  Prng prng(3);
  int hits = 0;
  for (int i = 0; i < 40'000; ++i) {
    hits += prng.Chance({1, 4}) ? 1 : 0;
    BOOST_TEST_REQUIRE(!prng.Chance({0, 10}));
    BOOST_TEST_REQUIRE(prng.Chance({10, 10}));
  }
  BOOST_TEST(std::abs(hits - 10'000) < 500);
}

BOOST_AUTO_TEST_CASE(units_and_exponentials_have_their_means) {
  Prng prng(11);
  double units = 0;
  double seconds = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double unit = prng.Unit();
    BOOST_TEST_REQUIRE((unit >= 0.0 && unit < 1.0));
    units += unit;
    const Duration drawn = prng.Exponential(Duration::Seconds(10));
    BOOST_TEST_REQUIRE(drawn.nanoseconds() >= 0);
    seconds += drawn.seconds();
  }
  BOOST_TEST(std::abs(units / 100'000 - 0.5) < 0.01);
  BOOST_TEST(std::abs(seconds / 100'000 - 10.0) < 0.2);
}

BOOST_AUTO_TEST_CASE(portable_log_and_exp_agree_with_libm) {
  Prng prng(5);
  double worst_log = 0;
  double worst_exp = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = std::ldexp(1.0 + prng.Unit(), static_cast<int>(prng.Between(-1000, 1000)));
    worst_log = std::max(worst_log, std::abs(PortableLog(x) / std::log(x) - 1.0));
    const double y = (prng.Unit() - 0.5) * 1400.0;
    worst_exp = std::max(worst_exp, std::abs(PortableExp(y) / std::exp(y) - 1.0));
  }
  BOOST_TEST(worst_log < 1e-14);
  BOOST_TEST(worst_exp < 1e-14);
  for (const double x : {0.5, 0.7071067811865476, 0.999999, 1.000001, 1.41421356, 2.0}) {
    BOOST_TEST(std::abs(PortableLog(x) - std::log(x)) <= 1e-14 * std::abs(std::log(x)));
  }
  BOOST_TEST(PortableLog(1.0) == 0.0);
  BOOST_TEST(PortableExp(0.0) == 1.0);
  BOOST_TEST(PortableExp(-1000.0) == 0.0);
  BOOST_TEST(std::isfinite(PortableExp(1000.0)));
  BOOST_TEST(std::abs(PortableLog(5e-324) / std::log(5e-324) - 1.0) < 1e-14);
  BOOST_CHECK_THROW(PortableLog(0.0), AssertionFailed);
  BOOST_CHECK_THROW(PortableLog(-1.0), AssertionFailed);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
