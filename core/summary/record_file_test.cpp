#include "core/summary/record_file.h"

#include <algorithm>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/prng.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::FileOp;

std::string FromHex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

std::string Frames(const std::vector<std::string>& records) {
  std::string bytes;
  for (const std::string& record : records) bytes += FrameRecord(record);
  return bytes;
}

struct Outcome {
  std::vector<std::string> records;
  Status end;
  std::uint64_t offset = 0;
};

Outcome ReadAll(const std::string& bytes) {
  FakeEnv fake;
  fake.files().Put("/f", bytes);
  Outcome outcome;
  fake.Run([&](Env& env) {
    auto file = env.files.Open("/f");
    RecordReader reader(**file);
    while (outcome.end.ok()) {
      Result<std::string> record = reader.Read(&outcome.offset);
      if (record.ok()) outcome.records.push_back(*record);
      outcome.end = record.status();
    }
  });
  return outcome;
}

std::string WriteAll(const std::vector<std::string>& records, std::uint64_t buffer) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    RecordWriter writer(env.files.Create("/f").value(), buffer);
    for (const std::string& record : records) BOOST_TEST(writer.Write(record).ok());
    BOOST_TEST(writer.Close().ok());
  });
  return fake.files().Content("/f");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(record_file)

BOOST_AUTO_TEST_CASE(hc_x05_frames_are_those_of_the_vectors) {  // V-12, V-13
  BOOST_TEST(FrameRecord("abc") == FromHex("0300000000000000b099490e6162636e57f121"));
  BOOST_TEST(FrameRecord("") == FromHex("000000000000000029039807d8ea82a2"));
  const std::string first = FromHex("090000c06caa1fd6411a0d627261696e2e4576656e743a32");
  BOOST_TEST(FrameRecord(first) ==
             FromHex("1800000000000000a37f4b22") + first + FromHex("32dc7c4f"));
}

BOOST_AUTO_TEST_CASE(hc_r01_an_empty_file_is_at_its_end) {
  BOOST_TEST(ReadAll("").end.code() == Code::kOutOfRange);
}

BOOST_AUTO_TEST_CASE(hc_r02_records_come_back_then_the_end_twice) {
  FakeEnv fake;
  fake.files().Put("/f", Frames({"foo", "bar", "", "xxxx"}));
  fake.Run([](Env& env) {
    auto file = env.files.Open("/f");
    RecordReader reader(**file);
    std::uint64_t offset = 0;
    for (const char* expected : {"foo", "bar", "", "xxxx"}) {
      BOOST_TEST(reader.Read(&offset).value() == expected);
    }
    BOOST_TEST(reader.Read(&offset).status().code() == Code::kOutOfRange);
    BOOST_TEST(reader.Read(&offset).status().code() == Code::kOutOfRange);
  });
}

BOOST_AUTO_TEST_CASE(hc_r03_many_records_keep_their_order) {
  std::vector<std::string> records;
  for (int i = 0; i < 100'000; ++i) records.push_back(std::to_string(i) + ".");
  const Outcome outcome = ReadAll(WriteAll(records, 65536));
  BOOST_TEST(outcome.records == records);
  BOOST_TEST(outcome.end.code() == Code::kOutOfRange);
}

BOOST_AUTO_TEST_CASE(hc_r04_records_of_random_length) {
  Prng prng(301);
  std::vector<std::string> records;
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t length = prng.Below(std::uint64_t{1} << prng.Below(18));
    records.emplace_back(length, static_cast<char>('a' + prng.Below(26)));
  }
  BOOST_TEST(ReadAll(WriteAll(records, 65536)).records == records);
}

BOOST_AUTO_TEST_CASE(hc_r05_reading_at_remembered_offsets) {
  std::vector<std::string> records;
  std::vector<std::uint64_t> offsets = {0};
  for (int i = 0; i < 10; ++i) {
    records.push_back(std::to_string(i) + ".");
    offsets.push_back(offsets.back() + FrameRecord(records.back()).size());
  }
  FakeEnv fake;
  fake.files().Put("/f", Frames(records));
  fake.Run([&](Env& env) {
    auto file = env.files.Open("/f");
    RecordReader reader(**file);
    for (const std::size_t i : {3U, 8U, 1U}) {
      std::uint64_t offset = offsets[i];
      BOOST_TEST(reader.Read(&offset).value() == records[i]);
      BOOST_TEST(offset == offsets[i + 1]);
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_r06_a_failed_read_can_be_repeated) {
  FakeEnv fake;
  fake.files().Put("/f", Frames({"foo"}));
  fake.files().Fail({.op = FileOp::kRead, .status = Status(Code::kDataLoss, "once")});
  fake.Run([](Env& env) {
    auto file = env.files.Open("/f");
    RecordReader reader(**file);
    std::uint64_t offset = 0;
    BOOST_TEST(reader.Read(&offset).status().code() == Code::kDataLoss);
    BOOST_TEST(offset == 0U);
    BOOST_TEST(reader.Read(&offset).value() == "foo");
  });
}

BOOST_AUTO_TEST_CASE(hc_r07_r08_r09_damage_is_found_where_it_is) {
  const std::string whole = Frames({"foo"});
  const auto changed = [&](std::size_t at, int by) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] + by);
    return ReadAll(bytes).end;
  };
  BOOST_TEST(changed(10, 100) == Status(Code::kDataLoss, "corrupted record at 0"));
  BOOST_TEST(changed(14, 10) == Status(Code::kDataLoss, "corrupted record at 12"));
  BOOST_TEST(changed(whole.size() - 1, 1) == Status(Code::kDataLoss, "corrupted record at 12"));
}

BOOST_AUTO_TEST_CASE(hc_r10_the_exact_end_is_the_end) {
  const std::string bytes = Frames({"foo", "bar", "xxx"});
  BOOST_TEST(ReadAll(bytes).offset == bytes.size());
}

BOOST_AUTO_TEST_CASE(hc_r11_every_buffer_size_gives_the_same_file) {
  const std::string expected = Frames({"abc", "defg"});
  for (std::uint64_t buffer = 1; buffer <= 21; ++buffer) {
    BOOST_TEST(WriteAll({"abc", "defg"}, buffer == 21 ? 65536 : buffer) == expected);
  }
  FakeEnv fake;
  fake.files().Put("/f", expected);
  fake.Run([](Env& env) {
    auto file = env.files.Open("/f");
    const RecordStatistics statistics = RecordReader(**file).Statistics().value();
    BOOST_CHECK((statistics == RecordStatistics{2, 7, 39}));
  });
}

BOOST_AUTO_TEST_CASE(every_cut_is_a_clean_end_or_a_truncated_record) {  // CK-2102, H-20
  const std::string first = Frames({"first"});
  const std::string whole = Frames({"first", "second"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Outcome outcome = ReadAll(whole.substr(0, size));
    const std::size_t start = size < first.size() ? 0 : first.size();
    const bool in_payload = size - start >= kRecordHeaderBytes;
    BOOST_TEST(outcome.records.size() == (start == 0 ? 0U : 1U));
    BOOST_TEST(outcome.offset == start);
    BOOST_TEST(outcome.end.code() == (in_payload ? Code::kDataLoss : Code::kOutOfRange));
  }
}

BOOST_AUTO_TEST_CASE(no_flipped_bit_and_no_random_bytes_give_a_wrong_record) {
  const std::string whole = Frames({"first", "second"});
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    const Outcome outcome = ReadAll(bytes);
    BOOST_TEST(outcome.end.code() == Code::kDataLoss);
    BOOST_TEST(outcome.records.size() == (bit / 8 < FrameRecord("first").size() ? 0U : 1U));
  }
  Prng prng(5);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(prng.Below(200), '\0');
    for (char& c : bytes) c = static_cast<char>(prng.Next());
    BOOST_TEST(ReadAll(bytes).records.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_huge_length_with_a_right_checksum_reserves_nothing) {
  const std::string length = FromHex("ffffffffffffff3f");
  // The frame of an 8-byte payload ends with the checksum of these bytes.
  const std::string checksum = FrameRecord(length).substr(kRecordHeaderBytes + 8);
  BOOST_TEST(ReadAll(length + checksum).end == Status(Code::kDataLoss, "truncated record at 0"));
}

BOOST_AUTO_TEST_CASE(a_growing_file_can_be_followed) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    RecordWriter writer(env.files.Create("/f").value());
    auto file = env.files.Open("/f");
    RecordReader reader(**file);
    std::uint64_t offset = 0;
    BOOST_TEST(reader.Read(&offset).status().code() == Code::kOutOfRange);
    BOOST_TEST(writer.Write("one").ok());
    BOOST_TEST(reader.Read(&offset).status().code() == Code::kOutOfRange);  // still in the buffer
    BOOST_TEST(writer.Flush().ok());
    BOOST_TEST(reader.Read(&offset).value() == "one");
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
