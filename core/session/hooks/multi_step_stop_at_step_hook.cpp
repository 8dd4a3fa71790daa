#include "core/session/hooks/multi_step_stop_at_step_hook.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/graph/ops.h"
#include "core/session/hooks/hook_support.h"

namespace faultline {

namespace {

constexpr std::string_view kCollection = "hooks_steps_per_run";

}  // namespace

Variable GetOrCreateStepsPerRun(Graph& graph) {
  const std::vector<Variable> known = graph.GetVariables(kCollection);
  if (known.size() > 1) throw RuntimeError("the graph has several variables of steps per run");
  if (known.size() == 1) return known[0];
  const NameScope root(graph, "");
  return MakeVariable(
      graph, Tensor::Scalar<std::int32_t>(1), "hooks/steps_per_run",
      {.trainable = false,
       .collections = {std::string(kCollection), std::string(GraphKeys::kLocalVariables)},
       .use_resource = true});
}

MultiStepStopAtStepHook::MultiStepStopAtStepHook(StopAtStep stop, std::int64_t steps_per_run)
    : stop_(internal::CheckedLimit(stop)), steps_per_run_(steps_per_run) {
  if (steps_per_run < 1) throw ValueError("steps_per_run should be greater than 0");
}

void MultiStepStopAtStepHook::Begin(const HookContext& context) {
  step_ = internal::RequireGlobalStep(context.graph, name());
  variable_ = GetOrCreateStepsPerRun(context.graph);
}

void MultiStepStopAtStepHook::AfterCreateSession(Session& session, Coordinator&) {
  const std::int64_t step = internal::ReadStep(session, step_);
  if (!stop_.last_step) stop_.last_step = step + *stop_.num_steps;
  SetStepsOfNextRun(session, step);
}

void MultiStepStopAtStepHook::AfterRun(SessionRunContext& context, const SessionRunValues&) {
  // Not fetched beside the op: whether that would be the step before or after it is open (HK-202).
  const std::int64_t step = internal::ReadStep(context.session(), step_);
  if (step >= *stop_.last_step) {
    context.request_stop();
  } else {
    SetStepsOfNextRun(context.session(), step);
  }
}

void MultiStepStopAtStepHook::SetStepsOfNextRun(Session& session, std::int64_t step) {
  const std::int64_t steps = std::min(*stop_.last_step - step, steps_per_run_);
  // Through the initializer: the graph is final.
  session.Run(variable_.initializer, {{variable_.initializer->inputs()[1],
                                       Tensor::Scalar(static_cast<std::int32_t>(steps))}});
}

}  // namespace faultline
