#include "core/checkpoint/bundle_reader.h"

#include <functional>
#include <map>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/base/prng.h"
#include "core/checkpoint/bundle_writer.h"
#include "core/checkpoint/checkpoint_state.h"
#include "core/checkpoint/test_bytes.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::FlipBit;

constexpr const char* kIndex = "/d/m.index";
constexpr const char* kData = "/d/m.data-00000-of-00001";

using Tensors = std::map<std::string, Tensor>;

Tensors SmallTensors() { return {{"a", Tensor::Scalar(0.5F)}, {"b", Tensor::Scalar(2.0F)}}; }

Tensors MixedTensors() {
  return {{"f", Tensor::Of<float>({1, 2, 3})},
          {"s", Tensor::Of<std::string>({"hi", "", "yes"})},
          {"z", Tensor(DataType::kFloat, TensorShape({2}))}};
}

struct Files {
  std::string index;
  std::string data;
};

Files Written(const Tensors& tensors) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    BOOST_TEST(env.files.MakeDirectory("/d").ok());
    BundleWriter writer(env, "/d/m");
    for (const auto& [name, tensor] : tensors) BOOST_TEST(writer.Add(name, tensor).ok());
    BOOST_TEST(writer.Finish().ok());
  });
  return {fake.files().Content(kIndex), fake.files().Content(kData)};
}

// One fiber for many damaged pairs.
class Bench {
 public:
  void Run(const std::function<void()>& body) {
    fake_.Run([&](Env&) { body(); });
  }
  Result<std::unique_ptr<BundleReader>> Open(const Files& files,
                                             const BundleReaderOptions& options = {}) {
    fake_.files().Put(kIndex, files.index);
    fake_.files().Put(kData, files.data);
    fake_.files().ClearLog();
    return BundleReader::Open(fake_.files(), "/d/m", options);
  }
  Status Verify(const Files& files) {
    fake_.files().Put(kIndex, files.index);
    fake_.files().Put(kData, files.data);
    fake_.files().ClearLog();
    return VerifyCheckpoint(fake_.files(), "/d/m");
  }

 private:
  FakeEnv fake_;
};

// Whether all values come back; asserts that no wrong one does.
bool ReadsAll(BundleReader& reader, const Tensors& tensors) {
  bool all = true;
  for (const auto& [name, expected] : tensors) {
    const Result<Tensor> value = reader.Read(name);
    all = all && value.ok();
    if (value.ok()) BOOST_TEST(BitEqual(*value, expected));
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bundle_reader)

BOOST_AUTO_TEST_CASE(hc_x18_flipped_bits_of_an_index_are_counted_as_upstream) {
  const Files whole = Written(SmallTensors());
  BOOST_REQUIRE(whole.index.size() == 134U);
  std::map<Code, int> codes;
  Bench bench;
  bench.Run([&] {
    for (std::size_t bit = 0; bit < 1072; ++bit) {
      const auto reader = bench.Open({FlipBit(whole.index, bit), whole.data});
      ++codes[reader.status().code()];
      if (!reader.ok()) continue;
      BOOST_TEST(ReadsAll(**reader, SmallTensors()));
    }
  });
  BOOST_TEST(codes[Code::kDataLoss] == 663);
  BOOST_TEST(codes[Code::kOutOfRange] == 2);
  BOOST_TEST(codes[Code::kOk] == 407);
}

BOOST_AUTO_TEST_CASE(hc_x19_a_zeroed_data_file_is_damage_but_for_zeros) {  // CK-1005
  Files files = Written(MixedTensors());
  files.data.assign(files.data.size(), '\0');
  Bench bench;
  bench.Run([&] {
    const auto reader = bench.Open(files).value();
    BOOST_TEST(reader->Read("f").status().code() == Code::kDataLoss);
    BOOST_TEST(reader->Read("s").status().code() == Code::kDataLoss);
    BOOST_TEST(BitEqual(reader->Read("z").value(), MixedTensors().at("z")));
  });
}

BOOST_AUTO_TEST_CASE(every_cut_of_either_file_is_an_error_and_never_a_wrong_value) {
  const Files whole = Written(MixedTensors());
  Bench bench;
  bench.Run([&] {
    for (std::size_t size = 0; size < whole.index.size(); ++size) {
      const Status opened = bench.Open({whole.index.substr(0, size), whole.data}).status();
      BOOST_TEST(opened.code() == Code::kDataLoss);
    }
    for (std::size_t size = 0; size < whole.data.size(); ++size) {
      const Files cut = {whole.index, whole.data.substr(0, size)};
      BOOST_TEST(!ReadsAll(*bench.Open(cut).value(), MixedTensors()));
      BOOST_TEST(bench.Verify(cut).code() == Code::kOutOfRange);
      BundleReaderOptions strict;
      strict.truncation_is_data_loss = true;  // CK-1006
      BOOST_TEST(bench.Open(cut, strict).value()->Read("z").status().code() == Code::kDataLoss);
    }
  });
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_of_the_data_is_found) {  // H-08
  const Files whole = Written(MixedTensors());
  Bench bench;
  bench.Run([&] {
    BOOST_TEST(bench.Verify(whole).ok());
    for (std::size_t bit = 0; bit < whole.data.size() * 8; ++bit) {
      const Files flipped = {whole.index, FlipBit(whole.data, bit)};
      BOOST_TEST(!ReadsAll(*bench.Open(flipped).value(), MixedTensors()));
      BOOST_TEST(!bench.Verify(flipped).ok());
    }
    for (std::size_t bit = 0; bit < whole.index.size() * 8; ++bit) {
      const auto reader = bench.Open({FlipBit(whole.index, bit), whole.data});
      if (reader.ok()) BOOST_TEST(ReadsAll(**reader, MixedTensors()));
    }
  });
}

BOOST_AUTO_TEST_CASE(entries_with_any_content_give_clear_errors) {
  Prng prng(23);
  Bench bench;
  const Files whole = Written(MixedTensors());
  bench.Run([&] {
    for (int i = 0; i < 3000; ++i) {
      // A table with right checksums, but entries of changed or random bytes.
      BundleEntries entries;
      BundleEntry entry;
      entry.dtype = static_cast<DataType>(prng.Below(25));
      std::vector<std::int64_t> dims;
      while (prng.Below(2) == 0) dims.push_back(prng.Between(0, std::int64_t{1} << prng.Below(40)));
      entry.shape = TensorShape(dims);
      entry.shard_id = static_cast<std::int32_t>(prng.Between(-1, 1));
      entry.offset = prng.Between(-3, 40);
      entry.size = prng.Between(-3, std::int64_t{1} << prng.Below(62));
      if (prng.Below(4) == 0) {
        const std::int64_t start = prng.Between(-2, 4);
        const std::int64_t length = prng.Between(-2, 4);
        entry.slices.push_back(TensorSlice({{start, length}}));
      }
      entries["f"] = entry;
      const auto reader = bench.Open({BuildIndex(entries, 1).value(), whole.data});
      BOOST_REQUIRE(reader.ok());
      const Result<Tensor> value = (*reader)->Read("f");
      if (!value.ok()) BOOST_TEST(!value.status().message().empty());
    }
  });
}

BOOST_AUTO_TEST_CASE(
    a_lookup_that_misses_in_a_damaged_index_says_so_unless_asked_not_to) {  // CK-315
  BundleEntries entries;
  BundleEntry entry;
  entry.dtype = DataType::kFloat;
  entry.size = 4;
  for (int i = 0; i < 100; ++i) entries["k" + std::to_string(1000 + i)] = entry;
  Files files = {BuildIndex(entries, 1, 256).value(), std::string(4, '\0')};
  files.index = FlipBit(files.index, files.index.size() / 2 * 8);
  Bench bench;
  bench.Run([&] {
    int damaged = 0;
    const auto strict = bench.Open(files).value();
    for (const auto& [key, value] : entries) {
      const Status found = strict->Find(key).status();
      if (found.ok()) continue;
      ++damaged;
      BOOST_TEST(found == Status(Code::kDataLoss, "block checksum mismatch"));
    }
    BOOST_TEST(damaged > 0);
    BOOST_TEST(strict->Entries().status().code() == Code::kDataLoss);
    const auto upstream = bench.Open(files, BundleReaderOptions::From(Semantics::Tf())).value();
    int missing = 0;
    for (const auto& [key, value] : entries) {
      missing += upstream->Find(key).status().code() == Code::kNotFound ? 1 : 0;
    }
    BOOST_TEST(missing == damaged);
    BOOST_TEST(strict->Find("zzz").status().code() == Code::kNotFound);
  });
}

BOOST_AUTO_TEST_CASE(an_index_without_header_is_refused) {  // CK-1001
  TableBuilder table;
  BOOST_TEST(table.Add("a", "x").ok());
  Bench bench;
  bench.Run([&] {
    const Status opened = bench.Open({table.Finish(), ""}).status();
    BOOST_TEST(opened.code() == Code::kDataLoss);
    BOOST_TEST(opened.message().find("Unable to read file (/d/m.index)") == 0U);
    TableBuilder empty;
    BOOST_TEST(bench.Open({empty.Finish(), ""}).status().code() == Code::kInternal);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
