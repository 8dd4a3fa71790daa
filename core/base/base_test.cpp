// Hash64, Duration, TimePoint and Semantics.

#include <set>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "core/base/hash.h"
#include "core/base/semantics.h"
#include "core/base/time.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

BOOST_AUTO_TEST_SUITE(hash64)

std::uint64_t HashOf(std::initializer_list<std::string_view> parts) {
  Hash64 hash;
  for (const std::string_view part : parts) hash.Add(part);
  return hash.value();
}

BOOST_AUTO_TEST_CASE(order_boundaries_and_length_matter) {
  BOOST_TEST(HashOf({"a", "b"}) != HashOf({"b", "a"}));
  BOOST_TEST(HashOf({"ab", "c"}) != HashOf({"a", "bc"}));
  BOOST_TEST(HashOf({""}) != HashOf({}));
  BOOST_TEST(HashOf({std::string_view("a\0", 2)}) != HashOf({"a"}));
  BOOST_TEST(HashOf({"12345678"}) != HashOf({"12345679"}));
  Hash64 first;
  first.Add(std::uint64_t{1});
  first.Add(std::uint64_t{2});
  Hash64 second;
  second.Add(std::uint64_t{2});
  second.Add(std::uint64_t{1});
  BOOST_TEST(first.value() != second.value());
}

BOOST_AUTO_TEST_CASE(every_bit_of_a_word_reaches_the_value) {
  std::set<std::uint64_t> seen;
  for (int bit = 0; bit < 64; ++bit) {
    Hash64 hash;
    hash.Add(std::uint64_t{1} << bit);
    hash.Add(std::uint64_t{0});
    seen.insert(hash.value());
  }
  BOOST_TEST(seen.size() == 64U);
}

BOOST_AUTO_TEST_CASE(values_do_not_change_between_releases) {
  Hash64 empty;
  BOOST_TEST(empty.value() == 0xcbf29ce484222325ULL);
  BOOST_TEST(HashName("") == 0xcbf29ce484222325ULL);
  BOOST_TEST(HashName("a") == 0xaf63dc4c8601ec8cULL);  // FNV-1a
  BOOST_TEST(HashName("foobar") == 0x85944171f73967e8ULL);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(time)

BOOST_AUTO_TEST_CASE(durations_carry_their_unit) {
  BOOST_TEST(Duration::Seconds(2) == Duration::Milliseconds(2000));
  BOOST_TEST(Duration::Milliseconds(1) == Duration::Microseconds(1000));
  BOOST_TEST(Duration::Seconds(30) / 4 * 4 == Duration::Seconds(30));
  BOOST_TEST((-Duration::Seconds(1) < Duration()));
  BOOST_TEST(Duration::Seconds(3).seconds() == 3.0);
}

BOOST_AUTO_TEST_CASE(seconds_are_rounded_and_clamped) {
  BOOST_TEST(Duration::FromSeconds(1.5e-9).nanoseconds() == 2);
  BOOST_TEST(Duration::FromSeconds(-1.5e-9).nanoseconds() == -2);
  BOOST_TEST(Duration::FromSeconds(0.1).nanoseconds() == 100'000'000);
  BOOST_TEST(Duration::FromSeconds(1e300) == Duration::Max());
  BOOST_TEST(Duration::FromSeconds(-1e300) == -Duration::Max());
}

BOOST_AUTO_TEST_CASE(now_plus_for_ever_is_never) {
  const TimePoint now = TimePoint::FromNanoseconds(1'000);
  BOOST_TEST(now + Duration::Max() == TimePoint::Max());
  BOOST_TEST(TimePoint::Max() + Duration::Seconds(1) == TimePoint::Max());
  BOOST_TEST(now + Duration::Nanoseconds(5) - now == Duration::Nanoseconds(5));
  BOOST_TEST((now - Duration::Nanoseconds(1'001)).nanoseconds() == -1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(semantics)

BOOST_AUTO_TEST_CASE(tf_and_strict_differ_in_the_rows_of_the_table_only) {
  const Semantics tf = Semantics::Tf();
  const Semantics strict = Semantics::Strict();
  BOOST_TEST(!Deviations().empty());
  for (const Deviation& row : Deviations()) {
    BOOST_TEST((tf.*row.field) == row.tf);
    BOOST_TEST((strict.*row.field) == row.strict);
    BOOST_TEST((row.mutant ? !row.strict && !row.tf : row.strict != row.tf), row.name);
    BOOST_TEST(!row.text.empty());
    BOOST_TEST(!row.invariants.empty());
    BOOST_TEST((row.mutant == row.rules.empty()), row.name);
  }
}

BOOST_AUTO_TEST_CASE(rows_are_found_by_their_name) {
  std::set<std::string_view> names;
  for (const Deviation& row : Deviations()) {
    BOOST_TEST(names.insert(row.name).second);
    BOOST_TEST(FindDeviation(row.name) == &row);
  }
  BOOST_TEST(FindDeviation("hardened_saves") != nullptr);
  BOOST_TEST(FindDeviation("no such row") == nullptr);
}

BOOST_AUTO_TEST_CASE(mutants_are_listed_only_where_they_are_compiled_in) {
  bool listed = false;
  for (const Deviation& row : Deviations()) listed = listed || row.mutant;
  BOOST_TEST(listed == HasMutants());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
