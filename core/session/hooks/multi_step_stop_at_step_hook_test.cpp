#include "core/session/hooks/multi_step_stop_at_step_hook.h"

#include <memory>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/training.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

// A training op that makes as many steps as the variable of the hook says.
struct MultiStepModel {
  MultiStepModel() {
    step = AssignAdd(CreateGlobalStep(graph),
                     Cast(GetOrCreateStepsPerRun(graph).value(), DataType::kInt64));
  }
  // The steps after each run until the hook stops.
  std::vector<std::int64_t> Train(StopAtStep stop, std::int64_t steps_per_run) {
    std::vector<std::int64_t> steps;
    process.Run([&] {
      MonitoredSession session(
          process.runtime, graph,
          {.hooks = {std::make_shared<MultiStepStopAtStepHook>(stop, steps_per_run)}});
      WithSession(session, [&](MonitoredSession& s) {
        while (!s.ShouldStop()) steps.push_back(s.Run(step).scalar<std::int64_t>());
      });
    });
    return steps;
  }

  TestProcess process;
  Graph graph;
  Output step;
};

using Steps = std::vector<std::int64_t>;

BOOST_AUTO_TEST_SUITE(multi_step_stop_at_step_hook)

BOOST_AUTO_TEST_CASE(hk_706_the_limit_is_met_exactly) {
  BOOST_TEST(MultiStepModel().Train(StopAtStep::LastStep(10), 4) == (Steps{4, 8, 10}));
  BOOST_TEST(MultiStepModel().Train(StopAtStep::NumSteps(3), 5) == (Steps{3}));
  BOOST_TEST(MultiStepModel().Train(StopAtStep::LastStep(2), 1) == (Steps{1, 2}));
}

BOOST_AUTO_TEST_CASE(hk_706_a_recovery_sets_the_variable_anew) {
  MultiStepModel m;
  m.process.sessions.Fail({.nth = 3, .status = Status(Code::kAborted, "injected")});
  BOOST_TEST(m.Train(StopAtStep::LastStep(10), 4) == (Steps{4, 8, 4, 8, 10}));
  BOOST_TEST(m.process.sessions.opened == 2);
}

BOOST_AUTO_TEST_CASE(hk_706_arguments) {
  BOOST_CHECK_THROW(MultiStepStopAtStepHook(StopAtStep::LastStep(1), 0), ValueError);
  BOOST_CHECK_THROW(MultiStepStopAtStepHook(StopAtStep{}, 1), ValueError);
  BOOST_CHECK_THROW(MultiStepStopAtStepHook(StopAtStep{.num_steps = 1, .last_step = 1}, 1),
                    ValueError);
}

BOOST_AUTO_TEST_CASE(hk_102_a_second_begin_adds_nothing_to_the_graph) {
  TestProcess process;
  Graph graph;
  StepModel model(graph);
  process.Run([&] {
    MultiStepStopAtStepHook hook(StopAtStep::LastStep(1));
    hook.Begin({process.runtime, graph});
    const std::size_t operations = graph.operations().size();
    hook.Begin({process.runtime, graph});
    BOOST_TEST(graph.operations().size() == operations);
  });
  const Variable variable = GetOrCreateStepsPerRun(graph);
  BOOST_TEST(variable.name() == "hooks/steps_per_run");
  BOOST_TEST((variable.dtype() == DataType::kInt32));
  BOOST_TEST(graph.GetVariables(GraphKeys::kLocalVariables).size() == 1U);
  BOOST_TEST(graph.GetVariables(GraphKeys::kGlobalVariables).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
