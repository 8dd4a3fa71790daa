#include "core/session/hooks/stop_at_step_hook.h"

#include "core/base/error.h"
#include "core/session/hooks/hook_support.h"

namespace faultline {

StopAtStep internal::CheckedLimit(StopAtStep stop) {
  if (!stop.num_steps && !stop.last_step) {
    throw ValueError("one of num_steps or last_step must be specified");
  }
  if (stop.num_steps && stop.last_step) {
    throw ValueError("only one of num_steps or last_step can be specified");
  }
  return stop;
}

StopAtStepHook::StopAtStepHook(StopAtStep stop) : stop_(internal::CheckedLimit(stop)) {}

void StopAtStepHook::Begin(const HookContext& context) {
  runtime_ = &context.runtime;
  step_ = internal::RequireGlobalStep(context.graph, name());
}

std::int64_t StopAtStepHook::Limit() const {
#ifdef FL_MUTANTS
  if (runtime_->semantics.mutant_stop_one_early) return *stop_.last_step - 1;
#endif
  return *stop_.last_step;
}

void StopAtStepHook::AfterCreateSession(Session& session, Coordinator&) {
  if (stop_.last_step) return;  // fixed once: HK-702
  stop_.last_step = internal::ReadStep(session, step_) + *stop_.num_steps;
}

std::optional<SessionRunArgs> StopAtStepHook::BeforeRun(SessionRunContext&) {
  return SessionRunArgs::Fetching(step_);
}

void StopAtStepHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  const std::int64_t limit = Limit();
  if (internal::StepOf(values.results) + 1 < limit) return;
  // HK-703: what was fetched beside the step may be old by one.
  if (internal::ReadStep(context.session(), step_) >= limit) context.request_stop();
}

}  // namespace faultline
