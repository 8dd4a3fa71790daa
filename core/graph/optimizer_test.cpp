#include "core/graph/optimizer.h"

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/graph/global_step.h"
#include "core/graph/ops.h"

namespace faultline {
namespace {

Output OfShape(Graph& graph, PartialShape shape) {
  return Placeholder(graph, DataType::kFloat, std::move(shape), "in");
}

// The gradient of the sum of `y`.
Output GradientOf(Graph& graph, Output y, Output x) { return Gradients(graph, {y}, {x})[0]; }

BOOST_AUTO_TEST_SUITE(gradients)

BOOST_AUTO_TEST_CASE(a_gradient_has_the_shape_of_what_it_is_for) {
  Graph graph;
  const Output x = OfShape(graph, {4, 3});
  const Output row = OfShape(graph, {3});
  const Output column = OfShape(graph, {4, 1});
  const Output scalar = OfShape(graph, TensorShape());
  const auto check = [&](Output y) {
    for (const Output& in : {x, row, column, scalar}) {
      const Output grad = GradientOf(graph, y, in);
      BOOST_TEST(grad.shape().ToString() == in.shape().ToString());
    }
  };
  check(Add(Add(x, row), Add(column, scalar)));
  check(Sub(Sub(row, x), Sub(scalar, column)));
  check(Mul(Mul(x, row), Mul(scalar, column)));
  check(RealDiv(RealDiv(x, row), RealDiv(column, scalar)));
  check(ReduceMean(Square(Mul(Mul(x, row), Mul(column, scalar)))));
}

BOOST_AUTO_TEST_CASE(unknown_shapes_are_reduced_when_the_graph_runs) {
  Graph graph;
  const Output x = OfShape(graph, {-1, 3});
  const Output y = OfShape(graph, {-1, 3});
  BOOST_TEST(bool(GradientOf(graph, Mul(x, y), x)));
  BOOST_TEST((graph.FindOperation("gradients/mul_grad/BroadcastGradientArgs") != nullptr));
}

BOOST_AUTO_TEST_CASE(all_products_of_matrices_have_gradients_of_the_right_shape) {
  for (const bool flip_a : {false, true}) {
    for (const bool flip_b : {false, true}) {
      Graph graph;
      const Output a = OfShape(graph, flip_a ? PartialShape({3, 2}) : PartialShape({2, 3}));
      const Output b = OfShape(graph, flip_b ? PartialShape({5, 3}) : PartialShape({3, 5}));
      const auto grads = Gradients(graph, {MatMul(a, b, flip_a, flip_b)}, {a, b});
      BOOST_TEST((grads[0].shape() == a.shape()));
      BOOST_TEST((grads[1].shape() == b.shape()));
    }
  }
}

BOOST_AUTO_TEST_CASE(several_ways_to_one_input_are_added) {
  Graph graph;
  const Output x = OfShape(graph, {2});
  const Output grad = GradientOf(graph, Add(Neg(x), Square(x)), x);
  BOOST_TEST(grad.op->type() == "AddN");
  BOOST_TEST(grad.op->inputs().size() == 2u);
  BOOST_TEST(GradientOf(graph, AddN({x, x, x}), x).op->inputs().size() == 3u);
}

BOOST_AUTO_TEST_CASE(there_is_no_gradient_where_nothing_depends) {
  Graph graph;
  const Output x = OfShape(graph, {2});
  const Output other = OfShape(graph, {2});
  const auto grads = Gradients(graph, {Neg(x)}, {x, other});
  BOOST_TEST(bool(grads[0]));
  BOOST_TEST(!grads[1]);
  BOOST_TEST(!GradientOf(graph, Cast(Cast(x, DataType::kInt32), DataType::kFloat), x));
}

BOOST_AUTO_TEST_CASE(the_other_gradients_fit_too) {
  Graph graph;
  const Output x = OfShape(graph, {4, 3});
  const Output bias = OfShape(graph, {3});
  BOOST_TEST(GradientOf(graph, BiasAdd(x, bias), bias).shape().ToString() == "[3]");
  const Output flat = Reshape(Identity(x), Constant(graph, Tensor::Of({12})));
  BOOST_TEST(GradientOf(graph, flat, x).shape().ToString() == "[4,3]");
  BOOST_TEST((GradientOf(graph, Cast(x, DataType::kDouble), x).dtype() == DataType::kFloat));
  const Output open = OfShape(graph, {-1, 3});
  BOOST_TEST(GradientOf(graph, ReduceMean(open), open).shape().ToString() == "[?,3]");
}

BOOST_AUTO_TEST_CASE(an_op_without_gradient_is_named) {
  Graph graph;
  const Output x = OfShape(graph, {2});
  const Output y = Pack({x, x}, "no_gradient");
  BOOST_CHECK_EXCEPTION(GradientOf(graph, y, x), ValueError, [](const ValueError& error) {
    return std::string(error.what()).find("'no_gradient' (op: 'Pack')") != std::string::npos;
  });
  BOOST_CHECK_THROW(GradientOf(graph, Constant(graph, Tensor::Scalar(1)), x), ValueError);
  Graph other;
  BOOST_CHECK_THROW(GradientOf(other, y, x), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(optimizer)

BOOST_AUTO_TEST_CASE(minimize_updates_every_trainable_variable_then_counts_one_step) {
  Graph graph;
  const Variable a = MakeVariable(graph, Tensor::Scalar(1.0F), "a");
  const Variable b = MakeVariable(graph, Tensor::Scalar(2.0F), "b");
  const Variable step = CreateGlobalStep(graph);
  const Output loss = Square(Sub(a.value(), b.value()));
  Operation* train = GradientDescentOptimizer(0.5F).Minimize(graph, loss, step);
  BOOST_TEST(train->type() == "AssignAdd");
  BOOST_TEST((train->inputs()[0] == step.handle));
  const Operation* one = train->inputs()[1].op;
  BOOST_REQUIRE(one->control_inputs().size() == 1u);
  const Operation* updates = one->control_inputs()[0];  // RF-45
  BOOST_REQUIRE(updates->control_inputs().size() == 2u);
  BOOST_TEST(updates->control_inputs()[0]->name() ==
             "GradientDescent/update_a/ApplyGradientDescent");
  const auto collected = graph.GetCollection(GraphKeys::kTrainOp);
  BOOST_REQUIRE(collected.size() == 1u);
  BOOST_TEST((std::get<Operation*>(collected[0]) == train));
}

BOOST_AUTO_TEST_CASE(without_a_global_step_the_group_of_updates_is_the_train_op) {
  Graph graph;
  const Variable a = MakeVariable(graph, Tensor::Scalar(1.0), "a");
  GradientDescentOptimizer optimizer(0.5F);
  Operation* train = optimizer.Minimize(graph, Square(a.value()), {}, "train");
  BOOST_TEST(train->type() == "NoOp");
  BOOST_TEST(train->name() == "train");
  // The rate is cast to the variable's type.
  const Operation* update = train->control_inputs()[0];
  BOOST_TEST(update->inputs()[1].op->type() == "Cast");
}

BOOST_AUTO_TEST_CASE(a_loss_on_which_no_variable_has_influence_is_a_value_error) {
  Graph graph;
  GradientDescentOptimizer optimizer(0.5F);
  const Output loss = Constant(graph, Tensor::Scalar(1.0F));
  BOOST_CHECK_THROW(optimizer.Minimize(graph, loss), ValueError);
  const Variable a = MakeVariable(graph, Tensor::Scalar(1.0F), "a");
  BOOST_CHECK_THROW(optimizer.Minimize(graph, loss), ValueError);
  BOOST_TEST(graph.GetCollection(GraphKeys::kTrainOp).empty());
  const auto grads = optimizer.ComputeGradients(graph, Square(a.value()));
  BOOST_REQUIRE(grads.size() == 1u);
  BOOST_TEST((grads[0].second == a));
  BOOST_TEST(bool(optimizer.ApplyGradients(graph, grads)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
