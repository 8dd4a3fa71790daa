#include "core/session/training_graph.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/meta_graph.h"
#include "core/graph/ops.h"
#include "core/session/monitored_session.h"
#include "core/session/queue_runner.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

// A MetaGraphDef that TensorFlow wrote.
std::string Stored(const std::string& name) {
  std::ifstream in(FL_SOURCE_DIR "/core/session/testdata/traces/graphs/" + name, std::ios::binary);
  BOOST_TEST_REQUIRE(in.good(), name);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

BOOST_AUTO_TEST_SUITE(training_graph)

BOOST_AUTO_TEST_CASE(qr_23_a_runner_of_an_imported_graph_feeds_a_monitored_session) {
  TestProcess process;
  const TrainingGraph imported = ImportTrainingGraph(process.runtime, Stored("queue.meta"));
  Graph& graph = *imported.graph;
  const auto runners = GetQueueRunners(graph);
  BOOST_TEST_REQUIRE(runners.size() == 1U);
  BOOST_TEST(runners[0]->name() == "items");
  BOOST_TEST(runners[0]->close_op()->name() == "close");
  BOOST_TEST(runners[0]->cancel_op()->name() == "cancel");
  process.Run([&] {
    MonitoredSession session(process.runtime, graph);
    std::vector<std::int32_t> items;
    WithSession(session, [&](MonitoredSession& s) {
      while (!s.ShouldStop()) items.push_back(s.Run("item:0").scalar<std::int32_t>());
    });
    // QR-24: drained to the end, which is a quiet one.
    BOOST_TEST(items == (std::vector<std::int32_t>{0, 1, 2}), boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(an_imported_graph_brings_its_saver) {
  TestProcess process;
  const TrainingGraph with = ImportTrainingGraph(process.runtime, Stored("model.meta"));
  BOOST_TEST_REQUIRE(with.saver != nullptr);
  BOOST_TEST(!with.saver->empty());
  process.Run([&] {
    const auto session = process.OpenSession(*with.graph);
    session->Run(Fetch::List{"init_all", "init_locals"});
    session->Run("train");
    const std::string path = with.saver->Save(*session, "/dir/model.ckpt", {.global_step = 1});
    session->Run("train");
    with.saver->Restore(*session, path);
    BOOST_TEST(session->Run("g:0").scalar<std::int64_t>() == 1);
    session->Close();
  });
  BOOST_TEST(ImportTrainingGraph(process.runtime, Stored("queue.meta")).saver == nullptr);
}

BOOST_AUTO_TEST_CASE(what_was_exported_comes_back_equal) {
  TestProcess process;
  Graph graph;
  const StepModel model(graph);
  const Queue queue = FifoQueue(graph, 3, {DataType::kInt64}, "q");
  const auto runner = std::make_shared<QueueRunner>(
      QueueRunnerOptions{.queue = queue,
                         .enqueue_ops = {Enqueue(queue, {model.step})},
                         .queue_closed_codes = {Code::kCancelled}});
  AddQueueRunner(graph, runner);
  const auto saver = std::make_shared<Saver>(process.runtime, graph);
  graph.AddToCollection(GraphKeys::kSavers, std::shared_ptr<CollectionObject>(saver));
  const std::string bytes = saver->MetaGraph();

  const TrainingGraph imported = ImportTrainingGraph(process.runtime, bytes);
  const auto back = GetQueueRunners(*imported.graph);
  BOOST_TEST_REQUIRE(back.size() == 1U);
  BOOST_TEST(back[0]->Serialize() == runner->Serialize());
  BOOST_TEST(&back[0]->queue().handle.op->graph() == imported.graph.get());
  const auto savers = imported.graph->GetCollection(GraphKeys::kSavers);
  BOOST_TEST_REQUIRE(savers.size() == 1U);
  const auto object = std::get<std::shared_ptr<CollectionObject>>(savers[0]);
  BOOST_TEST(std::dynamic_pointer_cast<Saver>(object) != nullptr);
  BOOST_TEST(
      SerializeMetaGraph(*imported.graph, {.serialized_saver_def = imported.saver->Serialize(),
                                           .clear_devices = false,
                                           .strip_default_attrs = false}) == bytes);
}

BOOST_AUTO_TEST_CASE(what_is_no_training_graph_is_refused) {
  TestProcess process;
  BOOST_CHECK_THROW(ImportTrainingGraph(process.runtime, "\xff\xff"), InvalidArgumentError);
  Graph graph;
  NoOp(graph, "op");
  graph.AddToCollection(GraphKeys::kQueueRunners, std::string("\x0a\x01q"));
  const std::string bytes = SerializeMetaGraph(graph, {});
  const Status status = ErrorOf([&] { ImportTrainingGraph(process.runtime, bytes); });
  BOOST_TEST(!status.ok());
  BOOST_TEST(status.message().find("queue_runners") != std::string::npos, status.ToString());
  BOOST_TEST(status.message().find("names q,") != std::string::npos, status.ToString());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
