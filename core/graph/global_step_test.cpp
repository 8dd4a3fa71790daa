#include "core/graph/global_step.h"

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/graph/ops.h"
#include "core/testing/recorders.h"

namespace faultline {
namespace {

BOOST_AUTO_TEST_SUITE(global_step)

BOOST_AUTO_TEST_CASE(hc_g01_a_step_that_is_no_integer_is_a_type_error) {
  Graph graph;
  BOOST_TEST(!GetGlobalStep(graph));
  MakeVariable(graph, Tensor::Scalar(0.0F), "global_step", {.trainable = false, .collections = {}});
  BOOST_CHECK_EXCEPTION(GetGlobalStep(graph), TypeError, [](const TypeError& error) {
    return std::string(error.what()).find("does not have integer type") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(hc_g02_an_int32_variable_of_that_name_is_found_and_keeps_its_type) {
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(0), "global_step", {.trainable = false, .collections = {}});
  const Variable found = GetGlobalStep(graph);
  BOOST_TEST(found.name() == "global_step");
  BOOST_TEST((found.dtype() == DataType::kInt32));
}

BOOST_AUTO_TEST_CASE(hc_g03_get_or_create_creates_an_int64_scalar_once) {
  Graph graph;
  const Variable created = GetOrCreateGlobalStep(graph);
  BOOST_TEST((created.dtype() == DataType::kInt64));
  BOOST_TEST((created.handle.shape() == PartialShape(TensorShape())));
  BOOST_TEST((GetOrCreateGlobalStep(graph) == created));
  BOOST_TEST(graph.GetVariables(GraphKeys::kGlobalVariables).size() == 1u);
}

BOOST_AUTO_TEST_CASE(hc_g04_there_is_no_read_without_a_step) {
  Graph graph;
  BOOST_TEST(!GetOrCreateGlobalStepRead(graph));
  CreateGlobalStep(graph);
  BOOST_TEST(bool(GetOrCreateGlobalStepRead(graph)));
}

BOOST_AUTO_TEST_CASE(hc_g05_the_read_is_made_once) {
  Graph graph;
  CreateGlobalStep(graph);
  const Output first = GetOrCreateGlobalStepRead(graph);
  const std::size_t operations = graph.operations().size();
  BOOST_TEST((GetOrCreateGlobalStepRead(graph) == first));
  BOOST_TEST(graph.operations().size() == operations);
}

BOOST_AUTO_TEST_CASE(gs_1_several_steps_in_the_collection_count_as_none) {
  Graph graph;
  const Variable step = CreateGlobalStep(graph);
  graph.AddToCollection(GraphKeys::kGlobalStep, step);
  BOOST_TEST(!GetGlobalStep(graph));
  testing::RecordingLogger logger;
  BOOST_TEST(!GetGlobalStep(graph, &logger));
  BOOST_TEST_REQUIRE(logger.lines().size() == 1u);
  BOOST_TEST((logger.lines()[0].level == LogLevel::kError));
  BOOST_TEST(logger.Count("holds 2 items") == 1);
}

BOOST_AUTO_TEST_CASE(gs_1_the_collection_goes_before_the_name) {
  Graph graph;
  const Variable other = MakeVariable(graph, Tensor::Scalar(std::int64_t{0}), "other",
                                      {.trainable = false, .collections = {}});
  MakeVariable(graph, Tensor::Scalar(std::int64_t{0}), "global_step",
               {.trainable = false, .collections = {}});
  graph.AddToCollection(GraphKeys::kGlobalStep, other);
  BOOST_TEST((GetGlobalStep(graph) == other));
}

BOOST_AUTO_TEST_CASE(gs_2_no_variable_and_no_scalar_are_type_errors) {
  Graph placeholder;
  Placeholder(placeholder, DataType::kInt64, TensorShape(), "global_step");
  BOOST_CHECK_THROW(GetGlobalStep(placeholder), TypeError);
  Graph vector;
  MakeVariable(vector, Tensor::Of({std::int64_t{0}}), "global_step",
               {.trainable = false, .collections = {}});
  BOOST_CHECK_THROW(GetGlobalStep(vector), TypeError);
  Graph text;
  text.AddToCollection(GraphKeys::kGlobalStep, std::string("global_step"));
  BOOST_CHECK_THROW(GetGlobalStep(text), TypeError);
}

BOOST_AUTO_TEST_CASE(gs_3_the_step_is_named_regardless_of_the_scope_and_exists_once) {
  Graph graph;
  const NameScope scope(graph, "model");
  const Variable step = CreateGlobalStep(graph);
  BOOST_TEST(step.name() == "global_step");
  BOOST_TEST(!step.trainable);
  BOOST_TEST(graph.GetVariables(GraphKeys::kTrainableVariables).empty());
  BOOST_TEST((graph.GetVariables(GraphKeys::kGlobalStep) == std::vector<Variable>{step}));
  BOOST_CHECK_THROW(CreateGlobalStep(graph), ValueError);
}

BOOST_AUTO_TEST_CASE(gs_4_several_cached_reads_are_a_runtime_error) {
  Graph graph;
  CreateGlobalStep(graph);
  const Output read = GetOrCreateGlobalStepRead(graph);
  graph.AddToCollection(GraphKeys::kGlobalStepRead, read);
  BOOST_CHECK_THROW(GetOrCreateGlobalStepRead(graph), RuntimeError);
}

BOOST_AUTO_TEST_CASE(ck_2304_an_increment_runs_after_the_read) {
  Graph graph;
  BOOST_CHECK_THROW(IncrementGlobalStep(graph), ValueError);
  CreateGlobalStep(graph);
  Operation* increment = IncrementGlobalStep(graph, 3);
  const Operation* amount = increment->inputs()[1].op;
  BOOST_TEST(amount->attr<Tensor>("value").scalar<std::int64_t>() == 3);
  const Output read = GetOrCreateGlobalStepRead(graph);
  BOOST_TEST((amount->control_inputs() == std::vector<Operation*>{read.op}));
}

BOOST_AUTO_TEST_CASE(an_increment_must_fit_the_type_of_the_step) {
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(0), "global_step", {.trainable = false, .collections = {}});
  BOOST_CHECK_THROW(IncrementGlobalStep(graph, std::int64_t{1} << 40), ValueError);
  BOOST_TEST(bool(IncrementGlobalStep(graph, 2)->inputs()[0]));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
