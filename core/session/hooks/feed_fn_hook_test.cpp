#include "core/session/hooks/feed_fn_hook.h"

#include <memory>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

struct Fed {
  Fed() {
    x = Placeholder(graph, DataType::kFloat, PartialShape({}), "x");
    y = Add(x, Constant(graph, Tensor::Scalar(1.0F)), "y");
  }
  // A hook that feeds 1, 2, 3, ... to x.
  std::shared_ptr<FeedFnHook> Counting() {
    return std::make_shared<FeedFnHook>([this] {
      return FeedDict{{x, Tensor::Scalar(static_cast<float>(++calls))}};
    });
  }
  // The error of a first run with these hooks and feeds.
  Status RunWith(HookList hooks, const FeedDict& feeds = {}) {
    Status error;
    process.Run([&] {
      MonitoredSession session(process.runtime, graph, {.hooks = std::move(hooks)});
      error = ErrorOf([&] { session.Run(y, feeds); });
      session.Close();
    });
    return error;
  }

  TestProcess process;
  Graph graph;
  Output x;
  Output y;
  int calls = 0;
};

BOOST_AUTO_TEST_SUITE(feed_fn_hook)

BOOST_AUTO_TEST_CASE(hc_h41_feeding_a_placeholder) {
  DrivenHook f(nullptr);
  const Output x = Placeholder(f.graph, DataType::kFloat, PartialShape({}), "x");
  const Output y = Add(x, Constant(f.graph, Tensor::Scalar(1.0F)), "y");
  f.hook = std::make_shared<FeedFnHook>([x] { return FeedDict{{x, Tensor::Scalar(1.0F)}}; });
  f.Start([&] { BOOST_TEST(f.Run(y).scalar<float>() == 2.0F); });
}

BOOST_AUTO_TEST_CASE(hc_x20_two_hooks_feed_one_tensor) {
  Fed f;
  const Status error = f.RunWith({f.Counting(), f.Counting()});
  BOOST_TEST(error.code() == Code::kRuntimeError);
  BOOST_TEST(error.message().find("two hooks") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hc_x20_a_hook_and_the_caller_feed_one_tensor) {
  Fed f;
  const Status error = f.RunWith({f.Counting()}, {{f.x, Tensor::Scalar(5.0F)}});
  BOOST_TEST(error.code() == Code::kRuntimeError);
  BOOST_TEST(error.message().find("the user") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hk_1201_a_repeated_run_asks_again) {
  Fed f;
  f.process.sessions.Fail({.nth = 2, .status = Status(Code::kAborted, "injected")});
  f.process.Run([&] {
    MonitoredSession session(f.process.runtime, f.graph, {.hooks = {f.Counting()}});
    BOOST_TEST(session.Run(f.y).scalar<float>() == 2.0F);
    BOOST_TEST(session.Run(f.y).scalar<float>() == 4.0F);
    session.Close();
  });
  BOOST_TEST(f.calls == 3);
  BOOST_TEST(f.process.sessions.opened == 2);
}

BOOST_AUTO_TEST_CASE(hk_1201_an_error_of_the_function_comes_out_of_the_run) {
  Fed f;
  const Status error = f.RunWith(
      {std::make_shared<FeedFnHook>([]() -> FeedDict { throw NotFoundError("no batch"); })});
  BOOST_TEST(error.code() == Code::kNotFound);
  BOOST_CHECK_THROW(FeedFnHook(nullptr), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
