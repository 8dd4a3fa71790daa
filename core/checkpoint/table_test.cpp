#include "core/checkpoint/table.h"

#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/crc32c.h"
#include "core/base/prng.h"
#include "core/checkpoint/test_bytes.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

using Entries = std::map<std::string, std::string>;

std::string Build(const Entries& entries, const TableOptions& options) {
  TableBuilder builder(options);
  for (const auto& [key, value] : entries) BOOST_TEST(builder.Add(key, value).ok());
  return builder.Finish();
}

void CheckAt(const TableIterator& iterator, const Entries& entries, Entries::const_iterator at) {
  BOOST_TEST(iterator.Valid() == (at != entries.end()));
  if (!iterator.Valid() || at == entries.end()) return;
  BOOST_TEST(iterator.key() == at->first);
  BOOST_TEST((iterator.value() == at->second));
}

std::string NearKey(const Entries& entries, Prng* prng) {
  if (entries.empty()) return "foo";
  auto at = entries.begin();
  std::advance(at, static_cast<long>(prng->Below(entries.size())));
  std::string key = at->first;
  const std::uint64_t change = prng->Below(3);
  if (change == 1 && !key.empty() && key.back() > '\0')
    key.back() = static_cast<char>(key.back() - 1);
  if (change == 2) key.push_back('\0');
  return key;
}

// Compares a table with the map it was made from.
void Check(const Entries& entries, const TableOptions& options, int operations, Prng* prng) {
  const auto table = Table::Open(Build(entries, options)).value();
  const auto iterator = table->NewIterator();
  iterator->SeekToFirst();
  for (auto at = entries.begin(); at != entries.end(); ++at, iterator->Next()) {
    CheckAt(*iterator, entries, at);
  }
  BOOST_TEST(!iterator->Valid());
  auto at = entries.end();
  for (int i = 0; i < operations; ++i) {
    const std::uint64_t kind = prng->Below(3);
    if (kind == 0 && at != entries.end()) {
      iterator->Next();
      ++at;
    } else if (kind == 1) {
      iterator->SeekToFirst();
      at = entries.begin();
    } else {
      const std::string key = NearKey(entries, prng);
      iterator->Seek(key);
      at = entries.lower_bound(key);
    }
    CheckAt(*iterator, entries, at);
  }
  BOOST_TEST(iterator->status().ok());
}

void CheckGrid(const Entries& entries, int operations = 200) {
  Prng prng(7);
  for (const std::size_t block_size : {std::size_t{256}, std::size_t{1} << 30}) {
    for (const int interval : {16, 1, 1024}) {
      TableOptions options;
      options.block_size = block_size;
      options.restart_interval = interval;
      Check(entries, options, operations, &prng);
    }
  }
}

std::string RandomKey(Prng* prng) {
  constexpr std::string_view kBytes("\0\1abcde\xfd\xfe\xff", 10);
  std::string key(prng->Below(std::uint64_t{1} << prng->Below(5)), '\0');
  for (char& c : key) c = kBytes[prng->Below(kBytes.size())];
  return key;
}

// An image with one data block of the given contents, its checksum right.
std::string WithBlock(const std::string& contents, char type) {
  const auto fixed = [](std::uint32_t value) {
    std::string out;
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
    return out;
  };
  const auto block = [&](const std::string& body, char kind) {
    const std::string checked = body + kind;
    return checked + fixed(MaskCrc(Crc32c(checked)));
  };
  const std::string data = block(contents, type);
  const auto handle = [](std::size_t offset, std::size_t size) {
    std::string out;
    for (std::size_t value : {offset, size}) {
      for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128));
      out.push_back(static_cast<char>(value));
    }
    return out;
  };
  const std::string place = handle(0, contents.size());
  std::string index = std::string("\0\1", 2) + static_cast<char>(place.size()) + "z" + place;
  index += fixed(0) + fixed(1);
  std::string footer = handle(data.size(), index.size()) + handle(data.size(), index.size());
  footer.resize(40);
  return data + block(index, 0) + footer + testing::FromHex("57fb808b247547db");
}

Status SeekStatus(const std::string& image) {
  const auto table = Table::Open(image);
  BOOST_REQUIRE(table.ok());
  const auto iterator = table.value()->NewIterator();
  iterator->SeekToFirst();
  BOOST_TEST(!iterator->Valid());
  return iterator->status();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(table)

BOOST_AUTO_TEST_CASE(hc_t01_a_table_without_entries) { CheckGrid({}); }
BOOST_AUTO_TEST_CASE(hc_t02_the_empty_key) { CheckGrid({{"", "v"}}); }
BOOST_AUTO_TEST_CASE(hc_t03_one_entry) { CheckGrid({{"abc", "v"}}); }
BOOST_AUTO_TEST_CASE(hc_t04_several_entries) {
  CheckGrid({{"abc", "v"}, {"abcd", "v"}, {"ac", "v2"}});
}

BOOST_AUTO_TEST_CASE(hc_t05_huge_values) {
  const std::size_t size = 10'000'000;
  CheckGrid({{"ainitial", "tiny"},
             {"anext", std::string(size, 'a')},
             {"anext2", std::string(size, 'b')},
             {"azz", "tiny"}},
            100);
}

BOOST_AUTO_TEST_CASE(hc_t06_random_entries) {
  Prng prng(11);
  std::vector<int> counts;
  for (int count = 0; count < 50; ++count) counts.push_back(count);
  for (int count = 200; count <= 1800; count += 200) counts.push_back(count);
  for (const int count : counts) {
    Entries entries;
    for (int i = 0; i < count; ++i) {
      std::string value(prng.Below(std::uint64_t{1} << prng.Below(6)), ' ');
      for (char& c : value) c = static_cast<char>(' ' + prng.Below(95));
      entries[RandomKey(&prng)] = value;
    }
    CheckGrid(entries);
  }
}

BOOST_AUTO_TEST_CASE(keys_must_grow) {  // CK-305
  TableBuilder builder;
  BOOST_TEST(builder.Add("", "header").ok());
  BOOST_TEST(builder.Add("", "again").code() == Code::kInvalidArgument);
  BOOST_TEST(builder.Add("b", "1").ok());
  BOOST_TEST(builder.Add("a", "1").code() == Code::kInvalidArgument);
  BOOST_TEST(Table::Open(builder.Finish()).ok());
}

BOOST_AUTO_TEST_CASE(a_huge_entry_closes_the_block_before_it) {  // CK-306
  TableOptions options;
  options.block_size = 100;
  const std::string small = Build({{"a", "1"}, {"b", std::string(198, 'x')}}, options);
  const std::string large = Build({{"a", "1"}, {"b", std::string(199, 'x')}}, options);
  // One more byte of value makes a second block: a trailer, a restart array, a handle more.
  BOOST_TEST(large.size() > small.size() + 10);
}

BOOST_AUTO_TEST_CASE(what_is_no_table_says_why) {  // CK-311
  const std::string whole = Build({{"a", "1"}}, {});
  const auto error = [](const std::string& image) { return Table::Open(image).status(); };
  BOOST_TEST(error("") == Status(Code::kDataLoss, "file is too short to be an sstable"));
  BOOST_TEST(error(whole.substr(0, 47)).message() == "file is too short to be an sstable");
  BOOST_TEST(error(whole.substr(0, whole.size() - 1)) ==
             Status(Code::kDataLoss, "not an sstable (bad magic number)"));
  std::string handle = whole;
  for (std::size_t i = whole.size() - 48; i < whole.size() - 8; ++i) handle[i] = '\xff';
  BOOST_TEST(error(handle) == Status(Code::kDataLoss, "bad block handle"));
}

BOOST_AUTO_TEST_CASE(what_is_no_block_says_why) {  // CK-310, CK-313
  const std::string entry("\0\1\1kv", 5);
  const std::string restarts = testing::FromHex("0000000001000000");
  BOOST_TEST(SeekStatus(WithBlock("abc", 0)) == Status(Code::kDataLoss, "bad block contents"));
  BOOST_TEST(SeekStatus(WithBlock(testing::FromHex("ffffffff"), 0)).message() ==
             "bad block contents");
  BOOST_TEST(SeekStatus(WithBlock(std::string("\5\1\1kv", 5) + restarts, 0)) ==
             Status(Code::kDataLoss, "bad entry in block"));
  BOOST_TEST(SeekStatus(WithBlock(entry + restarts, 7)) ==
             Status(Code::kDataLoss, "bad block type"));
  BOOST_TEST(SeekStatus(WithBlock(testing::FromHex("00000000"), 0)).ok());  // empty, but valid
}

BOOST_AUTO_TEST_CASE(handles_beyond_the_file_are_found_before_memory_is_reserved) {
  std::string whole = Build({{"a", "1"}}, {});
  // The index handle of a footer: a small offset and 2^60 bytes.
  std::string footer = testing::FromHex(
      "0000"
      "00"
      "808080808080808010");
  footer.resize(40);
  whole.replace(whole.size() - 48, 40, footer);
  BOOST_TEST(Table::Open(whole).status() ==
             Status(Code::kOutOfRange, "Read less bytes than requested"));
  std::string overflow = testing::FromHex(
      "0000"
      "00"
      "ffffffffffffffffff01");
  overflow.resize(40);
  whole.replace(whole.size() - 48, 40, overflow);
  BOOST_TEST(Table::Open(whole).status().code() == Code::kDataLoss);
}

BOOST_AUTO_TEST_CASE(no_cut_flip_or_random_image_crashes_or_gives_a_wrong_entry) {
  const Entries entries = {{"", "header"}, {"a", "1"}, {"b", "22"}};
  const std::string whole = Build(entries, {});
  const auto scan = [&](const std::string& image) {
    const auto table = Table::Open(image);
    if (!table.ok()) return;
    const auto iterator = table.value()->NewIterator();
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      const auto found = entries.find(std::string(iterator->key()));
      BOOST_TEST((found != entries.end() && found->second == iterator->value()));
    }
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    BOOST_TEST(!Table::Open(whole.substr(0, size)).ok());
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) scan(testing::FlipBit(whole, bit));
  Prng prng(17);
  for (int i = 0; i < 2000; ++i) {
    std::string image = whole;
    for (int k = 0; k < 4; ++k) image[prng.Below(image.size())] = static_cast<char>(prng.Next());
    scan(image);
    std::string noise(48 + prng.Below(100), '\0');
    for (char& c : noise) c = static_cast<char>(prng.Next());
    noise.replace(noise.size() - 8, 8, testing::FromHex("57fb808b247547db"));
    scan(noise);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
