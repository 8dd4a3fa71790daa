#include "core/summary/events_writer.h"

#include <functional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/proto/event.pb.h"
#include "core/proto/meta_graph.pb.h"
#include "core/summary/events_reader.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::FileOp;
using v1::tf::Event;

constexpr const char* kPath = "/d/events.out.tfevents.1484695987.testhost";

void InFiber(const std::function<void(Env&, FakeEnv&)>& body) {
  FakeEnv fake;
  fake.SetWall(TimePoint::FromNanoseconds(1'484'695'987'000'000'000));
  fake.Run([&](Env& env) { body(env, fake); });
}

std::string SummaryBytes(const std::string& tag, float value, bool with_metadata = false) {
  v1::tf::Summary summary;
  auto* item = summary.add_value();
  item->set_tag(tag);
  item->set_simple_value(value);
  if (with_metadata) item->mutable_metadata()->mutable_plugin_data()->set_plugin_name("scalars");
  return summary.SerializeAsString();
}

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<std::uint8_t>(c) >> 4];
    out += kDigits[static_cast<std::uint8_t>(c) & 15];
  }
  return out;
}

std::vector<Event> Events(Env& env, const std::string& path = kPath) {
  return ReadEvents(env.files, path).value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(events_writer)

BOOST_AUTO_TEST_CASE(hc_x05_events_are_those_of_the_vectors) {  // V-14
  InFiber([](Env& env, FakeEnv& fake) {
    const auto writer = MakeEventsFileWriter(env, "/d");
    fake.Advance(Duration::Milliseconds(500));
    writer->AddSessionLog(SessionLogStatus::kStart, "", 1);
    writer->AddScalar("global_step/sec", 12.5F, 101);
    writer->AddSessionLog(SessionLogStatus::kCheckpoint, "/d/model.ckpt", 5);
    BOOST_TEST(writer->Close().ok());
    const auto events = Events(env);
    BOOST_REQUIRE(events.size() == 4U);
    BOOST_TEST(Hex(events[0].SerializeAsString()) ==
               "090000c06caa1fd6411a0d627261696e2e4576656e743a32");
    BOOST_TEST(Hex(events[1].SerializeAsString()) == "090000e06caa1fd64110013a020801");
    BOOST_TEST(Hex(events[2].SerializeAsString()) ==
               "090000e06caa1fd64110652a180a160a0f676c6f62616c5f737465702f7365631500004841");
    BOOST_TEST(Hex(events[3].SerializeAsString()) ==
               "090000e06caa1fd64110053a110803120d2f642f6d6f64656c2e636b7074");
  });
}

BOOST_AUTO_TEST_CASE(hc_w01_events_come_back_then_the_end) {
  InFiber([](Env& env, FakeEnv&) {
    const auto writer = MakeEventsFileWriter(env, "/d");
    writer->AddScalar("foo", 89, 67);
    BOOST_TEST(writer->Flush().ok());
    BOOST_TEST(writer->Close().ok());
    const auto reader = EventsReader::Open(env.files, kPath).value();
    BOOST_TEST(reader->Next()->file_version() == "brain.Event:2");
    const Event event = reader->Next().value();
    BOOST_TEST(event.step() == 67);
    BOOST_TEST(event.summary().value(0).simple_value() == 89);
    BOOST_TEST(reader->Next().status().code() == Code::kOutOfRange);
    BOOST_TEST(EventsReader::Open(env.files, "/d/none").status().code() == Code::kNotFound);
  });
}

BOOST_AUTO_TEST_CASE(hc_w02_logs_summaries_graphs_and_run_metadata_keep_their_order) {
  InFiber([](Env& env, FakeEnv&) {
    const auto writer = MakeEventsFileWriter(env, "/d");
    writer->AddSessionLog(SessionLogStatus::kStart, "", 1);
    writer->AddSummary(SummaryBytes("mee", 10), 10);
    writer->AddSummary(SummaryBytes("boo", 20), 20);
    writer->AddGraphDef("graph", 30);
    BOOST_TEST(writer->AddRunMetadata("test run", "metadata", 40).ok());
    BOOST_TEST(writer->AddRunMetadata("test run", "again", 41).code() == Code::kValueError);
    BOOST_TEST(writer->Close().ok());
    const auto events = Events(env);
    BOOST_REQUIRE(events.size() == 6U);
    const std::vector<std::int64_t> steps = {0, 1, 10, 20, 30, 40};
    for (std::size_t i = 0; i < events.size(); ++i) BOOST_TEST(events[i].step() == steps[i]);
    BOOST_TEST(events[1].session_log().status() == v1::tf::SessionLog::START);
    BOOST_TEST(events[2].summary().value(0).tag() == "mee");
    BOOST_TEST(events[3].summary().value(0).simple_value() == 20);
    BOOST_TEST(events[4].graph_def() == "graph");
    BOOST_TEST(events[5].tagged_run_metadata().tag() == "test run");
    BOOST_TEST(events[5].tagged_run_metadata().run_metadata() == "metadata");
  });
}

BOOST_AUTO_TEST_CASE(hc_w03_a_writer_of_the_cache_starts_with_the_graph_at_step_0) {  // CK-2114
  InFiber([](Env& env, FakeEnv&) {
    EventsWriterCache cache(env);
    cache.Get("/d", "graph", "meta graph");
    cache.Clear();
    const auto events = Events(env);
    BOOST_REQUIRE(events.size() == 3U);
    BOOST_TEST(events[1].graph_def() == "graph");
    BOOST_TEST(events[2].meta_graph_def() == "meta graph");
    BOOST_TEST(events[1].step() == 0);
  });
}

BOOST_AUTO_TEST_CASE(hc_w04_w05_w06_the_graph_is_kept_as_it_is_given) {
  // Arguments have no names here; what differs is whether the graph comes with shapes.
  for (const bool shapes : {true, false}) {
    InFiber([&](Env& env, FakeEnv&) {
      v1::tf::GraphDef graph;
      v1::tf::NodeDef* node = graph.add_node();
      node->set_name("a");
      node->set_op("NoOp");
      if (shapes) node->add_attr()->set_key("_output_shapes");
      v1::tf::MetaGraphDef meta;
      *meta.mutable_graph_def() = graph;
      EventsWriterCache cache(env);
      cache.Get("/d", graph.SerializeAsString(), meta.SerializeAsString());
      cache.Clear();
      const auto events = Events(env);
      BOOST_REQUIRE(events.size() == 3U);
      BOOST_TEST(events[0].file_version() == "brain.Event:2");
      BOOST_TEST((events[1].graph_def() == graph.SerializeAsString()));
      BOOST_TEST((events[2].meta_graph_def() == meta.SerializeAsString()));
      BOOST_TEST(events[1].step() == 0);
      BOOST_TEST(events[2].step() == 0);
      v1::tf::GraphDef read;
      BOOST_REQUIRE(read.ParseFromString(events[1].graph_def()));
      BOOST_TEST(read.node(0).attr_size() == (shapes ? 1 : 0));
    });
  }
}

BOOST_AUTO_TEST_CASE(hc_w08_closing_an_idle_writer_takes_no_time_and_makes_no_file) {
  InFiber([](Env& env, FakeEnv& fake) {
    const TimePoint before = env.clock.Now();
    const auto writer = MakeEventsFileWriter(env, "/d");
    BOOST_TEST(writer->Close().ok());
    BOOST_CHECK(env.clock.Now() == before);
    BOOST_TEST(!fake.files().Exists(kPath));
  });
}

BOOST_AUTO_TEST_CASE(hc_w09_a_scope_leaves_one_file) {
  InFiber([](Env& env, FakeEnv&) {
    {
      const auto writer = MakeEventsFileWriter(env, "/d");
      writer->AddSessionLog(SessionLogStatus::kStart, "", 1);
    }
    BOOST_TEST(FindEventsFiles(env.files, "/d")->size() == 1U);
    const auto events = Events(env);
    BOOST_REQUIRE(events.size() == 2U);  // the first event is flushed when it is added
    BOOST_TEST(events[1].session_log().status() == v1::tf::SessionLog::START);
  });
}

BOOST_AUTO_TEST_CASE(hc_w10_steps_are_kept_and_may_be_missing) {
  InFiber([](Env& env, FakeEnv&) {
    const auto writer = MakeEventsFileWriter(env, "/d");
    writer->AddSummary(SummaryBytes("a", 1), 1);
    writer->AddSummary(SummaryBytes("a", 2), std::nullopt);
    BOOST_TEST(writer->Close().ok());
    BOOST_TEST(Events(env)[1].step() == 1);
    BOOST_TEST(Events(env)[2].step() == 0);
  });
}

BOOST_AUTO_TEST_CASE(hc_w11_one_writer_for_each_directory) {  // CK-2115
  InFiber([](Env& env, FakeEnv& fake) {
    EventsWriterCache cache(env);
    EventsWriter& a = cache.Get("/d", "g", "m");
    BOOST_TEST(&cache.Get("/d", "other", "m") == &a);
    BOOST_TEST(&cache.Get("/e", "g", "m") != &a);
    cache.Clear();
    BOOST_TEST(fake.files().Exists(kPath));
    BOOST_TEST(FindEventsFiles(env.files, "/e")->size() == 1U);
    // What the cache makes afterwards is another writer, in the same second of the same file.
    cache.Get("/d", "third", "m").AddScalar("x", 1, 1);
    cache.Clear();
    BOOST_TEST(Events(env)[1].graph_def() == "third");
  });
}

BOOST_AUTO_TEST_CASE(metadata_stays_on_the_first_value_of_a_tag) {  // CK-2110
  InFiber([](Env& env, FakeEnv&) {
    const auto writer = MakeEventsFileWriter(env, "/d");
    writer->AddSummary(SummaryBytes("t", 1, true), 1);
    writer->AddSummary(SummaryBytes("t", 2, true), 2);
    writer->AddSummary(SummaryBytes("u", 2, true), 2);
    BOOST_TEST(writer->Close().ok());
    const auto events = Events(env);
    BOOST_TEST(events[1].summary().value(0).has_metadata());
    BOOST_TEST(!events[2].summary().value(0).has_metadata());
    BOOST_TEST(events[3].summary().value(0).has_metadata());
  });
}

BOOST_AUTO_TEST_CASE(the_first_event_is_flushed_and_then_the_first_after_120_s) {  // CK-2111
  InFiber([](Env& env, FakeEnv& fake) {
    const auto writer = MakeEventsFileWriter(env, "/d");
    writer->AddScalar("a", 1, 1);
    BOOST_TEST(Events(env).size() == 2U);
    fake.Advance(Duration::Seconds(119));
    writer->AddScalar("a", 2, 2);
    BOOST_TEST(Events(env).size() == 2U);  // what a crash would lose
    fake.Advance(Duration::Seconds(2));
    BOOST_TEST(Events(env).size() == 2U);  // looked at only when an event arrives
    writer->AddScalar("a", 3, 3);
    BOOST_TEST(Events(env).size() == 4U);
    writer->AddScalar("a", 4, 4);
    BOOST_TEST(Events(env).size() == 4U);
    BOOST_TEST(writer->Flush().ok());
    BOOST_TEST(Events(env).size() == 5U);
  });
}

BOOST_AUTO_TEST_CASE(a_closed_writer_ignores_events_with_a_warning_each) {  // CK-2112
  InFiber([](Env& env, FakeEnv& fake) {
    const auto writer = MakeEventsFileWriter(env, "/d");
    writer->AddScalar("a", 1, 1);
    BOOST_TEST(writer->Close().ok());
    writer->AddScalar("a", 2, 2);
    writer->AddScalar("a", 3, 3);
    BOOST_TEST(fake.logger().Count("closed writer") == 2);
    BOOST_TEST(Events(env).size() == 2U);
    BOOST_TEST(writer->Close().ok());
  });
}

BOOST_AUTO_TEST_CASE(lost_events_are_a_warning_and_no_error) {  // CK-2113
  InFiber([](Env& env, FakeEnv& fake) {
    fake.files().Fail({.op = FileOp::kCreate, .status = Status(Code::kResourceExhausted, "full")});
    const auto writer = MakeEventsFileWriter(env, "/d");
    writer->AddScalar("a", 1, 1);
    BOOST_TEST(fake.logger().Count("An event is lost") == 1);
    writer->AddScalar("a", 2, 2);
    BOOST_TEST(Events(env).size() == 2U);
    writer->AddSummary("no summary \xff", 3);
    BOOST_TEST(fake.logger().Count("cannot be parsed") == 1);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
