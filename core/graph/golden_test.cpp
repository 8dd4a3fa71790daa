#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include <boost/test/unit_test.hpp>

#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/graph/optimizer.h"
#include "core/graph/render.h"
#include "core/proto/meta_graph.pb.h"

// Graphs that TensorFlow wrote, rebuilt with the functions of this folder and compared node by
// node.
namespace faultline {
namespace {

namespace tf = v1::tf;

std::string ReadTestData(const std::string& name) {
  const std::string path = std::string(FL_SOURCE_DIR) + "/core/graph/testdata/" + name;
  std::ifstream file(path, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file.good(), "cannot read " << path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::unique_ptr<Graph> GraphOfMeta(const std::string& name) {
  tf::MetaGraphDef meta;
  BOOST_REQUIRE(meta.ParseFromString(ReadTestData(name)));
  auto graph = GraphFromDef(meta.graph_def().SerializeAsString());
  BOOST_REQUIRE_MESSAGE(graph.ok(), graph.status().ToString());
  return *std::move(graph);
}

// Attributes that later TensorFlows add, and hints that no runtime needs.
bool IsCompared(const std::string& attr) {
  return attr != "_has_manual_control_dependencies" && attr != "grad_a" && attr != "grad_b";
}

// A node in one line: everything that a runtime would see but its device.
std::string Describe(const Operation& op) {
  std::string text = op.type() + "(";
  for (const Output& input : op.inputs()) text += input.name() + ",";
  std::set<std::string> controls;
  for (const Operation* control : op.control_inputs()) controls.insert(control->name());
  for (const std::string& control : controls) text += "^" + control + ",";
  text += ")";
  for (const auto& [name, value] : op.attrs()) {
    if (!IsCompared(name)) continue;
    tf::AttrValue proto;
    AttrToProto(value, &proto);
    text += " " + name + "=" + proto.ShortDebugString();
  }
  for (int i = 0; i < op.num_outputs(); ++i) text += " " + op.output_shape(i).ToString();
  return text;
}

void CheckSameNodes(const Graph& ours, const Graph& golden,
                    const std::function<bool(const std::string&)>& left_out = nullptr) {
  for (const auto& op : golden.operations()) {
    if (left_out && left_out(op->name())) continue;
    const Operation* same = ours.FindOperation(op->name());
    BOOST_TEST_CONTEXT(op->name()) {
      BOOST_TEST((same != nullptr));
      if (same == nullptr) continue;
      BOOST_TEST(Describe(*same) == Describe(*op));
      // Some of the graphs were made without devices for the reports.
      if (!op->device().empty()) BOOST_TEST(same->device() == op->device());
    }
  }
  for (const auto& op : ours.operations()) {
    BOOST_TEST((golden.FindOperation(op->name()) != nullptr), "not in golden: " << op->name());
  }
}

Output After(Operation* first, Output value, const std::string& name) {
  const ControlScope scope(value.op->graph(), {first});
  return Identity(value, name);
}

Operation* Set(const Variable& variable) {
  Graph& graph = variable.handle.op->graph();
  const std::string name = "set_" + variable.name();
  const Output value =
      Placeholder(graph, variable.dtype(), variable.handle.shape(), name + "/value/");
  return Group(graph, {Assign(variable, value).op}, name);
}

// What every golden graph of this kind ends with.
void AddReports(Graph& graph) {
  const auto globals = graph.GetVariables(GraphKeys::kGlobalVariables);
  const auto locals = graph.GetVariables(GraphKeys::kLocalVariables);
  Group(graph, {VariablesInitializer(graph, globals)}, "init_all");
  Group(graph, {VariablesInitializer(graph, locals)}, "init_locals");
  Identity(ReportUninitializedVariables(graph), "report_all");
  Identity(ReportUninitializedVariables(graph, globals), "report_globals");
  Identity(ReportUninitializedVariables(graph, locals), "report_locals");
  Identity(AssertVariablesInitialized(graph), "assert_all");
}

BOOST_AUTO_TEST_SUITE(golden_graphs)

BOOST_AUTO_TEST_CASE(a_counter_has_the_nodes_that_tensorflow_makes) {
  Graph graph;
  const Variable step = CreateGlobalStep(graph);
  GetOrCreateGlobalStepRead(graph);
  Operation* by_one = IncrementGlobalStep(graph);
  Identity(After(by_one, step.handle, "read"), "step");
  Group(graph, {by_one}, "step_op");
  Identity(step.snapshot, "g");
  Operation* by_four = IncrementGlobalStep(graph, 4);
  Identity(After(by_four, step.handle, "read"), "step4");
  Constant(graph, Tensor::Scalar(5.0F), "five");
  Constant(graph, Tensor::Scalar(10.0F), "ten");
  const Output p =
      PlaceholderWithDefault(Constant(graph, Tensor::Scalar(1.0F), "p/input"), TensorShape(), "p");
  const Output q =
      PlaceholderWithDefault(Constant(graph, Tensor::Scalar(2.0F), "q/input"), TensorShape(), "q");
  Add(p, q, "sum");
  Identity(p, "p_read");
  NoOp(graph, "noop");
  Set(step);
  AddReports(graph);
  CheckSameNodes(graph, *GraphOfMeta("counter.meta"));
}

BOOST_AUTO_TEST_CASE(se_23_guarded_initial_values_have_the_nodes_that_tensorflow_makes) {
  Graph graph;
  const Variable v = MakeVariable(graph, Constant(graph, Tensor::Scalar(1)), "v",
                                  {.trainable = true, .collections = {}});
  const Variable w = MakeLocalVariable(graph, InitializedValue(v), "w");
  const Output read = InitializedValue(v);
  Output product;
  {
    const NameScope scope(graph, "mul");
    product = Mul(read, Constant(graph, Tensor::Scalar(3), "y"), "mul/");
  }
  const Variable x = MakeLocalVariable(graph, product, "x");
  for (const Variable& variable : {v, w, x}) Set(variable);
  AddReports(graph);
  auto golden = GraphFromDef(ReadTestData("local_from_global.graph.pb"));
  BOOST_REQUIRE_MESSAGE(golden.ok(), golden.status().ToString());
  CheckSameNodes(graph, **golden,
                 [](const std::string& name) { return name.starts_with("save/"); });
}

BOOST_AUTO_TEST_CASE(linear_regression_has_the_nodes_that_tensorflow_makes) {
  const auto golden = GraphOfMeta("linear_gd.meta");
  const auto data = [&golden](const char* name) {
    return golden->FindOperation(name)->attr<Tensor>("value");
  };
  Graph graph;
  const Variable w = MakeZeroVariable(graph, DataType::kFloat, TensorShape({3, 1}), "w");
  const Variable b = MakeZeroVariable(graph, DataType::kFloat, TensorShape(), "b");
  const Output product = MatMul(Constant(graph, data("Const")), w.value());
  const Output wrong = Sub(Add(product, b.value()), Constant(graph, data("Const_1")));
  const Output loss = ReduceMean(Square(wrong), "loss");
  ScalarSummary("loss_value", loss);
  const Variable step = CreateGlobalStep(graph);
  Operation* train = GradientDescentOptimizer(0.2F).Minimize(graph, loss, step);
  BOOST_TEST(train->name() == "GradientDescent");
  GetOrCreateGlobalStepRead(graph);
  const std::vector<Variable> none;
  Operation* init = VariablesInitializer(graph, graph.GetVariables(GraphKeys::kGlobalVariables));
  Group(graph, {init, VariablesInitializer(graph, none)});
  const Output variables = ReportUninitializedVariables(graph);
  Concat({variables, ReportUninitializedResources(graph)}, 0);
  const Output global =
      ReportUninitializedVariables(graph, graph.GetVariables(GraphKeys::kGlobalVariables));
  Concat({global, ReportUninitializedResources(graph)}, 0);
  Operation* init_2 = VariablesInitializer(graph, none);
  Operation* tables = NoOp(graph, "init_all_tables");
  Group(graph, {init_2, tables, VariablesInitializer(graph, none)});
  MergeAllSummaries(graph);
  CheckSameNodes(graph, *golden, [](const std::string& name) { return name.starts_with("save/"); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
