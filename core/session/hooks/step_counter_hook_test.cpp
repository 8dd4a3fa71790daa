#include "core/session/hooks/step_counter_hook.h"

#include <memory>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

using Steps = std::vector<std::int64_t>;

BOOST_AUTO_TEST_SUITE(step_counter_hook)

struct Counted {
  explicit Counted(StepCounterHookOptions options, std::int64_t increment = 1)
      : writer(std::make_shared<FakeWriter>()),
        f((options.summary_writer = writer, std::make_shared<StepCounterHook>(options)),
          increment) {}
  void RunTimes(int times) {
    f.Start([&] {
      for (int i = 0; i < times; ++i) {
        f.process.Advance(Duration::Milliseconds(10));
        f.Run(f.model->step);
      }
      f.End();
    });
  }
  std::vector<std::int64_t> Steps() const {
    std::vector<std::int64_t> steps;
    for (const auto& scalar : writer->scalars) {
      BOOST_TEST(scalar.tag == "global_step/sec");
      BOOST_TEST(scalar.value > 0);
      steps.push_back(scalar.step);
    }
    return steps;
  }
  int Warnings() { return f.process.fake.logger().Count("has not been increased"); }

  std::shared_ptr<FakeWriter> writer;
  DrivenHook f;
};

BOOST_AUTO_TEST_CASE(hc_h26_every_n_steps) {
  Counted f({.every_n_steps = 10});
  f.RunTimes(30);
  BOOST_TEST(f.Steps() == (Steps{11, 21}));
  BOOST_TEST(f.writer->scalars.at(0).value == 100.0F);
  BOOST_TEST(f.Warnings() == 0);
}

BOOST_AUTO_TEST_CASE(hc_h27_a_step_that_does_not_move_is_warned_of) {
  Counted f({.every_n_steps = 1}, 0);
  f.RunTimes(31);
  BOOST_TEST(f.Warnings() == 5);
}

BOOST_AUTO_TEST_CASE(hc_h28_steps_per_run_less_than_every_n_steps) {
  Counted f({.every_n_steps = 10, .steps_per_run = 5}, 5);
  f.RunTimes(5);
  BOOST_TEST(f.Steps() == (Steps{15, 25}));
}

BOOST_AUTO_TEST_CASE(hc_h29_steps_per_run_equal_every_n_steps) {
  Counted f({.every_n_steps = 5, .steps_per_run = 5}, 5);
  f.RunTimes(5);
  BOOST_TEST(f.Steps() == (Steps{10, 15, 20, 25}));
}

BOOST_AUTO_TEST_CASE(hk_604_steps_per_run_above_every_n_steps) {
  Counted f({.every_n_steps = 4, .steps_per_run = 6}, 6);
  f.RunTimes(4);
  BOOST_TEST(f.Steps() == (Steps{12, 18, 24}));
}

BOOST_AUTO_TEST_CASE(hk_606_nothing_is_recorded_when_no_time_has_passed) {
  auto writer = std::make_shared<FakeWriter>();
  DrivenHook f(std::make_shared<StepCounterHook>(
      StepCounterHookOptions{.every_n_steps = 2, .summary_writer = writer}));
  f.Start([&] {
    for (int i = 0; i < 5; ++i) f.Run(f.model->step);
  });
  BOOST_TEST(writer->scalars.empty());
}

BOOST_AUTO_TEST_CASE(hk_601_periods) {
  BOOST_CHECK_THROW(StepCounterHook({.every_n_secs = Duration::Seconds(1)}), ValueError);
  BOOST_CHECK_THROW(StepCounterHook({.every_n_steps = std::nullopt}), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
