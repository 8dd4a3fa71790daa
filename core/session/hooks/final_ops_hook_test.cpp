#include "core/session/hooks/final_ops_hook.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

using Ints = std::vector<std::int32_t>;

Ints IntsOf(const Fetched& fetched) {
  const auto values = fetched.tensor().flat<std::int32_t>();
  return Ints(values.begin(), values.end());
}

// The hook after begin and end.
std::shared_ptr<FinalOpsHook> BeginAndEnd(DrivenHook& f, Fetch ops, FeedDict feeds = {}) {
  auto hook = std::make_shared<FinalOpsHook>(std::move(ops), std::move(feeds));
  f.hook = hook;
  BOOST_TEST(hook->final_ops_values().null());
  f.Start([&] { f.End(); });
  return hook;
}

BOOST_AUTO_TEST_SUITE(final_ops_hook)

BOOST_AUTO_TEST_CASE(hc_h38_final_ops_is_a_scalar) {
  DrivenHook f(nullptr);
  const auto hook = BeginAndEnd(f, Constant(f.graph, Tensor::Scalar<std::int32_t>(4)));
  BOOST_TEST(hook->final_ops_values().scalar<std::int32_t>() == 4);
}

BOOST_AUTO_TEST_CASE(hc_h39_final_ops_is_a_tensor) {
  DrivenHook f(nullptr);
  const auto hook = BeginAndEnd(f, Constant(f.graph, Tensor::Of<std::int32_t>({1, 6, 3, 5, 2, 4})));
  BOOST_TEST(IntsOf(hook->final_ops_values()) == (Ints{1, 6, 3, 5, 2, 4}));
}

BOOST_AUTO_TEST_CASE(hc_h40_final_ops_with_a_feed) {
  DrivenHook f(nullptr);
  const Output x = Placeholder(f.graph, DataType::kInt32);
  const auto hook = BeginAndEnd(f, x, {{x, Tensor::Of<std::int32_t>({4, -3})}});
  BOOST_TEST(IntsOf(hook->final_ops_values()) == (Ints{4, -3}));
}

BOOST_AUTO_TEST_CASE(hk_1102_the_values_have_the_shape_of_what_was_asked_for) {
  DrivenHook f(nullptr);
  const Output four = Constant(f.graph, Tensor::Scalar<std::int32_t>(4));
  const auto hook =
      BeginAndEnd(f, Fetch(Fetch::Map{{"a", four}, {"b", Fetch{four, NoOp(f.graph, "noop")}}}));
  BOOST_TEST(hook->final_ops_values()["a"].scalar<std::int32_t>() == 4);
  BOOST_TEST(hook->final_ops_values()["b"][0].scalar<std::int32_t>() == 4);
  BOOST_TEST(hook->final_ops_values()["b"][1].null());
  BOOST_TEST(BeginAndEnd(f, Fetch())->final_ops_values().null());  // HK-1101: nothing is run
}

// The error of the end when the only raw run after the training step fails with it, and how many
// warnings of an input source were logged.
std::pair<Status, int> EndWith(const Status& injected) {
  TestProcess process;
  Graph graph;
  StepModel model(graph);
  const auto hook = std::make_shared<FinalOpsHook>(model.read);
  auto later = std::make_shared<RecordingHook>();
  Status error;
  process.sessions.Fail({.cause = Cause::kUnknown, .nth = 1, .status = injected});
  process.Run([&] {
    MonitoredSession session(process.runtime, graph, {.hooks = {hook, later}});
    session.Run(model.step);
    error = ErrorOf([&] { session.Close(); });
  });
  BOOST_TEST(hook->final_ops_values().null());
  BOOST_TEST(later->ends == 0);  // HK-107
  return {error, process.fake.logger().Count("input, which they seem to depend on")};
}

BOOST_AUTO_TEST_CASE(hk_1102_the_end_of_input_is_warned_of_and_comes_out) {
  const auto [error, warnings] = EndWith(Status(Code::kOutOfRange, "end of sequence"));
  BOOST_TEST(error.code() == Code::kOutOfRange);
  BOOST_TEST(warnings == 1);
}

BOOST_AUTO_TEST_CASE(hk_1103_other_errors_come_out_without_a_warning) {
  const auto [error, warnings] = EndWith(Status(Code::kInternal, "broken"));
  BOOST_TEST(error.code() == Code::kInternal);
  BOOST_TEST(warnings == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
