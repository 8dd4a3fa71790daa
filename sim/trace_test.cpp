#include "sim/trace.h"

#include <boost/test/unit_test.hpp>

#include "sim/certificate.h"

namespace faultline::sim {
namespace {

void Note(Trace* trace, std::string_view name, std::initializer_list<Field> fields,
          std::uint64_t digest = 0) {
  trace->Add({.time = TimePoint::FromNanoseconds(1'500'000'000),
              .node = 0,
              .incarnation = 1,
              .kind = EventKind::kFile,
              .name = name,
              .fields = std::span<const Field>(fields.begin(), fields.size()),
              .digest = digest});
}

// A run of `events` events, of which one bears another number.
TraceRecord RunWith(const TraceOptions& options, std::uint64_t events, std::uint64_t odd) {
  Trace trace(options);
  for (std::uint64_t i = 1; i <= events; ++i) {
    Note(&trace, "Write", {{"offset", i == odd ? std::int64_t{-1} : static_cast<std::int64_t>(i)}});
  }
  return trace.Record({"chief"});
}

BOOST_AUTO_TEST_SUITE(trace)

BOOST_AUTO_TEST_CASE(content_belongs_to_values_and_the_rest_to_decisions) {
  const auto hashes = [](std::string_view path, std::string_view message, std::uint64_t digest) {
    Trace trace({});
    Note(&trace, "Write", {{"path", path}, {"message", message}}, digest);
    return trace.hashes();
  };
  const RunHashes base = hashes("/a", "m", 1);
  BOOST_TEST(hashes("/b", "m", 1).decisions != base.decisions);
  BOOST_TEST(hashes("/b", "m", 1).values == base.values);
  BOOST_TEST(hashes("/a", "n", 1).decisions == base.decisions);
  BOOST_TEST(hashes("/a", "n", 1).values != base.values);
  BOOST_TEST(hashes("/a", "m", 2).decisions == base.decisions);
  BOOST_TEST(hashes("/a", "m", 2).values != base.values);
}

BOOST_AUTO_TEST_CASE(the_ring_keeps_the_last_events_oldest_first) {
  const TraceRecord record = RunWith({.ring_size = 3}, 10, 0);
  BOOST_REQUIRE(record.tail.size() == 3U);
  BOOST_TEST(record.tail[0].event.number == 8U);
  BOOST_TEST(record.tail[2].event.number == 10U);
  BOOST_TEST((record.tail[2].hashes == record.hashes));
}

BOOST_AUTO_TEST_CASE(sinks_hear_every_event_while_it_happens) {
  struct Sink final : TraceSink {
    void OnEvent(const TraceEvent& event) override {
      numbers.push_back(event.number);
      last = std::get<std::int64_t>(event.fields[0].value);
    }
    std::vector<std::uint64_t> numbers;
    std::int64_t last = 0;
  };
  Trace trace({.ring_size = 0});
  Sink sink;
  trace.AddSink(&sink);
  Note(&trace, "Write", {{"offset", 5}});
  BOOST_TEST(sink.last == 5);
  Note(&trace, "Write", {{"offset", 6}});
  BOOST_TEST(sink.numbers == (std::vector<std::uint64_t>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(events_are_rendered_for_people) {
  Trace trace({});
  Note(&trace, "Rename", {{"path", "/a"}, {"length", 3}}, 255);
  const TraceRecord record = trace.Record({"chief"});
  BOOST_TEST(record.tail[0].Render(record.node_names) ==
             "1.500000000 chief#1 file Rename path=/a length=3 digest=00000000000000ff");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(certificate)

BOOST_AUTO_TEST_CASE(equal_runs_are_certified) {
  const Certificate result =
      Certify([](const TraceOptions& options) { return RunWith(options, 1000, 0); });
  BOOST_TEST(result.equal);
  BOOST_TEST(result.Describe().starts_with("two runs are equal"));
}

BOOST_AUTO_TEST_CASE(a_mismatch_names_the_first_event_with_both_values) {
  const Certificate result = CompareRuns(RunWith({}, 1000, 0), RunWith({}, 1000, 700));
  BOOST_TEST(!result.equal);
  BOOST_TEST(result.exact);
  BOOST_TEST(result.event == 700U);
  BOOST_TEST(result.Describe() ==
             "two runs differ first at event 700:\n"
             "  first run:  1.500000000 chief#1 file Write offset=700\n"
             "  second run: 1.500000000 chief#1 file Write offset=-1");
}

BOOST_AUTO_TEST_CASE(a_mismatch_long_ago_is_found_by_a_window_in_further_runs) {
  int runs = 0;
  const auto run = [&runs](const TraceOptions& options) {
    return RunWith(options, 5000, ++runs % 2 == 0 ? 300 : 0);
  };
  const Certificate result = Certify(run, {.ring_size = 10});
  BOOST_TEST(runs == 4);
  BOOST_TEST(result.exact);
  BOOST_TEST(result.event == 300U);
}

BOOST_AUTO_TEST_CASE(a_mismatch_that_no_run_shows_is_given_as_a_range) {
  const Certificate result =
      CompareRuns(RunWith({.ring_size = 10}, 5000, 0), RunWith({.ring_size = 10}, 5000, 300));
  BOOST_TEST(!result.exact);
  BOOST_TEST(result.Describe() == "two runs differ within events 257..512");
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_earlier_differs) {
  const Certificate result = CompareRuns(RunWith({}, 100, 0), RunWith({}, 101, 0));
  BOOST_TEST(result.event == 101U);
  BOOST_TEST(result.first == "(no event)");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
