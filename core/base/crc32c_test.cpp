#include "core/base/crc32c.h"

#include <array>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/base/prng.h"

namespace faultline {
namespace {

BOOST_AUTO_TEST_SUITE(crc32c)

// The iSCSI read command of RFC 3720 B.4.
std::string ScsiReadCommand() {
  constexpr std::array<unsigned char, 48> kBytes = {
      0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
      0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  return std::string(kBytes.begin(), kBytes.end());
}

BOOST_AUTO_TEST_CASE(hc_c01_standard_results) {  // and V-15
  std::string up;
  std::string down;
  for (int i = 0; i < 32; ++i) {
    up += static_cast<char>(i);
    down += static_cast<char>(31 - i);
  }
  BOOST_TEST(Crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  BOOST_TEST(Crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
  BOOST_TEST(Crc32c(up) == 0x46dd794eU);
  BOOST_TEST(Crc32c(down) == 0x113fdb5cU);
  const std::string command = ScsiReadCommand();
  BOOST_TEST(Crc32c(command) == 0xd9963a56U);
  BOOST_TEST(Crc32c(command.substr(0, 41)) == 0xdd1b19beU);
  BOOST_TEST(Crc32c(command.substr(1, 44)) == 0x4930c4b1U);
}

BOOST_AUTO_TEST_CASE(hc_c02_values_differ) { BOOST_TEST(Crc32c("a") != Crc32c("foo")); }

BOOST_AUTO_TEST_CASE(hc_c03_extension) {
  BOOST_TEST(ExtendCrc32c(Crc32c("hello "), "world", 5) == Crc32c("hello world"));
}

BOOST_AUTO_TEST_CASE(ck_103_check_values) {
  BOOST_TEST(Crc32c("") == 0U);
  BOOST_TEST(Crc32c("123456789") == 0xe3069283U);
}

BOOST_AUTO_TEST_CASE(ck_104_masking) {
  BOOST_TEST(MaskCrc(0) == 0xa282ead8U);
  for (const std::uint32_t crc : {0U, 1U, 0xffffffffU, 0xe3069283U, Crc32c("foo")}) {
    BOOST_TEST(UnmaskCrc(MaskCrc(crc)) == crc);
    BOOST_TEST(MaskCrc(crc) != crc);
    BOOST_TEST(MaskCrc(MaskCrc(crc)) != crc);
  }
}

BOOST_AUTO_TEST_CASE(the_instruction_and_the_table_agree) {
  Prng prng(1);
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(prng.Below(256));
  for (std::size_t offset = 0; offset < 9; ++offset) {
    for (std::size_t size = 0; size < 70; ++size) {
      const char* data = bytes.data() + offset;
      BOOST_TEST_REQUIRE(ExtendCrc32c(7, data, size) ==
                         internal::ExtendCrc32cByTable(7, data, size));
    }
  }
  BOOST_TEST(Crc32c(bytes) == internal::ExtendCrc32cByTable(0, bytes.data(), bytes.size()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
