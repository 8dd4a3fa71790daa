#include "core/session/hooks/nan_tensor_hook.h"

#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

BOOST_AUTO_TEST_SUITE(nan_tensor_hook)

// One run with the loss fed; the error and whether the session stops.
std::pair<Status, bool> RunWithLoss(float loss_value, bool fail) {
  DrivenHook f(nullptr);
  const Output loss = Constant(f.graph, Tensor::Scalar(1.0F), "loss");
  const Output used = Identity(loss);
  f.hook = std::make_shared<NanTensorHook>(loss, fail);
  std::pair<Status, bool> outcome;
  f.Start([&] {
    outcome.first = ErrorOf([&] { f.Run(used, {{loss, Tensor::Scalar(loss_value)}}); });
    outcome.second = f.Stops();
  });
  return outcome;
}

BOOST_AUTO_TEST_CASE(hc_x12_nan_loss) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const auto [error, stopped] = RunWithLoss(nan, true);
  BOOST_TEST(error.code() == Code::kRuntimeError);
  BOOST_TEST(error.message() == "NaN loss during training.");
  BOOST_CHECK_THROW(ThrowStatus(error), NanLossDuringTrainingError);
  BOOST_TEST(!stopped);
  const auto [no_error, asked] = RunWithLoss(nan, false);
  BOOST_TEST(no_error.ok());
  BOOST_TEST(asked);
  const auto [fine, not_asked] = RunWithLoss(infinity, true);
  BOOST_TEST(fine.ok());
  BOOST_TEST(!not_asked);
}

BOOST_AUTO_TEST_CASE(hc_x12_end_is_called_only_without_the_error) {
  for (const bool fail : {true, false}) {
    TestProcess process;
    Graph graph;
    const Output loss = Constant(graph, Tensor::Scalar(std::nanf("")), "loss");
    auto recorder = std::make_shared<RecordingHook>();
    process.Run([&] {
      MonitoredSession session(process.runtime, graph,
                               {.hooks = {std::make_shared<NanTensorHook>(loss, fail), recorder}});
      const Status error = ErrorOf([&] {
        WithSession(session, [&](MonitoredSession& s) {
          s.Run(loss);
          BOOST_TEST(s.ShouldStop());
        });
      });
      BOOST_TEST(error.ok() == !fail);
    });
    BOOST_TEST(recorder->ends == (fail ? 0 : 1));
  }
}

BOOST_AUTO_TEST_CASE(hk_904_any_element_of_a_larger_loss_counts) {
  for (const bool has_nan : {false, true}) {
    const double last = has_nan ? std::numeric_limits<double>::quiet_NaN() : 3.0;
    DrivenHook f(nullptr);
    const Output loss = Constant(f.graph, Tensor::Of<double>({1.0, 2.0, last}), "loss");
    f.hook = std::make_shared<NanTensorHook>(loss);
    f.Start([&] { BOOST_TEST(ErrorOf([&] { f.Run(loss); }).ok() == !has_nan); });
    BOOST_TEST(f.process.fake.logger().Count("Model diverged with loss = NaN.") ==
               (has_nan ? 1 : 0));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
