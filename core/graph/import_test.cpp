#include <boost/test/unit_test.hpp>

#include "core/base/prng.h"
#include "core/graph/global_step.h"
#include "core/graph/graph.h"
#include "core/graph/ops.h"
#include "core/graph/optimizer.h"
#include "core/proto/graph.pb.h"

namespace faultline {
namespace {

namespace tf = v1::tf;

// Variables, conditionals, queues, gradients: every kind of node and attribute.
void BuildSample(Graph& graph) {
  const Variable step = CreateGlobalStep(graph);
  GetOrCreateGlobalStepRead(graph);
  const Output x = Placeholder(graph, DataType::kFloat, PartialShape({-1, 3}), "x");
  const Variable w = MakeZeroVariable(graph, DataType::kFloat, TensorShape({3, 2}), "w");
  const Variable b = MakeVariable(graph, Tensor::Of({0.5F, 1.5F}), "b");
  MakeLocalVariable(graph, Add(w.value(), b.value()), "copy");
  const Output loss = ReduceMean(Square(BiasAdd(MatMul(x, w.value()), b.value())), "loss");
  GradientDescentOptimizer(0.1F).Minimize(graph, loss, step);
  ScalarSummary("loss_1", loss);
  MergeAllSummaries(graph);
  const Queue queue = FifoQueue(graph, 3, {DataType::kInt32, DataType::kString}, "queue");
  const DeviceScope device(graph, "/job:ps/task:1");
  Enqueue(queue, {Constant(graph, Tensor::Scalar(1)), Constant(graph, Tensor::Scalar("a"))});
  Dequeue(queue);
  CloseQueue(queue, true);
  ReportUninitializedVariables(graph);
}

// The message of the error of importing `def`.
std::string ErrorOf(const tf::GraphDef& def) {
  const auto graph = GraphFromDef(def.SerializeAsString());
  if (graph.ok()) return "no error";
  BOOST_TEST((graph.status().code() == Code::kInvalidArgument));
  return graph.status().message();
}

bool Mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

tf::NodeDef* AddNode(tf::GraphDef* def, const char* name, const char* op,
                     std::initializer_list<const char*> inputs) {
  tf::NodeDef* node = def->add_node();
  node->set_name(name);
  node->set_op(op);
  for (const char* input : inputs) node->add_input(input);
  return node;
}

void SetType(tf::NodeDef* node, const char* attr, tf::DataType type) {
  tf::AttrEntry* entry = node->add_attr();
  entry->set_key(attr);
  entry->mutable_value()->set_type(type);
}

BOOST_AUTO_TEST_SUITE(graph_from_def)

BOOST_AUTO_TEST_CASE(a_graph_survives_the_round_trip_unchanged) {
  Graph graph;
  BuildSample(graph);
  const auto copy = GraphFromDef(graph.SerializedGraphDef());
  BOOST_REQUIRE_MESSAGE(copy.ok(), copy.status().ToString());
  BOOST_TEST(((*copy)->SerializedGraphDef() == graph.SerializedGraphDef()));
  BOOST_TEST((*copy)->GraphDefText() == graph.GraphDefText());
  BOOST_TEST((*copy)->Digest() == graph.Digest());
}

BOOST_AUTO_TEST_CASE(an_imported_graph_can_grow) {
  Graph graph;
  BuildSample(graph);
  const auto copy = GraphFromDef(graph.SerializedGraphDef());
  BOOST_REQUIRE(copy.ok());
  BOOST_TEST(NoOp(**copy, "loss")->name() == "loss_2");
  BOOST_TEST((GetGlobalStep(**copy).handle.op == (*copy)->FindOperation("global_step")));
}

BOOST_AUTO_TEST_CASE(nodes_may_come_in_any_order) {
  Graph graph;
  BuildSample(graph);
  tf::GraphDef def;
  BOOST_REQUIRE(def.ParseFromString(graph.SerializedGraphDef()));
  tf::GraphDef reversed;
  for (int i = def.node_size() - 1; i >= 0; --i) *reversed.add_node() = def.node(i);
  const auto copy = GraphFromDef(reversed.SerializeAsString());
  BOOST_REQUIRE_MESSAGE(copy.ok(), copy.status().ToString());
  BOOST_TEST((*copy)->operations().size() == graph.operations().size());
}

BOOST_AUTO_TEST_CASE(the_error_names_the_node_and_what_is_wrong) {
  tf::GraphDef unknown_op;
  AddNode(&unknown_op, "a", "Frobnicate", {});
  BOOST_TEST(ErrorOf(unknown_op) == "Node 'a': op type 'Frobnicate' is not known");

  tf::GraphDef no_input;
  SetType(AddNode(&no_input, "a", "Identity", {"b"}), "T", tf::DT_FLOAT);
  BOOST_TEST(ErrorOf(no_input) == "Node 'a': input 'b' is not in the graph");

  tf::GraphDef twice;
  AddNode(&twice, "a", "NoOp", {});
  AddNode(&twice, "a", "NoOp", {});
  BOOST_TEST(ErrorOf(twice) == "Node 'a': there are two nodes of this name");

  tf::GraphDef cycle;
  AddNode(&cycle, "first", "NoOp", {});
  AddNode(&cycle, "a", "NoOp", {"^b"});
  AddNode(&cycle, "b", "NoOp", {"^a"});
  BOOST_TEST(ErrorOf(cycle) == "Node 'a': it is part of a cycle");

  tf::GraphDef index;
  AddNode(&index, "a", "NoOp", {});
  SetType(AddNode(&index, "b", "Identity", {"a:0"}), "T", tf::DT_FLOAT);
  BOOST_TEST(ErrorOf(index) == "Node 'b': input 'a:0': that node has 0 outputs");

  tf::GraphDef order;
  AddNode(&order, "a", "NoOp", {});
  AddNode(&order, "b", "Identity", {"^a", "a"});
  BOOST_TEST(ErrorOf(order) == "Node 'b': input 'a' follows a control input");

  tf::GraphDef attr;
  tf::AttrEntry* entry = AddNode(&attr, "a", "NoOp", {})->add_attr();
  entry->set_key("size");
  entry->mutable_value()->set_i(1);
  BOOST_TEST(Mentions(ErrorOf(attr), "Node 'a': no attribute 'size'"));

  tf::GraphDef type;
  SetType(AddNode(&type, "p", "Placeholder", {}), "dtype", static_cast<tf::DataType>(77));
  BOOST_TEST(Mentions(ErrorOf(type), "Node 'p': attribute 'dtype'"));

  tf::GraphDef name;
  AddNode(&name, "a b", "NoOp", {});
  BOOST_TEST(ErrorOf(name) == "Node 'a b': its name is not valid");

  BOOST_TEST((GraphFromDef("no message").status().code() == Code::kInvalidArgument));
}

BOOST_AUTO_TEST_CASE(shapes_that_contradict_are_refused) {
  Graph graph;
  const Output x = Placeholder(graph, DataType::kFloat, PartialShape({2, 3}), "x");
  const Output y = Placeholder(graph, DataType::kFloat, PartialShape({3, 4}), "y");
  MatMul(x, y, false, false, "product");
  tf::GraphDef def;
  BOOST_REQUIRE(def.ParseFromString(graph.SerializedGraphDef()));
  for (auto& attr : *def.mutable_node(1)->mutable_attr()) {
    if (attr.key() == "shape") attr.mutable_value()->mutable_shape()->mutable_dim(0)->set_size(5);
  }
  BOOST_TEST(Mentions(ErrorOf(def), "product"));
}

BOOST_AUTO_TEST_CASE(every_prefix_and_random_damage_end_in_an_answer) {
  Graph graph;
  BuildSample(graph);
  const std::string& good = graph.SerializedGraphDef();
  int refused = 0;
  for (std::size_t size = 0; size < good.size(); size += 7) {
    if (!GraphFromDef(std::string_view(good).substr(0, size)).ok()) ++refused;
  }
  BOOST_TEST(refused > 0);
  refused = 0;
  Prng prng(20240229);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    const auto flips = 1 + prng.Below(4);
    for (std::uint64_t i = 0; i < flips; ++i) {
      char& byte = bytes[static_cast<std::size_t>(prng.Below(bytes.size()))];
      byte = static_cast<char>(prng.Below(256));
    }
    const auto result = GraphFromDef(bytes);
    if (!result.ok()) {
      ++refused;
      BOOST_TEST((result.status().code() == Code::kInvalidArgument));
    }
  }
  BOOST_TEST(refused > 1000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
