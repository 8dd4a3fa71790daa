#include "core/checkpoint/bundle_writer.h"

#include <functional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/crc32c.h"
#include "core/checkpoint/bundle_merge.h"
#include "core/checkpoint/bundle_reader.h"
#include "core/checkpoint/test_bytes.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::FileOp;
using testing::FromHex;
using testing::Hex;

constexpr DataType kTypes[] = {DataType::kFloat,     DataType::kDouble,     DataType::kInt32,
                               DataType::kUint8,     DataType::kInt16,      DataType::kInt8,
                               DataType::kComplex64, DataType::kComplex128, DataType::kInt64,
                               DataType::kBool,      DataType::kQint32,     DataType::kQuint8,
                               DataType::kQint8,     DataType::kBfloat16};

void InFiber(const std::function<void(Env&, FakeEnv&)>& body) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    BOOST_TEST(env.files.MakeDirectory("/d").ok());
    body(env, fake);
  });
}

// A tensor whose bytes all are `fill`, whatever its type.
Tensor Filled(DataType dtype, const TensorShape& shape, char fill) {
  const auto bytes = static_cast<std::size_t>(NumericBytes(dtype, shape));
  return Tensor::FromBytes(dtype, shape,
                           std::string(bytes, dtype == DataType::kBool ? fill & 1 : fill));
}

void Write(Env& env, const std::string& prefix,
           const std::vector<std::pair<std::string, Tensor>>& tensors,
           const BundleWriterOptions& options = {}) {
  BundleWriter writer(env, prefix, options);
  for (const auto& [name, tensor] : tensors) BOOST_TEST(writer.Add(name, tensor).ok());
  BOOST_TEST(writer.Finish().ToString() == "OK");
}

void CheckTensor(BundleReader& reader, const std::string& name, const Tensor& expected) {
  const Result<Tensor> read = reader.Read(name);
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status().ToString());
  BOOST_TEST(BitEqual(*read, expected));
}

std::vector<std::string> Keys(const BundleReader& reader) {
  std::vector<std::string> keys;
  const auto items = reader.Entries().value();
  for (const auto& [key, entry] : items) keys.push_back(key);
  return keys;
}

std::string CheckedIndex(FakeEnv& fake, const std::string& prefix, std::size_t padding) {
  const std::string index = fake.files().Content(prefix + ".index");
  const std::string zeros(padding, '\0');
  const std::size_t at = index.size() - 8 - padding;
  BOOST_TEST((index.substr(at, padding) == zeros));
  BOOST_TEST(Hex(index.substr(index.size() - 8)) == "57fb808b247547db");
  return Hex(index.substr(0, at));
}

const std::vector<std::pair<std::string, Tensor>> kHalfPlusTwo = {{"a", Tensor::Scalar(0.5F)},
                                                                  {"b", Tensor::Scalar(2.0F)}};

std::vector<std::pair<std::string, Tensor>> FortyScalars() {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (int i = 0; i < 40; ++i) {
    const std::string digits = std::to_string(1000 + i).substr(1);
    tensors.emplace_back("var_" + digits, Tensor::Scalar(static_cast<float>(i)));
  }
  return tensors;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bundle_writer)

BOOST_AUTO_TEST_CASE(hc_x01_two_scalars_give_the_bytes_of_the_vector) {  // V-1
  InFiber([](Env& env, FakeEnv& fake) {
    Write(env, "/d/export", kHalfPlusTwo);
    BOOST_TEST(Hex(fake.files().Content("/d/export.data-00000-of-00001")) == "0000003f00000040");
    BOOST_TEST(
        CheckedIndex(fake, "/d/export", 36) ==
        "00000608011a02080100010b61080112002804350638271f00010d6208011200200428043510fd784f00"
        "00000001000000006c129ef3000000000100000000c0f2a1b000010263003100000000010000000054f2"
        "762d3608430e");
    Write(env, "/d/v2",
          {{"a", Tensor::Scalar(0.5F)}, {"b", Tensor::Scalar(2.0F)}, {"c", Tensor::Scalar(3.0F)}});
    BOOST_TEST(Crc32c(fake.files().Content("/d/v2.index")) == 0xE4D2AEADU);  // V-2
    BOOST_TEST(Crc32c(fake.files().Content("/d/v2.data-00000-of-00001")) == 0x42528CA7U);
  });
}

BOOST_AUTO_TEST_CASE(hc_x01_strings_give_the_bytes_of_the_vector) {  // V-3
  InFiber([](Env& env, FakeEnv& fake) {
    const std::vector<std::string> strings = {"hello", "", "x01", std::string(1024, 'c')};
    const std::vector<float> floats(6, 16.18F);
    Write(
        env, "/d/foo",
        {{"string_tensor", Tensor::Of<std::string>(TensorShape({1}), std::vector<std::string>{""})},
         {"scalar", Tensor::Of<std::string>(TensorShape({1}), std::vector<std::string>{"hello"})},
         {"strs", Tensor::Of<std::string>(TensorShape({4}), strings)},
         {"floats", Tensor::Of<float>(TensorShape({2, 3}), floats)}});
    const std::string data = fake.files().Content("/d/foo.data-00000-of-00001");
    BOOST_TEST(data.size() == 1080U);
    BOOST_TEST(Crc32c(data) == 0x36BE53FFU);
    BOOST_TEST(fake.files().Content("/d/foo.index").size() == 211U);
    BOOST_TEST(Crc32c(fake.files().Content("/d/foo.index")) == 0x7D05C736U);
    Write(env, "/d/words", {{"w", Tensor::Of<std::string>({"hello", "world"})}});  // V-11
    BOOST_TEST(Hex(fake.files().Content("/d/words.data-00000-of-00001")) ==
               "0505b56f994f68656c6c6f776f726c64");
    const auto reader = BundleReader::Open(env.files, "/d/words").value();
    BOOST_TEST(reader->Find("w")->crc32c == 0x07D64C1BU);
  });
}

BOOST_AUTO_TEST_CASE(hc_x02_one_integer_an_empty_bundle_and_slices) {  // V-4, V-9, V-7
  InFiber([](Env& env, FakeEnv& fake) {
    Write(env, "/d/step", {{"global_step", Tensor::Scalar(std::int64_t{1})}});
    const std::string index = fake.files().Content("/d/step.index");
    BOOST_TEST(index.size() == 127U);
    BOOST_TEST(Hex(index).find("080912002808350175de41") != std::string::npos);
    Write(env, "/d/none", {});
    BOOST_TEST(
        CheckedIndex(fake, "/d/none", 36) ==
        "00000608011a020801000000000100000000629457f9000000000100000000c0f2a1b000000200110000"
        "00000100000000ccbf8b5d1608230d");
    BundleWriter writer(env, "/d/parts");
    const TensorShape full({5, 10});
    BOOST_TEST(writer
                   .AddSlice("foo", full, TensorSlice::Parse("-:0,1").value(),
                             Filled(DataType::kFloat, TensorShape({5, 1}), 0))
                   .ok());
    BOOST_TEST(writer
                   .AddSlice("foo", full, TensorSlice::Parse("-:1,9").value(),
                             Tensor::Of<float>(TensorShape({5, 9}), std::vector<float>(45, 1.0F)))
                   .ok());
    BOOST_TEST(writer.Finish().ok());
    const std::string parts = fake.files().Content("/d/parts.index");
    BOOST_TEST(parts.size() == 199U);
    BOOST_TEST(Hex(parts).find("08011208120208051202080a3a060a000a0210013a080a000a0408011009") !=
               std::string::npos);
    BOOST_TEST(Hex(parts).find("0801120812020805120208012814356264004f") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(hc_x02_merging_two_shards_gives_the_bytes_of_the_vector) {  // V-8
  InFiber([](Env& env, FakeEnv& fake) {
    Write(env, "/d/0", {{"a", Tensor::Scalar(0.5F)}});
    Write(env, "/d/1", {{"b", Tensor::Scalar(2.0F)}});
    BOOST_TEST(MergeBundles(env, {"/d/0", "/d/1"}, "/d/m", false).ok());
    const std::string index = fake.files().Content("/d/m.index");
    BOOST_TEST(index.size() == 134U);
    BOOST_TEST(Hex(index).find("08021a020801") != std::string::npos);
    BOOST_TEST(Hex(index).find("08011200180128043510fd784f") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(hc_x03_many_entries_with_two_block_sizes) {  // V-5, V-6
  InFiber([](Env& env, FakeEnv& fake) {
    Write(env, "/d/v5", FortyScalars());
    BOOST_TEST(Crc32c(fake.files().Content("/d/v5.data-00000-of-00001")) == 0x22D325DBU);
    BOOST_TEST(fake.files().Content("/d/v5.index").size() == 818U);
    BOOST_TEST(Crc32c(fake.files().Content("/d/v5.index")) == 0x2F975DF1U);
    BundleWriterOptions options;
    options.block_size = 256;
    Write(env, "/d/v6", FortyScalars(), options);
    BOOST_TEST(fake.files().Content("/d/v6.index").size() == 872U);
    BOOST_TEST(Crc32c(fake.files().Content("/d/v6.index")) == 0x94BE4A36U);
  });
}

BOOST_AUTO_TEST_CASE(hc_b02_every_type_goes_through_bundles_and_merges) {
  for (const DataType dtype : kTypes) {
    InFiber([&](Env& env, FakeEnv&) {
      const TensorShape shape({2, 3});
      std::vector<std::string> keys;
      for (const std::string base : {"foo", "bar"}) {
        Write(env, "/d/" + base,
              {{base + "_003", Filled(dtype, shape, 3)},
               {base + "_000", Filled(dtype, shape, 0)},
               {base + "_002", Filled(dtype, shape, 2)},
               {base + "_001", Filled(dtype, shape, 1)}});
        const auto reader = BundleReader::Open(env.files, "/d/" + base).value();
        BOOST_CHECK((Keys(*reader) == std::vector<std::string>{base + "_000", base + "_001",
                                                               base + "_002", base + "_003"}));
        for (int i = 0; i < 4; ++i) {
          CheckTensor(*reader, base + "_00" + std::to_string(i),
                      Filled(dtype, shape, static_cast<char>(i)));
        }
      }
      BOOST_TEST(MergeBundles(env, {"/d/foo", "/d/bar"}, "/d/merged", false).ok());
      const auto reader = BundleReader::Open(env.files, "/d/merged").value();
      BOOST_TEST(Keys(*reader).size() == 8U);
      BOOST_TEST(Keys(*reader).front() == "bar_000");
      CheckTensor(*reader, "bar_002", Filled(dtype, shape, 2));
      CheckTensor(*reader, "foo_003", Filled(dtype, shape, 3));
    });
  }
}

BOOST_AUTO_TEST_CASE(hc_b03_slices_are_put_together) {
  InFiber([](Env& env, FakeEnv&) {
    const TensorShape full({5, 10});
    BundleWriter writer(env, "/d/foo");
    const auto add = [&](const char* slice, std::int64_t columns, float value) {
      const std::vector<float> values(static_cast<std::size_t>(5 * columns), value);
      BOOST_TEST(writer
                     .AddSlice("foo", full, TensorSlice::Parse(slice).value(),
                               Tensor::Of<float>(TensorShape({5, columns}), values))
                     .ok());
    };
    add("-:0,1", 1, 0);
    add("-:1,9", 9, 1);
    BOOST_TEST(writer.Finish().ok());
    const auto reader = BundleReader::Open(env.files, "/d/foo").value();
    const Tensor all = reader->Read("foo").value();
    for (std::size_t i = 0; i < 50; ++i) BOOST_TEST(all.flat<float>()[i] == (i % 10 == 0 ? 0 : 1));
    BOOST_TEST(reader->Find("foo")->slices.size() == 2U);
    BOOST_TEST(reader->Find("foo")->slices[0].ToString() == "-:0,1");
    const Tensor two = reader->ReadSlice("foo", TensorSlice::Parse("-:0,2").value()).value();
    for (std::size_t i = 0; i < 10; ++i) BOOST_TEST(two.flat<float>()[i] == (i % 2 == 0 ? 0 : 1));
    const Tensor ones = reader->ReadSlice("foo", TensorSlice::Parse("-:2,2").value()).value();
    for (const float value : ones.flat<float>()) BOOST_TEST(value == 1);
    BOOST_TEST(reader->Tensors()->size() == 1U);  // CK-711
  });
}

BOOST_AUTO_TEST_CASE(hc_b04_scalars_and_empty_tensors_go_through) {
  for (const DataType dtype : kTypes) {
    InFiber([&](Env& env, FakeEnv&) {
      const std::vector<TensorShape> shapes = {TensorShape(), TensorShape({0, 1618}),
                                               TensorShape({16, 0, 18})};
      std::vector<std::pair<std::string, Tensor>> tensors;
      for (const TensorShape& shape : shapes) {
        tensors.emplace_back("t" + std::to_string(tensors.size()), Filled(dtype, shape, 1));
      }
      Write(env, "/d/odd", tensors);
      const auto reader = BundleReader::Open(env.files, "/d/odd").value();
      for (const auto& [name, tensor] : tensors) CheckTensor(*reader, name, tensor);
      BOOST_TEST(reader->Find("t1")->crc32c == 0xA282EAD8U);  // CK-504
    });
  }
}

BOOST_AUTO_TEST_CASE(hc_b05_b06_strings_go_through) {
  InFiber([](Env& env, FakeEnv&) {
    const std::vector<std::pair<std::string, Tensor>> tensors = {
        {"string_tensor", Tensor::Of<std::string>({""})},
        {"scalar", Tensor::Of<std::string>({"hello"})},
        {"strs", Tensor::Of<std::string>({"hello", "", "x01", std::string(1 << 25, 'c')})},
        {"none", Tensor(DataType::kString, TensorShape({0}))},
        {"floats", Filled(DataType::kFloat, TensorShape({2, 3}), 5)}};
    Write(env, "/d/foo", tensors);
    const auto reader = BundleReader::Open(env.files, "/d/foo").value();
    for (const auto& [name, tensor] : tensors) CheckTensor(*reader, name, tensor);
    BOOST_TEST(reader->Find("none")->size == 4);  // CK-601
  });
}

BOOST_AUTO_TEST_CASE(hc_b07_merging_names_the_files) {
  InFiber([](Env& env, FakeEnv&) {
    Write(env, "/d/worker0", {{"a", Tensor::Scalar(1.0F)}});
    Write(env, "/d/worker1", {{"b", Tensor::Scalar(2.0F)}});
    const auto names = [&] { return env.files.List("/d").value(); };
    BOOST_TEST(names().size() == 4U);
    BOOST_TEST(MergeBundles(env, {"/d/worker0"}, "/d/another", false).ok());
    BOOST_CHECK(
        (names() == std::vector<std::string>{"another.data-00000-of-00001", "another.index",
                                             "worker1.data-00000-of-00001", "worker1.index"}));
    BOOST_TEST(MergeBundles(env, {"/d/another", "/d/worker1"}, "/d/merged", false).ok());
    BOOST_CHECK(
        (names() == std::vector<std::string>{"merged.data-00000-of-00002",
                                             "merged.data-00001-of-00002", "merged.index"}));
  });
}

BOOST_AUTO_TEST_CASE(hc_b08_errors_of_writing) {
  InFiber([](Env& env, FakeEnv& fake) {
    BundleWriter writer(env, "/d/dup");
    BOOST_TEST(writer.Add("foo", Tensor::Scalar(1.0F)).ok());
    const Status again = writer.Add("foo", Tensor::Scalar(2.0F));
    BOOST_TEST(again == Status(Code::kInvalidArgument, "Adding duplicate key: foo"));
    BOOST_TEST(writer.Add("bar", Tensor::Scalar(2.0F)) == again);  // poisoned (CK-802)
    BOOST_TEST(writer.Finish() == again);
    BOOST_TEST(!fake.files().Exists("/d/dup.index"));
    BOOST_TEST(BundleWriter(env, "/d/k").Add("", Tensor::Scalar(1.0F)).code() ==
               Code::kInvalidArgument);
    BundleWriter twice(env, "/d/twice");
    BOOST_TEST(twice.Finish().ok());
    BOOST_TEST(twice.Finish() == Status(Code::kInternal, "BundleWriter is closed"));
    BOOST_TEST(BundleReader::Open(env.files, "/d/none").status().code() == Code::kNotFound);
    BOOST_TEST(BundleReader::Open(env.files, "/d/none").status().message() ==
               "/d/none.index; No such file or directory");
  });
}

BOOST_AUTO_TEST_CASE(hc_b09_the_header) {
  InFiber([](Env& env, FakeEnv&) {
    Write(env, "/d/one", {{"a", Tensor::Scalar(1.0F)}});
    const auto reader = BundleReader::Open(env.files, "/d/one").value();
    BOOST_TEST(reader->header().num_shards == 1);
    BOOST_TEST(!reader->header().big_endian);
    BOOST_TEST(Hex(reader->header().version) == "0801");
  });
}

BOOST_AUTO_TEST_CASE(hc_b10_aligned_tensors) {
  InFiber([](Env& env, FakeEnv& fake) {
    BundleWriterOptions options;
    options.data_alignment = 42;
    std::vector<std::pair<std::string, Tensor>> tensors;
    for (int i = 0; i < 4; ++i) {
      tensors.emplace_back("foo_" + std::to_string(i),
                           Filled(DataType::kDouble, TensorShape({2, 3}), static_cast<char>(i)));
    }
    Write(env, "/d/al", tensors, options);
    const auto reader = BundleReader::Open(env.files, "/d/al").value();
    for (const auto& [name, tensor] : tensors) {
      CheckTensor(*reader, name, tensor);
      BOOST_TEST(reader->Find(name)->offset % 42 == 0);
    }
    BOOST_TEST(fake.files().Content("/d/al.data-00000-of-00001").size() % 42 == 0U);
  });
}

BOOST_AUTO_TEST_CASE(hc_b01_swapping_the_bytes_of_elements) {  // CK-409
  const auto swap = [](DataType dtype, const char* hex) {
    std::string bytes = FromHex(hex);
    SwapElementBytes(dtype, &bytes);
    return Hex(bytes);
  };
  BOOST_TEST(swap(DataType::kInt16, "1de51de5") == "e51de51d");
  BOOST_TEST(swap(DataType::kBfloat16, "1de5") == "e51d");
  BOOST_TEST(swap(DataType::kInt32, "0ddba115") == "15a1db0d");
  BOOST_TEST(swap(DataType::kFloat, "0ddba115") == "15a1db0d");
  BOOST_TEST(swap(DataType::kInt64, "f005ba11caba1000") == "0010baca11ba05f0");
  BOOST_TEST(swap(DataType::kDouble, "f005ba11caba1000") == "0010baca11ba05f0");
  BOOST_TEST(swap(DataType::kComplex64, "0ddba11501020304") == "15a1db0d04030201");
  BOOST_TEST(swap(DataType::kComplex128, "f005ba11caba10000102030405060708") ==
             "0010baca11ba05f00807060504030201");
  BOOST_TEST(swap(DataType::kUint8, "0102") == "0102");
}

BOOST_AUTO_TEST_CASE(failures_leave_what_the_rule_says) {  // CK-803, H-16
  const auto left_after = [](FileOp op, const char* part) {
    FakeEnv fake;
    std::vector<std::string> names;
    fake.Run([&](Env& env) {
      BOOST_TEST(env.files.MakeDirectory("/d").ok());
      BundleWriter writer(env, "/d/p");
      std::string path;
      const auto listed_names = env.files.List("/d").value();
      for (const std::string& name : listed_names) path = "/d/" + name;
      const bool data = std::string(part) == "data";
      fake.files().Fail({.op = op,
                         .path = data ? path : "",
                         .status = Status(Code::kResourceExhausted, "full"),
                         .nth = data ? 1 : 2});
      static_cast<void>(writer.Add("a", Tensor::Scalar(1.0F)));
      BOOST_TEST(writer.Finish().code() == Code::kResourceExhausted);
      names = env.files.List("/d").value();
    });
    return names;
  };
  BOOST_TEST(left_after(FileOp::kAppend, "data").empty());
  BOOST_TEST(left_after(FileOp::kClose, "data").empty());
  BOOST_TEST(left_after(FileOp::kRename, "data").size() == 1U);  // the temporary file stays
  BOOST_CHECK(
      (left_after(FileOp::kAppend, "index") == std::vector<std::string>{"p.data-00000-of-00001"}));
  BOOST_TEST(left_after(FileOp::kRename, "index").size() == 2U);
}

BOOST_AUTO_TEST_CASE(large_tensors_are_written_in_pieces_of_8_mib) {  // CK-802
  InFiber([](Env& env, FakeEnv& fake) {
    const TensorShape shape({(std::int64_t{20} << 20)});
    Write(env, "/d/big",
          {{"a", Tensor::Scalar(std::uint8_t{1})}, {"b", Filled(DataType::kUint8, shape, 7)}});
    std::vector<std::uint64_t> sizes;
    for (const auto& operation : fake.files().log()) {
      const bool data = operation.path.find(".data-") != std::string::npos;
      if (operation.op == FileOp::kAppend && data) sizes.push_back(operation.size);
    }
    const std::uint64_t piece = std::uint64_t{8} << 20;
    BOOST_CHECK((sizes == std::vector<std::uint64_t>{1, piece, piece, piece / 2}));
  });
}

BOOST_AUTO_TEST_CASE(shards_without_tensors_are_merged) {  // CK-906
  InFiber([](Env& env, FakeEnv&) {
    Write(env, "/d/0", {});
    Write(env, "/d/1", {{"b", Tensor::Scalar(2.0F)}});
    BOOST_TEST(MergeBundles(env, {"/d/0", "/d/1"}, "/d/m", false).ok());
    const auto reader = BundleReader::Open(env.files, "/d/m").value();
    CheckTensor(*reader, "b", Tensor::Scalar(2.0F));
    BOOST_TEST(env.files.List("/d")->size() == 3U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
