#include "core/session/hooks/stop_at_step_hook.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/training.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";

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

#ifdef FL_MUTANTS
BOOST_AUTO_TEST_CASE(the_mutant_stop_one_early_stops_one_step_too_early) {
  TestProcess process;
  process.runtime.semantics.mutant_stop_one_early = true;
  Graph graph;
  StepModel model(graph);
  int runs = 0;
  process.Run([&] {
    MonitoredSession session(
        process.runtime, graph,
        {.hooks = {std::make_shared<StopAtStepHook>(StopAtStep::LastStep(10))}});
    for (; !session.ShouldStop(); ++runs) session.Run(model.step);
    session.Close();
  });
  BOOST_TEST(runs == 9);
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
