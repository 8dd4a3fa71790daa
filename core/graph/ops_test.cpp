#include "core/graph/ops.h"

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/graph/constant_value.h"

namespace faultline {
namespace {

Output Of(Graph& graph, PartialShape shape, DataType dtype = DataType::kFloat) {
  return Placeholder(graph, dtype, std::move(shape), "in");
}

std::string ShapeText(Output output) { return output.shape().ToString(); }

Output Ints(Graph& graph, std::initializer_list<std::int32_t> values) {
  return Constant(graph, Tensor::Of(values));
}

BOOST_AUTO_TEST_SUITE(ops)

// ---- shapes ----

BOOST_AUTO_TEST_CASE(broadcasting_follows_the_rules_with_unknown_dimensions) {
  Graph graph;
  const Output a = Of(graph, {-1, 3});
  BOOST_TEST(ShapeText(Add(a, Of(graph, {3}))) == "[?,3]");
  BOOST_TEST(ShapeText(Mul(a, Of(graph, {2, 1}))) == "[2,3]");
  BOOST_TEST(ShapeText(Sub(Of(graph, {4, 1}), Of(graph, {1, 5}))) == "[4,5]");
  BOOST_TEST(ShapeText(RealDiv(a, Of(graph, PartialShape()))) == "<unknown>");
  BOOST_CHECK_THROW(Add(a, Of(graph, {4})), InvalidArgumentError);
}

BOOST_AUTO_TEST_CASE(matrix_products_check_their_inner_dimension) {
  Graph graph;
  BOOST_TEST(ShapeText(MatMul(Of(graph, {-1, 3}), Of(graph, {3, 2}))) == "[?,2]");
  BOOST_TEST(ShapeText(MatMul(Of(graph, {3, 5}), Of(graph, {2, 3}), true, true)) == "[5,2]");
  BOOST_TEST(ShapeText(MatMul(Of(graph, PartialShape()), Of(graph, {3, 2}))) == "[?,2]");
  BOOST_CHECK_THROW(MatMul(Of(graph, {2}), Of(graph, {2, 2})), InvalidArgumentError);
}

BOOST_AUTO_TEST_CASE(reshaping_finds_the_dimension_that_is_left_open) {
  Graph graph;
  const Output a = Of(graph, {4, 6});
  BOOST_TEST(ShapeText(Reshape(a, Ints(graph, {-1, 8}))) == "[3,8]");
  BOOST_TEST(ShapeText(Reshape(Of(graph, {-1, 2}), Ints(graph, {-1}))) == "[?]");
  BOOST_CHECK_THROW(Reshape(a, Ints(graph, {5, 5})), InvalidArgumentError);
  BOOST_CHECK_THROW(Reshape(a, Ints(graph, {-1, 7})), InvalidArgumentError);
  BOOST_TEST(ShapeText(Reshape(Of(graph, {2, 3}), ShapeOf(Of(graph, {-1, 3})))) == "[2,3]");
}

BOOST_AUTO_TEST_CASE(joining_adds_up_and_stacking_adds_a_dimension) {
  Graph graph;
  const Output a = Of(graph, {2, 3});
  BOOST_TEST(ShapeText(Concat({a, a, Of(graph, {-1, 3})}, 0)) == "[?,3]");
  BOOST_TEST(ShapeText(Concat({a, a}, 1)) == "[2,6]");
  BOOST_TEST(ShapeText(Concat({a, a}, -1)) == "[2,6]");
  BOOST_TEST(Concat({a}, 0).op->type() == "Identity");
  BOOST_CHECK_THROW(Concat({a, Of(graph, {3, 4})}, 0), InvalidArgumentError);
  BOOST_CHECK_THROW(Concat({a, a}, 2), InvalidArgumentError);
  BOOST_TEST(ShapeText(Pack({a, a, a})) == "[3,2,3]");
  BOOST_CHECK_THROW(Pack({a, Of(graph, {2})}), InvalidArgumentError);
}

BOOST_AUTO_TEST_CASE(gathering_puts_the_shape_of_the_indices_first) {
  Graph graph;
  BOOST_TEST(ShapeText(Gather(Of(graph, {10, 4}), Of(graph, {-1, 2}, DataType::kInt32))) ==
             "[?,2,4]");
}

BOOST_AUTO_TEST_CASE(reductions_over_everything_are_scalars) {
  Graph graph;
  BOOST_TEST(ShapeText(ReduceSum(Of(graph, {-1, 3}))) == "[]");
  BOOST_TEST(ShapeText(ReduceMean(Of(graph, {2}))) == "[]");
  const Output unknown = ReduceSum(Of(graph, PartialShape()));
  BOOST_TEST(unknown.op->inputs()[1].op->type() == "Range");
}

BOOST_AUTO_TEST_CASE(a_bias_must_fit_the_last_dimension) {
  Graph graph;
  BOOST_TEST(ShapeText(BiasAdd(Of(graph, {-1, -1}), Of(graph, {7}))) == "[?,7]");
  BOOST_CHECK_THROW(BiasAdd(Of(graph, {2, 3}), Of(graph, {7})), InvalidArgumentError);
  BOOST_CHECK_THROW(BiasAdd(Of(graph, {3}), Of(graph, {3})), InvalidArgumentError);
}

BOOST_AUTO_TEST_CASE(summands_must_agree) {
  Graph graph;
  BOOST_TEST(ShapeText(AddN({Of(graph, {-1, 3}), Of(graph, {2, -1})})) == "[2,3]");
  BOOST_CHECK_THROW(AddN({Of(graph, {2}), Of(graph, {3})}), InvalidArgumentError);
}

BOOST_AUTO_TEST_CASE(known_values_are_seen_before_running) {
  Graph graph;
  BOOST_TEST(ConstantValue(ShapeOf(Of(graph, {2, 3})))->ToString() == "[2 3]");
  BOOST_TEST(!ConstantValue(Of(graph, {2})).has_value());
  const Output two = Constant(graph, Tensor::Scalar(2));
  BOOST_TEST(ConstantValue(Pack({two, two}))->ToString() == "[2 2]");
  const Output open = Of(graph, TensorShape(), DataType::kInt32);
  BOOST_TEST(ConstantShape(Pack({two, open})).ToString() == "[2,?]");
  BOOST_TEST(ConstantShape(ShapeOf(Of(graph, {-1, 3}))).ToString() == "[?,3]");
  BOOST_TEST(ConstantShape(Of(graph, {3}, DataType::kInt32)).ToString() == "[?,?,?]");
}

BOOST_AUTO_TEST_CASE(a_cast_to_the_same_type_is_nothing) {
  Graph graph;
  const Output a = Of(graph, {2});
  BOOST_TEST((Cast(a, DataType::kFloat) == a));
  BOOST_TEST((Cast(a, DataType::kInt32).dtype() == DataType::kInt32));
}

// ---- variables ----

BOOST_AUTO_TEST_CASE(se_22_a_variable_is_four_nodes_that_belong_together) {
  Graph graph;
  const Variable v = MakeVariable(graph, Tensor::Of({1.0F, 2.0F}), "v");
  BOOST_TEST(v.name() == "v");
  BOOST_TEST(v.handle.name() == "v:0");
  BOOST_TEST(v.initial_value.name() == "v/initial_value:0");
  BOOST_TEST(v.initializer->name() == "v/Assign");
  BOOST_TEST(v.snapshot.name() == "v/read:0");
  BOOST_TEST((v.initializer->inputs() == std::vector<Output>{v.handle, v.initial_value}));
  BOOST_TEST((v.dtype() == DataType::kFloat));
  BOOST_TEST(ShapeText(v.handle) == "[2]");
  BOOST_TEST(MakeVariable(graph, Tensor::Scalar(1), "v").name() == "v_1");
}

BOOST_AUTO_TEST_CASE(variables_join_the_collections_that_they_should) {
  Graph graph;
  const Variable a = MakeVariable(graph, Tensor::Scalar(1.0F), "a");
  const Variable b =
      MakeVariable(graph, Tensor::Scalar(1.0F), "b", {.trainable = false, .collections = {}});
  const Variable c = MakeLocalVariable(graph, Tensor::Scalar(1.0F), "c");
  const Variable d =
      MakeVariable(graph, Tensor::Scalar(1.0F), "d", {.trainable = true, .collections = {"own"}});
  using Variables = std::vector<Variable>;
  BOOST_TEST((graph.GetVariables(GraphKeys::kGlobalVariables) == Variables{a, b}));
  BOOST_TEST((graph.GetVariables(GraphKeys::kTrainableVariables) == Variables{a, d}));
  BOOST_TEST((graph.GetVariables(GraphKeys::kLocalVariables) == Variables{c}));
  BOOST_TEST((graph.GetVariables("own") == Variables{d}));
}

BOOST_AUTO_TEST_CASE(an_initial_value_needs_a_known_shape_unless_told_otherwise) {
  Graph graph;
  const Output open = Of(graph, {-1});
  BOOST_CHECK_THROW(MakeVariable(graph, open, "v"), ValueError);
  const Variable v = MakeVariable(graph, open, "w",
                                  {.trainable = true, .collections = {}, .validate_shape = false});
  BOOST_TEST(ShapeText(v.handle) == "<unknown>");
  BOOST_TEST(v.initializer->attr<bool>("validate_shape") == false);
}

BOOST_AUTO_TEST_CASE(se_23_a_read_of_a_variable_outside_both_collections_stays_unguarded) {
  Graph graph;
  const Variable other = MakeVariable(graph, Tensor::Scalar(1.0F), "other",
                                      {.trainable = false, .collections = {"own"}});
  const Output doubled = Add(other.value(), other.value(), "doubled");
  const Variable v = MakeVariable(graph, doubled, "v");
  BOOST_TEST((v.initializer->inputs()[1] == doubled));
}

BOOST_AUTO_TEST_CASE(se_23_only_what_depends_on_the_read_is_copied) {
  Graph graph;
  const Variable other = MakeVariable(graph, Tensor::Scalar(1.0F), "other");
  const Output two = Constant(graph, Tensor::Scalar(2.0F), "two");
  const Output product = Mul(other.value(), Neg(two, "minus"), "product");
  const Variable v = MakeVariable(graph, product, "v");
  const Output guarded = v.initializer->inputs()[1];
  BOOST_TEST(guarded.name() == "product_v:0");
  BOOST_TEST(guarded.op->inputs()[1].name() == "minus:0");
  const Operation* read = guarded.op->inputs()[0].op;
  BOOST_TEST(read->name() == "other/read_v");
  BOOST_TEST(read->inputs()[0].op->type() == "Merge");
  BOOST_TEST((v.initial_value == product));
}

BOOST_AUTO_TEST_CASE(se_23_a_long_expression_does_not_need_a_deep_stack) {
  Graph graph;
  const Variable other = MakeVariable(graph, Tensor::Scalar(1.0F), "other");
  Output value = other.value();
  for (int i = 0; i < 5000; ++i) value = Neg(value, "n");
  const Variable v = MakeVariable(graph, value, "v");
  BOOST_TEST(v.initializer->inputs()[1].op->name() == value.op->name() + "_v");
}

BOOST_AUTO_TEST_CASE(se_24_the_report_of_no_variables_is_an_empty_list) {
  Graph graph;
  const Output report = ReportUninitializedVariables(graph, {});
  BOOST_TEST(report.op->type() == "Const");
  BOOST_TEST(ShapeText(report) == "[0]");
  BOOST_TEST((report.dtype() == DataType::kString));
}

BOOST_AUTO_TEST_CASE(se_24_the_report_lists_globals_before_locals) {
  Graph graph;
  MakeLocalVariable(graph, Tensor::Scalar(1), "local");
  MakeVariable(graph, Tensor::Scalar(1), "global", {.trainable = false, .collections = {}});
  const Output report = ReportUninitializedVariables(graph);
  BOOST_TEST(ShapeText(report) == "[?]");
  const Operation* names = graph.FindOperation("report_uninitialized_variables/Const");
  BOOST_REQUIRE((names != nullptr));
  BOOST_TEST(names->attr<Tensor>("value").ToString() == "[\"global\" \"local\"]");
}

BOOST_AUTO_TEST_CASE(se_25_there_are_no_resources_to_report) {
  Graph graph;
  BOOST_TEST(ShapeText(ReportUninitializedResources(graph)) == "[0]");
}

BOOST_AUTO_TEST_CASE(se_26_the_assertion_reads_the_rank_of_every_variable) {
  Graph graph;
  BOOST_TEST(!AssertVariablesInitialized(graph));
  MakeVariable(graph, Tensor::Scalar(1.0F), "a");
  BOOST_TEST(AssertVariablesInitialized(graph).op->type() == "Rank");
  MakeLocalVariable(graph, Tensor::Scalar(1.0F), "b");
  const Output both = AssertVariablesInitialized(graph);
  BOOST_TEST(both.op->type() == "Pack");
  BOOST_TEST((both.dtype() == DataType::kInt32));
  BOOST_TEST(ShapeText(both) == "[2]");
}

BOOST_AUTO_TEST_CASE(se_24_without_collections_every_variable_of_the_graph_is_reported) {
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(1.0F), "own", {.trainable = false, .collections = {"own"}});
  const Output report = ReportUninitializedVariables(graph);
  const Operation* names = graph.FindOperation("report_uninitialized_variables/Const");
  BOOST_REQUIRE((names != nullptr));
  BOOST_TEST(names->attr<Tensor>("value").ToString() == "[\"own\"]");
  BOOST_TEST(bool(report));
  BOOST_TEST(AssertVariablesInitialized(graph).op->type() == "Rank");
}

// ---- queues and summaries ----

BOOST_AUTO_TEST_CASE(a_queue_takes_and_gives_its_types) {
  Graph graph;
  const Queue queue = FifoQueue(graph, 5, {DataType::kInt32, DataType::kString}, "q");
  const Output one = Constant(graph, Tensor::Scalar(1));
  const Output text = Constant(graph, Tensor::Scalar("a"));
  BOOST_TEST(Enqueue(queue, {one, text})->name() == "q_enqueue");
  BOOST_CHECK_THROW(Enqueue(queue, {text, one}), TypeError);
  BOOST_CHECK_THROW(Enqueue(queue, {one}), ValueError);
  const std::vector<Output> values = Dequeue(queue);
  BOOST_REQUIRE(values.size() == 2u);
  BOOST_TEST((values[1].dtype() == DataType::kString));
  BOOST_TEST(CloseQueue(queue, true)->attr<bool>("cancel_pending_enqueues"));
  BOOST_TEST((QueueSize(queue).dtype() == DataType::kInt32));
}

BOOST_AUTO_TEST_CASE(summaries_are_collected_and_merged) {
  Graph graph;
  BOOST_TEST(!MergeAllSummaries(graph));
  const NameScope scope(graph, "metrics");
  const Output value = Constant(graph, Tensor::Scalar(1.0F));
  const Output summary = ScalarSummary("loss", value);
  BOOST_TEST(summary.op->name() == "metrics/loss");
  const Operation* tags = summary.op->inputs()[0].op;
  BOOST_TEST(tags->attr<Tensor>("value").scalar<std::string>() == "metrics/loss");
  BOOST_TEST(ScalarSummary("/rate per s", value).op->name() == "metrics/rate_per_s");
  BOOST_TEST(MergeAllSummaries(graph).op->inputs().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
