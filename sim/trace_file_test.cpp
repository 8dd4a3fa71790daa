#include "sim/trace_file.h"

#include <boost/test/unit_test.hpp>

#include "sim/simulator.h"

namespace faultline::sim {
namespace {

BOOST_AUTO_TEST_SUITE(trace_file)

BOOST_AUTO_TEST_CASE(a_stored_trace_gives_every_event_back) {
  std::string bytes;
  int pieces = 0;
  TraceWriter writer([&](std::string_view piece) {
    bytes += piece;
    ++pieces;
  });
  Simulator simulator({.trace = {.ring_size = 100'000}});
  simulator.trace().AddSink(&writer);
  simulator.AddNode({.name = "chief"}).Start([](Env& env) {
    for (std::int64_t step = 1; step <= 1500; ++step) {
      env.observer.Announce(Point::kProgress, {{"step", step}});
      FL_ASSERT(WriteFile(env.files, "/x", "hello").ok());
    }
  });
  simulator.Run();
  writer.Flush();
  BOOST_TEST(pieces > 2);
  const TraceRecord record = simulator.Record();
  const auto events = ReadTrace(bytes);
  BOOST_REQUIRE(events.ok());
  BOOST_REQUIRE(events->size() == record.tail.size());
  BOOST_TEST(bytes.size() < 40 * events->size());
  for (std::size_t i = 0; i < events->size(); ++i) {
    const StoredEvent& event = (*events)[i];
    BOOST_REQUIRE(event.Render(record.node_names) == record.tail[i].Render(record.node_names));
    BOOST_REQUIRE((event.event.point == record.tail[i].event.point));
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_trace_are_refused) {
  BOOST_TEST((ReadTrace("nonsense").status().code() == Code::kInvalidArgument));
  const std::string name_out_of_range("\x12\x02\x28\x07", 4);
  const Status status = ReadTrace(name_out_of_range).status();
  BOOST_TEST(status.message() == "not a stored trace: the name of an event is missing");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
