#pragma once

#include <cstdint>
#include <string>

#include "core/session/hooks/stop_at_step_hook.h"
#include "core/session/session_run_hook.h"

namespace faultline {

// The local int32 variable `hooks/steps_per_run` of a graph, made if need be: how many steps the
// next run is to make. A training op that loops over several steps reads it. RuntimeError if the
// graph has several.
Variable GetOrCreateStepsPerRun(Graph& graph);

// StopAtStepHook for a training op that makes several steps in one run (HK-706): before each run
// it tells the op, by the variable above, how many steps are left, so that the limit is met
// exactly.
class MultiStepStopAtStepHook : public SessionRunHook {
 public:
  // ValueError for neither or both limits (HK-701), and for less than one step per run.
  explicit MultiStepStopAtStepHook(StopAtStep stop, std::int64_t steps_per_run = 1);

  std::string name() const override { return "MultiStepStopAtStepHook"; }
  // RuntimeError without a global step (HK-201). Makes the variable.
  void Begin(const HookContext& context) override;
  void AfterCreateSession(Session& session, Coordinator& coordinator) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;

 private:
  void SetStepsOfNextRun(Session& session, std::int64_t step);

  StopAtStep stop_;
  std::int64_t steps_per_run_;
  Output step_;  // set by Begin, like the one below
  Variable variable_;
};

}  // namespace faultline
