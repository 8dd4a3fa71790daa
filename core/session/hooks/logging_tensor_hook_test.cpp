#include "core/session/hooks/logging_tensor_hook.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

BOOST_AUTO_TEST_SUITE(logging_tensor_hook)

using Options = LoggingTensorHookOptions;

struct Logged : DrivenHook {
  Logged() : DrivenHook(nullptr) {
    foo = Constant(graph, Tensor::Scalar(42.0F), "foo");
    other = Constant(graph, Tensor::Scalar(0.0F), "other");
  }
  // One run; whether it logged.
  bool RunLogs() {
    const int before = process.fake.logger().Count("foo");
    Run(other);
    return process.fake.logger().Count("foo") > before;
  }
  bool EndLogs() {
    const int before = process.fake.logger().Count("foo");
    End();
    return process.fake.logger().Count("foo") > before;
  }
  Output foo;
  Output other;
};

std::shared_ptr<LoggingTensorHook> MakeLogger(Options options) {
  return std::make_shared<LoggingTensorHook>(LoggingTensorHook::Items(1, Fetch("foo:0")),
                                             std::move(options));
}

BOOST_AUTO_TEST_CASE(hc_h07_illegal_arguments) {
  const auto text = [](Options options) {
    const Status error = ErrorOf([&] { MakeLogger(options); });
    BOOST_TEST(error.code() == Code::kValueError);
    return error.message();
  };
  BOOST_TEST(text({.every_n_iter = 0}).find("nvalid every_n_iter") != std::string::npos);
  BOOST_TEST(text({.every_n_iter = -10}).find("nvalid every_n_iter") != std::string::npos);
  BOOST_TEST(
      text({.every_n_iter = 5, .every_n_secs = Duration::Seconds(5)}).find("xactly one of") !=
      std::string::npos);
  BOOST_TEST(text({}).find("xactly one of") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hc_h08_print_at_end_only) {
  Logged f;
  f.hook = MakeLogger({.at_end = true});
  f.Start([&] {
    for (int i = 0; i < 3; ++i) BOOST_TEST(!f.RunLogs());
    BOOST_TEST(f.EndLogs());
  });
}

BOOST_AUTO_TEST_CASE(hc_h09_print_every_n_steps) {
  Logged f;
  f.hook = MakeLogger({.every_n_iter = 10});
  f.Start([&] {
    for (int round = 0; round < 2; ++round) {
      BOOST_TEST(f.RunLogs());
      for (int i = 0; i < 3; ++i) {
        for (int run = 0; run < 9; ++run) BOOST_TEST(!f.RunLogs());
        BOOST_TEST(f.RunLogs());
      }
      BOOST_TEST(!f.RunLogs());
      BOOST_TEST(!f.EndLogs());
      f.hook = MakeLogger({.every_n_iter = 10});
      f.Begin();
      f.NewLayer();
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_h10_print_every_n_secs) {
  Logged f;
  f.hook = MakeLogger({.every_n_secs = Duration::Seconds(1)});
  f.Start([&] {
    for (int round = 0; round < 2; ++round) {
      BOOST_TEST(f.RunLogs());
      BOOST_TEST(!f.RunLogs());
      f.process.Advance(Duration::Seconds(1));
      BOOST_TEST(f.RunLogs());
      BOOST_TEST(!f.EndLogs());
      f.hook = MakeLogger({.every_n_secs = Duration::Seconds(1)});
      f.Begin();
      f.NewLayer();
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_h11_print_formatter) {
  Logged f;
  f.hook = MakeLogger({.every_n_iter = 10, .formatter = [](const LoggedValues& values) {
                         BOOST_TEST(values.at(0).second.scalar<float>() == 42.0F);
                         return std::string("qqq=42.0");
                       }});
  f.Start([&] { f.Run(f.other); });
  BOOST_TEST(f.process.fake.logger().lines().back().text == "qqq=42.0");
}

BOOST_AUTO_TEST_CASE(hk_802_and_806_the_text_of_a_map) {
  Logged f;
  f.hook = std::make_shared<LoggingTensorHook>(
      LoggingTensorHook::Tags{{"b", Fetch("foo:0")}, {"a", Fetch("other")}},
      Options{.every_n_iter = 2});
  f.Start([&] {
    f.Run(f.other);
    BOOST_TEST(f.process.fake.logger().lines().back().text == "a = 0.0, b = 42.0");
    f.process.Advance(Duration::Seconds(2));
    f.Run(f.other);
    f.Run(f.other);
    BOOST_TEST(f.process.fake.logger().lines().back().text == "a = 0.0, b = 42.0 (2.000 sec)");
  });
}

BOOST_AUTO_TEST_CASE(hk_801_a_period_and_the_end) {
  BOOST_CHECK_NO_THROW(MakeLogger({.every_n_iter = 1, .at_end = true}));
  BOOST_CHECK_NO_THROW(MakeLogger({.every_n_secs = Duration::Seconds(1), .at_end = true}));
  BOOST_CHECK_THROW(
      MakeLogger({.every_n_iter = 1, .every_n_secs = Duration::Seconds(1), .at_end = true}),
      ValueError);
}

BOOST_AUTO_TEST_CASE(hk_805_the_end_logs_directly_after_a_periodic_line) {
  Logged f;
  f.hook = MakeLogger({.every_n_iter = 2, .at_end = true});
  f.Start([&] {
    BOOST_TEST(f.RunLogs());
    f.process.Advance(Duration::Milliseconds(1500));
    BOOST_TEST(f.EndLogs());
  });
  BOOST_TEST(f.process.fake.logger().lines().back().text == "foo:0 = 42.0 (1.500 sec)");
}

BOOST_AUTO_TEST_CASE(hk_806_no_time_with_the_timer_that_never_triggers) {
  Logged f;
  f.hook = MakeLogger({.at_end = true});
  f.Start([&] {
    f.End();
    f.process.Advance(Duration::Seconds(1));
    f.End();
  });
  BOOST_TEST(f.process.fake.logger().lines().back().text == "foo:0 = 42.0");
}

BOOST_AUTO_TEST_CASE(hk_803_what_begin_refuses) {
  Graph other;
  const Output foreign = Constant(other, Tensor::Scalar(1.0F), "foreign");
  TestProcess process;
  Graph graph;
  const Queue queue = FifoQueue(graph, 1, {DataType::kFloat, DataType::kFloat});
  Dequeue(queue, "pair");
  const auto refused = [&](const Fetch& item) {
    LoggingTensorHook hook(LoggingTensorHook::Items(1, item), {.every_n_iter = 1});
    return ErrorOf([&] { hook.Begin({process.runtime, graph}); });
  };
  process.Run([&] {
    const Status ambiguous = refused("pair");
    BOOST_TEST(ambiguous.code() == Code::kValueError);
    BOOST_TEST(ambiguous.message().find("ambiguous") != std::string::npos);
    BOOST_TEST(refused("pair:1").ok());
    BOOST_TEST(refused("nothing").code() == Code::kValueError);
    BOOST_TEST(refused("nothing:0").code() == Code::kValueError);
    BOOST_TEST(refused(foreign).code() == Code::kValueError);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
