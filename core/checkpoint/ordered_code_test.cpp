#include "core/checkpoint/ordered_code.h"

#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/prng.h"
#include "core/checkpoint/test_bytes.h"

namespace faultline {
namespace {

using testing::Hex;

std::string Unsigned(std::uint64_t value) {
  std::string out;
  AppendOrderedUnsigned(&out, value);
  return out;
}
std::string Signed(std::int64_t value) {
  std::string out;
  AppendOrderedSigned(&out, value);
  return out;
}
std::string Text(std::string_view value) {
  std::string out;
  AppendOrderedString(&out, value);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ordered_code)

BOOST_AUTO_TEST_CASE(hc_k01_strings_are_escaped_and_end_themselves) {
  const std::string special("\x00\x01\xff", 3);
  BOOST_TEST(Hex(Text("")) == "0001");
  BOOST_TEST(Hex(Text("foo")) == "666f6f0001");
  BOOST_TEST(Hex(Text(special)) == "00ff01ff000001");
  for (const std::string& value : {std::string(), std::string("foo"), special}) {
    const std::string code = Text(value) + "rest";
    std::string_view in = code;
    std::string back;
    BOOST_TEST(ReadOrderedString(&in, &back));
    BOOST_TEST(back == value);
    BOOST_TEST(in == "rest");
  }
}

BOOST_AUTO_TEST_CASE(hc_k02_unsigned_numbers_have_their_length_first) {
  BOOST_TEST(Hex(Unsigned(0)) == "00");
  BOOST_TEST(Hex(Unsigned(1)) == "0101");
  BOOST_TEST(Hex(Unsigned(255)) == "01ff");
  BOOST_TEST(Hex(Unsigned(256)) == "020100");
  BOOST_TEST(Hex(Unsigned(65535)) == "02ffff");
  BOOST_TEST(Hex(Unsigned(65536)) == "03010000");
  BOOST_TEST(Hex(Unsigned(0x20000000)) == "0420000000");
}

BOOST_AUTO_TEST_CASE(hc_x04_signed_numbers_are_those_of_the_rule) {  // CK-707
  BOOST_TEST(Hex(Signed(-3)) == "7d");
  BOOST_TEST(Hex(Signed(5)) == "85");
  BOOST_TEST(Hex(Signed(28)) == "9c");
  BOOST_TEST(Hex(Signed(100)) == "c064");
  BOOST_TEST(Hex(Signed(-100)) == "3f9c");
  BOOST_TEST(Hex(Signed(9000)) == "e02328");
}

BOOST_AUTO_TEST_CASE(codes_come_back_and_are_ordered_as_the_numbers) {
  std::vector<std::int64_t> values = {std::numeric_limits<std::int64_t>::min(), -1, 0, 1,
                                      std::numeric_limits<std::int64_t>::max()};
  for (int bit = 0; bit < 63; ++bit) {
    for (const std::int64_t near : {-1, 0, 1}) {
      values.push_back((std::int64_t{1} << bit) + near);
      values.push_back(-(std::int64_t{1} << bit) + near);
    }
  }
  for (const std::int64_t a : values) {
    const std::string code = Signed(a);
    std::string_view in = code;
    std::int64_t back = 0;
    BOOST_TEST(ReadOrderedSigned(&in, &back));
    BOOST_TEST(back == a);
    BOOST_TEST(in.empty());
    for (const std::int64_t b : values) BOOST_TEST((code < Signed(b)) == (a < b));
    if (a < 0) continue;
    const std::string plain = Unsigned(static_cast<std::uint64_t>(a));
    std::string_view rest = plain;
    std::uint64_t number = 0;
    BOOST_TEST(ReadOrderedUnsigned(&rest, &number));
    BOOST_TEST(number == static_cast<std::uint64_t>(a));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_code_is_refused_and_left_alone) {
  Prng prng(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(prng.Below(12), '\0');
    for (char& c : bytes) c = static_cast<char>(prng.Next());
    std::string_view in = bytes;
    std::int64_t value = 0;
    if (ReadOrderedSigned(&in, &value)) {
      BOOST_TEST(Signed(value) == bytes.substr(0, bytes.size() - in.size()));
    } else {
      BOOST_TEST(in == bytes);
    }
    in = bytes;
    std::uint64_t number = 0;
    if (ReadOrderedUnsigned(&in, &number)) {
      BOOST_TEST(Unsigned(number) == bytes.substr(0, bytes.size() - in.size()));
    }
    in = bytes;
    std::string text;
    if (ReadOrderedString(&in, &text)) {
      BOOST_TEST(Text(text) == bytes.substr(0, bytes.size() - in.size()));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
