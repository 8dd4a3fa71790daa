#include <bit>
#include <cstdint>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/proto/event.pb.h"
#include "core/summary/events_reader.h"
#include "core/summary/golden_case.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::DecodeBase64;
using testing::FakeEnv;
using testing::GoldenCase;
using testing::Json;
using v1::tf::Event;

const std::string kFolder = FL_SOURCE_DIR "/core/summary/testdata";

void CheckValue(const v1::tf::Summary::Value& value, const Json& expected) {
  BOOST_TEST(value.tag() == expected["tag"].text());
  const std::string kind = expected["kind"].text();
  if (kind == "simple_value") {
    const auto bits = std::stoul(expected["float32_bits"].text(), nullptr, 16);
    BOOST_TEST(std::bit_cast<std::uint32_t>(value.simple_value()) == bits);
  } else if (kind == "histo") {
    BOOST_TEST(value.histo().SerializeAsString() == DecodeBase64(expected["bytes_base64"].text()));
  } else if (kind == "tensor") {
    BOOST_TEST(value.tensor().SerializeAsString() == DecodeBase64(expected["bytes_base64"].text()));
  }
  BOOST_TEST(value.has_metadata() == expected.has("metadata_base64"));
  if (expected.has("metadata_base64")) {
    BOOST_TEST(value.metadata().SerializeAsString() ==
               DecodeBase64(expected["metadata_base64"].text()));
  }
}

void CheckSessionLog(const v1::tf::SessionLog& log, const Json& expected) {
  BOOST_TEST(v1::tf::SessionLog::SessionStatus_Name(log.status()) == expected["status"].text());
  BOOST_TEST(log.checkpoint_path() == expected["checkpoint_path"].text());
  BOOST_TEST(log.msg() == expected["msg"].text());
}

void CheckEvent(const Event& event, const Json& expected) {
  BOOST_TEST(event.wall_time() == expected["wall_time"].number());
  BOOST_TEST(event.step() == expected["step"].integer());
  const std::string what = expected["what"].text();
  const auto case_is = [&](Event::WhatCase wanted) { BOOST_TEST(event.what_case() == wanted); };
  if (what == "file_version") {
    BOOST_TEST(event.file_version() == expected["file_version"].text());
  } else if (what == "summary") {
    case_is(Event::kSummary);
    const auto values = expected["values"].list();
    BOOST_REQUIRE(event.summary().value_size() == static_cast<int>(values.size()));
    for (int i = 0; i < event.summary().value_size(); ++i) {
      CheckValue(event.summary().value(i), values[static_cast<std::size_t>(i)]);
    }
  } else if (what == "session_log") {
    case_is(Event::kSessionLog);
    CheckSessionLog(event.session_log(), expected["session_log"]);
  } else if (what == "log_message") {
    case_is(Event::kLogMessage);
  } else if (what == "tagged_run_metadata") {
    BOOST_TEST(event.tagged_run_metadata().tag() == expected["tag"].text());
    BOOST_TEST(event.tagged_run_metadata().run_metadata() ==
               DecodeBase64(expected["run_metadata_base64"].text()));
  } else {
    const std::string& bytes = what == "graph_def" ? event.graph_def() : event.meta_graph_def();
    BOOST_TEST(static_cast<std::int64_t>(bytes.size()) == expected["bytes"].integer());
  }
}

void CheckFile(const GoldenCase& golden, const std::string& name, const Json& expected) {
  FakeEnv fake;
  fake.files().Put("/f", golden.files.at(name));
  fake.Run([&](Env& env) {
    const auto reader = EventsReader::Open(env.files, "/f").value();
    for (const Json& event : expected["events"].list()) {
      const Result<Event> read = reader->Next();
      BOOST_REQUIRE(read.ok());
      CheckEvent(*read, event);
    }
    const Result<Event> end = reader->Next();
    BOOST_REQUIRE(!end.ok());
    const std::string code =
        expected.has("error") ? expected["error"]["code"].text() : "OUT_OF_RANGE";
    BOOST_TEST(CodeName(end.status().code()) == code);
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(events_golden)

BOOST_AUTO_TEST_CASE(every_file_that_tensorflow_wrote_is_read_as_it_reads_it) {
  int files = 0;
  for (const auto& [name, kind] : testing::ListGoldenCases(kFolder)) {
    BOOST_TEST_CONTEXT(name) {
      const GoldenCase golden = testing::LoadGoldenCase(kFolder, name);
      for (const auto& [file, expected] : golden.manifest["record_files"].members()) {
        CheckFile(golden, file, expected);
        ++files;
      }
    }
  }
  BOOST_TEST(files >= 21);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
