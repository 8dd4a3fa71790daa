// Cases HC-H01..H24, H26..H35 and X12..X14 of hooks_checkpoint_conformance.md.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/hooked_session.h"
#include "core/session/training.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";
using Steps = std::vector<std::int64_t>;

BOOST_AUTO_TEST_SUITE(second_or_step_timer)

BOOST_AUTO_TEST_CASE(hc_h01_both_secs_and_steps) {
  BOOST_CHECK_THROW(SecondOrStepTimer({Duration::Seconds(2), 10}), ValueError);
}
BOOST_AUTO_TEST_CASE(hc_h02_neither) {
  BOOST_CHECK_THROW(SecondOrStepTimer(TimerPeriod{}), ValueError);
}
BOOST_AUTO_TEST_CASE(hc_h03_every_steps) {
  SecondOrStepTimer timer(TimerPeriod{.every_steps = 3});
  const TimePoint now;
  BOOST_TEST(timer.ShouldTrigger(1, now));
  BOOST_TEST(!timer.Update(1, now).has_value());
  for (const std::int64_t step : {1, 2, 3}) BOOST_TEST(!timer.ShouldTrigger(step, now));
  BOOST_TEST(timer.ShouldTrigger(4, now));
}
BOOST_AUTO_TEST_CASE(hk_303_update_tells_what_has_passed) {
  SecondOrStepTimer timer(TimerPeriod{.every_secs = Duration::Seconds(2)});
  const TimePoint start = TimePoint() + Duration::Seconds(100);
  timer.Update(7, start);
  BOOST_TEST(timer.last_triggered_step().value() == 7);
  BOOST_TEST(!timer.ShouldTrigger(8, start + Duration::Milliseconds(1999)));
  BOOST_TEST(timer.ShouldTrigger(8, start + Duration::Seconds(2)));
  BOOST_TEST(!timer.ShouldTrigger(7, start + Duration::Seconds(2)));
  const auto elapsed = timer.Update(4, start + Duration::Seconds(3));  // HK-305: after a roll-back
  BOOST_TEST((elapsed->time == Duration::Seconds(3)));
  BOOST_TEST(elapsed->steps == -3);
  timer.Reset();
  BOOST_TEST(!timer.last_triggered_step().has_value());
  BOOST_TEST(timer.ShouldTrigger(4, start));
}
BOOST_AUTO_TEST_CASE(hk_306_never) {
  NeverTriggerTimer timer;
  BOOST_TEST(!timer.ShouldTrigger(1, TimePoint()));
  BOOST_TEST(!timer.Update(1, TimePoint()).has_value());
  BOOST_TEST(!timer.last_triggered_step().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(stop_at_step_hook)

BOOST_AUTO_TEST_CASE(hc_h04_both_or_neither) {
  BOOST_CHECK_THROW(StopAtStepHook(StopAtStep{.num_steps = 10, .last_step = 20}), ValueError);
  BOOST_CHECK_THROW(StopAtStepHook(StopAtStep{}), ValueError);
}

// The steps set before each run, and whether the session stops then. The stop flag is cleared by a
// new layer around the same hook and raw session.
void CheckStops(StopAtStep stop, std::int64_t at_create,
                const std::vector<std::pair<std::int64_t, bool>>& runs) {
  DrivenHook f(std::make_shared<StopAtStepHook>(stop));
  Operation* noop = NoOp(f.graph, "noop");
  f.Start([&] {
    f.SetStep(at_create);
    f.AfterCreate();
    for (const auto& [step, stops] : runs) {
      f.SetStep(step);
      f.Run(noop);
      BOOST_TEST(f.Stops() == stops);
      if (stops) f.NewLayer();
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_h05_stop_based_on_last_step) {
  CheckStops(StopAtStep::LastStep(10), 5, {{5, false}, {9, false}, {10, true}, {11, true}});
}
BOOST_AUTO_TEST_CASE(hc_h06_stop_based_on_num_steps) {
  CheckStops(StopAtStep::NumSteps(10), 5,
             {{5, false}, {13, false}, {14, false}, {15, true}, {16, true}});
}

BOOST_AUTO_TEST_CASE(hc_x14_a_session_restored_at_the_last_step_makes_one_run) {
  TestProcess process;
  Graph graph;
  StepModel model(graph);
  const auto train = [&] {
    auto session = MonitoredTrainingSession(
        process.runtime, graph,
        {.checkpoint_dir = kDir,
         .hooks = {std::make_shared<StopAtStepHook>(StopAtStep::LastStep(10))}});
    int runs = 0;
    WithSession(*session, [&](MonitoredSession& s) {
      for (; !s.ShouldStop(); ++runs) s.Run(model.step);
    });
    return runs;
  };
  process.Run([&] {
    BOOST_TEST(train() == 10);
    BOOST_TEST(train() == 1);
    BOOST_TEST(LatestCheckpoint(process.env(), kDir).value() == kDir + "/model.ckpt-11");
  });
}

BOOST_AUTO_TEST_CASE(hk_201_without_a_global_step) {
  TestProcess process;
  Graph graph;
  NoOp(graph);
  process.Run([&] {
    StopAtStepHook hook(StopAtStep::LastStep(1));
    BOOST_CHECK_THROW(hook.Begin({process.runtime, graph}), RuntimeError);
    StepCounterHook counter;
    BOOST_CHECK_THROW(counter.Begin({process.runtime, graph}), RuntimeError);
  });
}

BOOST_AUTO_TEST_SUITE_END()

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

BOOST_AUTO_TEST_SUITE_END()

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

BOOST_AUTO_TEST_SUITE_END()

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

BOOST_AUTO_TEST_SUITE(summary_saver_hook)

struct Summed {
  explicit Summed(SummarySaverHookOptions options)
      : writer(std::make_shared<FakeWriter>()), f(nullptr) {
    const Variable counter = MakeLocalVariable(f.graph, Tensor::Scalar(0.0F), "evaluations");
    const Output evaluated = AssignAdd(counter, Constant(f.graph, Tensor::Scalar(1.0F)));
    evaluations = counter.value();
    options.summary_writer = writer;
    options.summary_op = ScalarSummary("my_summary", evaluated);
    f.hook = std::make_shared<SummarySaverHook>(options);
  }
  std::shared_ptr<FakeWriter> writer;
  DrivenHook f;
  Output evaluations;
};

BOOST_AUTO_TEST_CASE(hc_h30_to_h33_arguments) {
  TestProcess process;
  Graph graph;
  const Output op = Constant(graph, Tensor::Scalar("summary"));
  const auto writer = std::make_shared<FakeWriter>();
  const auto scaffold = std::make_shared<Scaffold>();
  BOOST_CHECK_THROW(SummarySaverHook({.save_steps = 10}), ValueError);  // H30
  BOOST_CHECK_THROW(SummarySaverHook({.save_steps = 10, .scaffold = scaffold, .summary_op = op}),
                    ValueError);  // H31
  for (const Fetch& summary_op : std::vector<Fetch>{Fetch(), Fetch(op)}) {
    BOOST_CHECK_THROW(SummarySaverHook({.save_steps = 20,
                                        .save_secs = Duration::Seconds(10),
                                        .summary_writer = writer,
                                        .summary_op = summary_op}),
                      ValueError);  // H32
    BOOST_CHECK_THROW(SummarySaverHook({.summary_writer = writer, .summary_op = summary_op}),
                      ValueError);  // H33
  }
}

BOOST_AUTO_TEST_CASE(hc_h34_save_steps) {
  Summed s({.save_steps = 8});
  s.f.Start([&] {
    for (int i = 0; i < 30; ++i) s.f.Run(s.f.model->step);
    s.f.End();
    BOOST_TEST(s.f.raw->Run(s.evaluations).scalar<float>() == 4.0F);
  });
  BOOST_TEST(s.writer->summary_steps == (Steps{1, 9, 17, 25}));
  BOOST_TEST(s.writer->logs.size() == 1U);
  BOOST_TEST((s.writer->logs.at(0).status == SessionLogStatus::kStart));
  BOOST_TEST(s.writer->logs.at(0).step.value() == 1);
  BOOST_TEST(s.writer->flushes == 1);
}

BOOST_AUTO_TEST_CASE(hc_h35_save_secs_once_every_step) {
  Summed s({.save_secs = Duration::Milliseconds(500)});
  s.f.Start([&] {
    for (int i = 0; i < 4; ++i) {
      s.f.Run(s.f.model->step);
      s.f.process.Advance(Duration::Milliseconds(500));
    }
    s.f.End();
  });
  BOOST_TEST(s.writer->summary_steps == (Steps{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(hk_507_save_secs_with_two_runs_each) {
  Summed s({.save_secs = Duration::Seconds(5)});
  s.f.Start([&] {
    for (int i = 0; i < 5; ++i) {
      s.f.Run(s.f.model->step);
      s.f.process.Advance(Duration::Milliseconds(2500));
    }
  });
  BOOST_TEST(s.writer->summary_steps == (Steps{1, 3, 5}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
