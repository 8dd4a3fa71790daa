#include "core/session/hooks/chrome_trace.h"

#include <string>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/proto/step_stats.pb.h"

namespace faultline::internal {
namespace {

TimePoint At(std::int64_t nanoseconds) { return TimePoint::FromNanoseconds(nanoseconds); }

// c and d run at once, then sum, which was given an unknown operation as well.
struct Run {
  Run() {
    const Output c = Constant(graph, Tensor::Scalar(1.0F), "c");
    const Output d = Constant(graph, Tensor::Scalar(2.0F), "d");
    Add(c, d, "sum");
    metadata.node_stats = {
        {"c", "Const", At(1'000), Duration::Nanoseconds(2'500), 4},
        {"d", "Const", At(2'000), Duration::Nanoseconds(1'000), 4},
        {"sum", "Add", At(4'000), Duration::Nanoseconds(7), 4},
        {"else\"where", "Recv", At(5'000), Duration(), 0},
    };
  }
  std::string Trace(ChromeTraceOptions options) { return ChromeTrace(metadata, graph, options); }

  Graph graph;
  RunMetadata metadata;
};

const std::string kNames =
    "{\"traceEvents\":[\n"
    R"({"ph":"M","name":"process_name","pid":1,"args":{"name":"/device:CPU:0 Compute"}},)"
    "\n"
    R"({"ph":"M","name":"thread_name","pid":1,"tid":0,"args":{"name":"lane 0"}},)"
    "\n"
    R"({"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"lane 1"}},)"
    "\n";
const std::string kOperations =
    R"({"ph":"X","cat":"Op","name":"Const","pid":1,"tid":0,"ts":1.000,"dur":2.500,)"
    R"("args":{"name":"c","op":"Const"}},)"
    "\n"
    R"({"ph":"X","cat":"Op","name":"Const","pid":1,"tid":1,"ts":2.000,"dur":1.000,)"
    R"("args":{"name":"d","op":"Const"}},)"
    "\n"
    R"({"ph":"X","cat":"Op","name":"Add","pid":1,"tid":0,"ts":4.000,"dur":0.007,)"
    R"("args":{"name":"sum","op":"Add","input0":"c:0","input1":"d:0"}},)"
    "\n"
    R"({"ph":"X","cat":"Op","name":"Recv","pid":1,"tid":0,"ts":5.000,"dur":0.000,)"
    R"("args":{"name":"else\"where","op":"Recv"}})";
const std::string kEnd = "\n]}\n";

BOOST_AUTO_TEST_SUITE(chrome_trace)

BOOST_AUTO_TEST_CASE(operations_that_run_at_once_lie_in_lanes) {
  BOOST_TEST(Run().Trace({.show_dataflow = false}) == kNames + kOperations + kEnd);
}

BOOST_AUTO_TEST_CASE(dataflow_is_drawn_from_the_maker_to_the_taker) {
  const std::string flow =
      ",\n"
      R"({"ph":"s","cat":"DataFlow","name":"c:0","pid":1,"tid":0,"ts":3.500,"id":1},)"
      "\n"
      R"({"ph":"f","bp":"e","cat":"DataFlow","name":"c:0","pid":1,"tid":0,"ts":4.000,"id":1},)"
      "\n"
      R"({"ph":"s","cat":"DataFlow","name":"d:0","pid":1,"tid":1,"ts":3.000,"id":2},)"
      "\n"
      R"({"ph":"f","bp":"e","cat":"DataFlow","name":"d:0","pid":1,"tid":0,"ts":4.000,"id":2})";
  BOOST_TEST(Run().Trace({}) == kNames + kOperations + flow + kEnd);
}

BOOST_AUTO_TEST_CASE(memory_is_held_from_the_maker_to_the_last_taker) {
  const auto counter = [](std::string_view time, int bytes) {
    return R"({"ph":"C","cat":"Memory","name":"values","pid":1,"ts":)" + std::string(time) +
           R"(,"args":{"bytes":)" + std::to_string(bytes) + "}}";
  };
  // At 4.007 sum makes its value, and those of c and d are needed no more.
  BOOST_TEST(Run().Trace({.show_dataflow = false, .show_memory = true}) ==
             kNames + kOperations + ",\n" + counter("3.000", 4) + ",\n" + counter("3.500", 8) +
                 ",\n" + counter("4.007", 4) + kEnd);
}

BOOST_AUTO_TEST_CASE(hk_1307_nothing_was_traced) {
  Run run;
  run.metadata = RunMetadata();
  BOOST_TEST(run.Trace({.show_memory = true}) == "{\"traceEvents\":[\n]}\n");
  BOOST_TEST(SerializeRunMetadata(run.metadata, run.graph).empty());
}

BOOST_AUTO_TEST_CASE(each_device_is_a_process) {
  Run run;
  run.graph.FindOperation("c");
  {
    const DeviceScope ps(run.graph, "/job:ps");
    Constant(run.graph, Tensor::Scalar(3.0F), "e");
  }
  run.metadata.node_stats.push_back({"e", "Const", At(0), Duration(), 4});
  const std::string trace = run.Trace({});
  BOOST_TEST(trace.find(R"("pid":2,"args":{"name":"/job:ps Compute"})") != std::string::npos);
  BOOST_TEST(trace.find(R"("pid":2,"tid":0,"ts":0.000)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_message_holds_the_same) {
  Run run;
  run.metadata.partition_graphs = {"graph"};
  v1::tf::RunMetadata message;
  BOOST_TEST(message.ParseFromString(SerializeRunMetadata(run.metadata, run.graph)));
  BOOST_REQUIRE(message.step_stats().dev_stats_size() == 1);
  const auto& device = message.step_stats().dev_stats(0);
  BOOST_TEST(device.device() == "/device:CPU:0");
  BOOST_REQUIRE(device.node_stats_size() == 4);
  const auto& sum = device.node_stats(2);
  BOOST_TEST(sum.node_name() == "sum");
  BOOST_TEST(sum.timeline_label() == "sum = Add(c, d)");
  BOOST_TEST(sum.all_start_micros() == 4);
  BOOST_TEST(device.node_stats(0).all_end_rel_micros() == 2);
  BOOST_TEST(device.node_stats(1).thread_id() == 1U);
  BOOST_REQUIRE(sum.memory_size() == 1);
  BOOST_TEST(sum.memory(0).total_bytes() == 4);
  BOOST_REQUIRE(message.partition_graphs_size() == 1);
  BOOST_TEST(message.partition_graphs(0) == "graph");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::internal
