#include "core/session/global_step_value.h"

#include <memory>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

BOOST_AUTO_TEST_SUITE(global_step_value)

BOOST_AUTO_TEST_CASE(gs_5_it_is_the_integer_that_the_session_holds) {
  TestProcess process;
  Graph graph;
  const StepModel model(graph);
  const Variable small = MakeVariable(graph, Tensor::Scalar(std::int32_t{-3}), "small");
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    BOOST_CHECK_THROW(GlobalStep(*session, model.global_step), FailedPreconditionError);
    session->Run(Fetch::List{model.global_step.initializer, small.initializer});
    BOOST_TEST(GlobalStep(*session, model.global_step) == 0);
    session->Run(model.step);
    BOOST_TEST(GlobalStep(*session, model.global_step) == 1);
    BOOST_TEST(GlobalStep(*session, GetOrCreateGlobalStepRead(graph)) == 1);
    BOOST_TEST(GlobalStep(*session, small) == -3);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(gs_5_what_is_no_integer_scalar_is_a_type_error) {
  TestProcess process;
  Graph graph;
  const Output fraction = Constant(graph, Tensor::Scalar(1.5F));
  const Output vector = Zeros(graph, DataType::kInt64, TensorShape({2}));
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    BOOST_CHECK_THROW(GlobalStep(*session, fraction), TypeError);
    BOOST_CHECK_THROW(GlobalStep(*session, vector), TypeError);
    session->Close();
  });
}

// GS-6: a value fetched beside a step is the one before it when it comes from the read tensor.
BOOST_AUTO_TEST_CASE(gs_6_only_a_run_of_its_own_tells_the_step_after_a_step) {
  TestProcess process;
  Graph graph;
  const StepModel model(graph);
  const Output read = GetOrCreateGlobalStepRead(graph);
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.global_step.initializer);
    const Fetched both = session->Run(Fetch::List{model.step, read});
    BOOST_TEST(both[0].scalar<std::int64_t>() == 1);
    BOOST_TEST(both[1].scalar<std::int64_t>() == 0);
    BOOST_TEST(GlobalStep(*session, read) == 1);
    session->Close();
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
