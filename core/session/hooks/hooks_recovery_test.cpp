// What each hook keeps when its session is replaced inside the process (hooks.md 14, HK-1401,
// HK-1402). Nearly all sessions here start from step 0, so a recovery rolls the step back.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/training.h"
#include "core/summary/events_reader.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";
constexpr int kRuns = 12;
using Steps = std::vector<std::int64_t>;

// A monitored session on a step graph. The attempt of that number (from 1; 0: none) fails with
// ABORTED before anything is executed.
struct Recovering {
  explicit Recovering(int failing_attempt) : model(graph) {
    if (failing_attempt > 0) {
      process.sessions.Fail({.nth = failing_attempt, .status = Status(Code::kAborted, "injected")});
    }
  }
  // `kRuns` runs, one each second, the first at once; `after_run` is told their numbers.
  void Run(
      const std::shared_ptr<SessionRunHook>& hook,
      const std::function<void(int)>& after_run = [](int) {}) {
    process.Run([&] {
      MonitoredSession session(process.runtime, graph, {.hooks = {hook}});
      for (int run = 1; run <= kRuns; ++run) {
        if (run > 1) process.Advance(Duration::Seconds(1));
        session.Run(fetched ? fetched : model.step);
        after_run(run);
      }
      session.Close();
    });
  }
  int Logged(std::string_view text) { return process.fake.logger().Count(text); }

  TestProcess process;
  Graph graph;
  StepModel model;
  Output fetched;  // by the runs; null: the step
};

// The attempt that fails, and where the hook then acts.
struct Row {
  int failing_attempt;
  Steps expected;
};

BOOST_AUTO_TEST_SUITE(hooks_across_a_recovery)

// ---- checkpoint saver ----

struct Notes : CheckpointSaverListener {
  void Begin() override { ++begins; }
  void BeforeSave(Session&, std::int64_t step) override { saves.push_back(step); }
  void End(Session&, std::int64_t) override { ++ends; }
  int begins = 0;
  int ends = 0;
  Steps saves;
};

int GraphEvents(TestProcess& process) {
  process.events.Clear();
  FileSystem& files = process.env().files;
  const auto events = ReadEvents(files, FindEventsFiles(files, kDir).value().at(0)).value();
  return static_cast<int>(
      std::count_if(events.begin(), events.end(),
                    [](const v1::tf::Event& event) { return event.has_graph_def(); }));
}

BOOST_AUTO_TEST_CASE(the_checkpoint_saver_saves_the_restored_step_and_goes_on_from_there) {
  // Saves every 3 steps. Attempt 6 falls back from step 5 to 3, attempt 4 from 3 to 3.
  for (const auto& [failing, expected] : std::vector<Row>{
           {0, {0, 3, 6, 9, 12}}, {4, {0, 3, 3, 6, 9, 12}}, {6, {0, 3, 3, 6, 9, 10}}}) {
    Recovering r(failing);
    const auto notes = std::make_shared<Notes>();
    r.process.Run([&] {
      const auto scaffold = std::make_shared<Scaffold>();
      MonitoredSession session(
          r.process.runtime, r.graph,
          {.session_creator = std::make_unique<ChiefSessionCreator>(
               r.process.runtime, r.graph,
               ChiefSessionCreatorOptions{.scaffold = scaffold, .checkpoint_dir = kDir}),
           .hooks = {std::make_shared<CheckpointSaverHook>(
               CheckpointSaverHookOptions{.checkpoint_dir = kDir,
                                          .save_steps = 3,
                                          .scaffold = scaffold,
                                          .listeners = {notes}})}});
      for (int run = 1; run <= kRuns; ++run) {
        if (run == failing) BOOST_TEST(r.process.env().files.Remove(kDir + "/graph.pbtxt").ok());
        session.Run(r.model.step);
      }
      session.Close();
      BOOST_TEST(r.process.fake.files().Exists(kDir + "/graph.pbtxt"));  // written again
      BOOST_TEST(GraphEvents(r.process) == (failing == 0 ? 2 : 3));      // one writer
    });
    BOOST_TEST(notes->saves == expected);
    BOOST_TEST(notes->begins == 1);
    BOOST_TEST(notes->ends == 1);
  }
}

// ---- summary saver ----

Steps Summaries(SummarySaverHookOptions options, int failing) {
  Recovering r(failing);
  const auto writer = std::make_shared<FakeWriter>();
  options.summary_writer = writer;
  options.summary_op = ScalarSummary("s", Constant(r.graph, Tensor::Scalar(1.0F)));
  r.Run(std::make_shared<SummarySaverHook>(options));
  BOOST_REQUIRE(writer->logs.size() == 1U);  // HK-505: START not again
  BOOST_TEST(writer->logs[0].step.value() == 1);
  return writer->summary_steps;
}

BOOST_AUTO_TEST_CASE(the_summary_saver_keeps_its_timer_and_its_next_step) {
  const std::vector<Row> rows{
      {0, {1, 5, 9}},
      {3, {1, 5, 9}},
      {8, {1, 5}},     // HK-508: a gap until the old step + 4
      {9, {1, 5, 1}},  // was due by the kept next step 9, and is due again (HK-1401)
  };
  for (const auto& [failing, expected] : rows) {
    BOOST_TEST(Summaries({.save_steps = 4}, failing) == expected);
  }
  // HK-508: a timer by seconds goes on, from 4 s to 8 s, when the step is 2.
  BOOST_TEST(Summaries({.save_secs = Duration::Seconds(4)}, 8) == (Steps{1, 5, 2}));
}

// ---- step counter ----

using Rates = std::vector<std::pair<std::int64_t, float>>;

Rates Counted(StepCounterHookOptions options, int failing, int stuck_warnings = 0) {
  Recovering r(failing);
  const auto writer = std::make_shared<FakeWriter>();
  options.summary_writer = writer;
  r.Run(std::make_shared<StepCounterHook>(options));
  BOOST_TEST(r.Logged("has not been increased") == stuck_warnings);
  Rates rates;
  for (const auto& scalar : writer->scalars) rates.emplace_back(scalar.step, scalar.value);
  return rates;
}

BOOST_AUTO_TEST_CASE(the_step_counter_keeps_its_timer_and_the_step_before) {
  const StepCounterHookOptions by_steps{.every_n_steps = 4};
  BOOST_TEST((Counted(by_steps, 0) == Rates{{5, 1.0F}, {9, 1.0F}}));
  BOOST_TEST((Counted(by_steps, 3) == Rates{{5, 4.0F / 6.0F}, {9, 1.0F}}));  // two runs were lost
  BOOST_TEST((Counted(by_steps, 8) == Rates{{5, 1.0F}}));                    // until 5 + 4
  const StepCounterHookOptions by_seconds{.every_n_steps = std::nullopt,
                                          .every_n_secs = Duration::Seconds(4)};
  BOOST_TEST((Counted(by_seconds, 8) == Rates{{5, 1.0F}, {2, -0.75F}}));  // HK-607
  // The second run fetches 0 as the first did (HK-605).
  BOOST_TEST(Counted(by_steps, 2, 1).size() == 2U);
}

// ---- stop at step ----

// Runs that a job makes which was restored at step 4, saves each step and falls back once.
int RunsOf(const HookList& hooks, int failing) {
  TestProcess process;
  Graph graph;
  StepModel model(graph);
  int runs = 0;
  if (failing > 0) {
    process.sessions.Fail({.nth = 4 + failing, .status = Status(Code::kAborted, "injected")});
  }
  process.Run([&] {
    const auto train = [&](HookList list) {
      MonitoredTrainingSessionOptions options;
      options.checkpoint_dir = kDir;
      options.save_checkpoint_steps = Setting::Of(1);
      options.hooks = std::move(list);
      const auto session = MonitoredTrainingSession(process.runtime, graph, options);
      WithSession(*session, [&](MonitoredSession& s) {
        for (runs = 0; !s.ShouldStop(); ++runs) s.Run(model.step);
      });
    };
    train({std::make_shared<StopAtStepHook>(StopAtStep::LastStep(4))});
    BOOST_REQUIRE(runs == 4);
    train(hooks);
  });
  return runs;
}

BOOST_AUTO_TEST_CASE(stop_at_step_keeps_its_limit) {
  for (const int failing : {0, 1, 3, 6}) {
    BOOST_TEST(RunsOf({std::make_shared<StopAtStepHook>(StopAtStep::NumSteps(6))}, failing) == 6);
    BOOST_TEST(RunsOf({std::make_shared<StopAtStepHook>(StopAtStep::LastStep(10))}, failing) == 6);
  }
}

BOOST_AUTO_TEST_CASE(stop_at_step_takes_its_limit_from_the_first_session_that_it_hears_of) {
  const auto failing = std::make_shared<FunctionHook>();
  int creations = 0;
  failing->after_create = [&](Session&, Coordinator&) {
    if (++creations == 1) throw UnavailableError("injected");
  };
  BOOST_TEST(RunsOf({failing, std::make_shared<StopAtStepHook>(StopAtStep::NumSteps(6))}, 0) == 6);
  BOOST_TEST(creations == 2);
}

// ---- logging ----

BOOST_AUTO_TEST_CASE(logging_keeps_its_count_and_its_timer) {
  const auto logging_runs = [](LoggingTensorHookOptions options, int failing) {
    Recovering r(failing);
    const Output c = Constant(r.graph, Tensor::Scalar(1.0F), "logged");
    Steps runs;
    int seen = 0;
    r.Run(std::make_shared<LoggingTensorHook>(LoggingTensorHook::Items{c}, std::move(options)),
          [&](int run) {
            const int lines = r.Logged("logged:0 = 1.0");
            if (lines > std::exchange(seen, lines)) runs.push_back(run);
          });
    return runs;
  };
  for (const int failing : {0, 2, 3, 4, 5}) {  // HK-807
    BOOST_TEST(logging_runs({.every_n_iter = 4}, failing) == (Steps{1, 5, 9}));
    BOOST_TEST(logging_runs({.every_n_secs = Duration::Seconds(5)}, failing) == (Steps{1, 6, 11}));
  }
}

// ---- those that keep nothing ----

BOOST_AUTO_TEST_CASE(the_nan_hook_looks_at_each_run) {
  Recovering r(2);
  // 0 / 0 when the step becomes 3.
  const Output three = Constant(r.graph, Tensor::Scalar(3.0F));
  const Output distance = Sub(Cast(r.model.step, DataType::kFloat), three);
  r.fetched = RealDiv(distance, distance);
  int runs = 0;
  const auto hook = std::make_shared<NanTensorHook>(r.fetched);
  BOOST_CHECK_THROW(r.Run(hook, [&](int run) { runs = run; }), NanLossDuringTrainingError);
  BOOST_TEST(runs == 3);  // 1, and after the recovery 1, 2
}

BOOST_AUTO_TEST_CASE(the_feed_function_is_asked_at_each_attempt) {
  for (const int failing : {0, 5}) {
    Recovering r(failing);
    const Output x =
        PlaceholderWithDefault(Constant(r.graph, Tensor::Scalar(1.0F)), PartialShape({}));
    int calls = 0;
    r.Run(std::make_shared<FeedFnHook>([&] {
      ++calls;
      return FeedDict{{x, Tensor::Scalar(2.0F)}};
    }));
    BOOST_TEST(calls == kRuns + (failing > 0 ? 1 : 0));
  }
}

BOOST_AUTO_TEST_CASE(final_ops_run_in_the_last_session) {
  for (const auto& [failing, expected] : std::vector<Row>{{0, {12}}, {5, {8}}, {12, {1}}}) {
    Recovering r(failing);
    const auto hook = std::make_shared<FinalOpsHook>(r.model.read);
    r.Run(hook);
    BOOST_TEST(hook->final_ops_values().scalar<std::int64_t>() == expected[0]);
  }
}

// ---- waiter ----

BOOST_AUTO_TEST_CASE(the_waiter_does_not_wait_again) {
  for (const int failing : {0, 1, 3, 12}) {
    Recovering r(failing);
    const TimePoint start = r.process.Now();
    const Output set =
        Assign(r.model.global_step, Constant(r.graph, Tensor::Scalar<std::int64_t>(5)));
    int creations = 0;
    const auto waiter = std::make_shared<GlobalStepWaiterHook>(5);
    const auto both = std::make_shared<FunctionHook>();
    both->begin = [&](const HookContext& context) { waiter->Begin(context); };
    both->after_create = [&](Session& session, Coordinator&) {
      if (++creations == 1) session.Run(set);  // the second one starts from 0
    };
    both->before_run = [&](SessionRunContext& context) { return waiter->BeforeRun(context); };
    r.Run(both);
    BOOST_TEST(creations == (failing == 0 ? 1 : 2));
    BOOST_TEST(SecondsSince(r.process, start) == kRuns - 1);  // no wait
    BOOST_TEST(r.Logged("Waiting for global step") == 1);
  }
}

// ---- profiler ----

BOOST_AUTO_TEST_CASE(the_profiler_keeps_its_timer_and_its_next_step) {
  const std::vector<Row> rows{
      {0, {4, 8, 12}},
      {3, {4, 8}},
      {7, {4}},        // a gap until the old step + 4
      {8, {1, 4, 5}},  // was due by the kept next step 8, and is due again (HK-1401)
  };
  for (const auto& [failing, expected] : rows) {
    Recovering r(failing);
    r.process.Run([&] {
      const HookContext context{r.process.runtime, r.graph};
      const auto hook = std::make_shared<ProfilerHook>(
          context, ProfilerHookOptions{.save_steps = 4, .output_dir = kDir});
      MonitoredSession session(r.process.runtime, r.graph, {.hooks = {hook}});
      for (int run = 0; run < kRuns; ++run) session.Run(r.model.step);
      session.Close();
    });
    Steps steps;
    for (std::int64_t step = 1; step <= kRuns; ++step) {
      const std::string path = kDir + "/timeline-" + std::to_string(step) + ".json";
      if (r.process.fake.files().Exists(path)) steps.push_back(step);
    }
    BOOST_TEST(steps == expected);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
