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

std::string Fixed(std::uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

std::string Handle(std::uint64_t offset, std::uint64_t size) {
  std::string out;
  for (std::uint64_t value : {offset, size}) {
    for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128));
    out.push_back(static_cast<char>(value));
  }
  return out;
}

std::string Block(const std::string& contents, char type) {
  const std::string checked = contents + type;
  return checked + Fixed(MaskCrc(Crc32c(checked)));
}

std::string Index(const std::string& handle) {
  return std::string("\0\1", 2) + static_cast<char>(handle.size()) + "z" + handle + Fixed(0) +
         Fixed(1);
}

// An image with one data block and an index block, as they are, their checksums right.
std::string WithBlocks(const std::string& contents, char type, const std::string& index,
                       char index_type) {
  const std::string data = Block(contents, type);
  std::string footer = Handle(data.size(), index.size()) + Handle(data.size(), index.size());
  footer.resize(40);
  return data + Block(index, index_type) + footer + testing::FromHex("57fb808b247547db");
}

// An image with one data block of the given contents.
std::string WithBlock(const std::string& contents, char type) {
  return WithBlocks(contents, type, Index(Handle(0, contents.size())), 0);
}

// As Snappy stores it, uncompressed and less than 61 bytes, with any claim of its length.
std::string Snappy(const std::string& contents, std::uint64_t claimed) {
  return Handle(0, claimed).substr(1) + static_cast<char>((contents.size() - 1) << 2) + contents;
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

BOOST_AUTO_TEST_CASE(a_data_block_larger_than_the_file_is_found_in_any_index) {
  const std::string index = Index(Handle(0, std::uint64_t{1} << 60));
  for (const char type : {'\0', '\1'}) {
    const std::string stored = type == 0 ? index : Snappy(index, index.size());
    BOOST_TEST(Table::Open(WithBlocks("", 0, stored, type)).status() ==
               Status(Code::kDataLoss, "bad block handle: a data block larger than the file"));
  }
}

BOOST_AUTO_TEST_CASE(compressed_blocks_are_read) {  // CK-310
  const std::string block = std::string("\0\1\1kv", 5) + testing::FromHex("0000000001000000");
  const std::string stored = Snappy(block, block.size());
  const std::string index = Index(Handle(0, stored.size()));
  const auto table = Table::Open(WithBlocks(stored, 1, Snappy(index, index.size()), 1)).value();
  const auto iterator = table->NewIterator();
  iterator->Seek("k");
  BOOST_REQUIRE(iterator->Valid());
  BOOST_TEST(iterator->value() == "v");
  // As dense as Snappy can be: two bytes and then copies of them, 64 at a time.
  constexpr std::size_t kCopies = 4000;
  std::string dense = Handle(0, 2 + 64 * kCopies).substr(1) + "\4ab";
  for (std::size_t i = 0; i < kCopies; ++i) dense += std::string("\xfe\2\0", 3);
  // What comes out is no block, but it does come out.
  BOOST_TEST(SeekStatus(WithBlock(dense, 1)) == Status(Code::kDataLoss, "bad block contents"));
}

BOOST_AUTO_TEST_CASE(a_compressed_block_that_asks_for_too_much_is_data_loss) {
  const std::string block = std::string("\0\1\1kv", 5) + testing::FromHex("0000000001000000");
  const Status too_much(Code::kDataLoss, "a compressed block claims more than it can hold");
  for (const std::uint64_t claimed : {1000ULL, 0xffffffffULL, 1ULL << 60}) {
    const std::string stored = Snappy(block, claimed);
    BOOST_TEST(SeekStatus(WithBlock(stored, 1)) == too_much);
    BOOST_TEST(Table::Open(WithBlocks(block, 0, stored, 1)).status() == too_much);
    // A wrong checksum is named first.
    std::string image = WithBlock(stored, 1);
    image[0] = static_cast<char>(image[0] ^ 64);
    BOOST_TEST(SeekStatus(image).message() == "block checksum mismatch");
  }
  // A little too much is found by Snappy.
  BOOST_TEST(SeekStatus(WithBlock(Snappy(block, block.size() + 1), 1)).code() == Code::kDataLoss);
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
