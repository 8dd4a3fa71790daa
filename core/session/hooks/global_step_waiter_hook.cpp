#include "core/session/hooks/global_step_waiter_hook.h"

#include <fmt/format.h>

#include "core/session/hooks/hook_support.h"

namespace faultline {

namespace {

constexpr Duration kPause = Duration::Milliseconds(500);  // HK-1002
constexpr std::int64_t kStepsBetweenLines = 1000;

}  // namespace

void GlobalStepWaiterHook::Begin(const HookContext& context) {
  runtime_ = &context.runtime;
  started_ = false;
  step_ = internal::RequireGlobalStep(context.graph, name());
}

std::optional<SessionRunArgs> GlobalStepWaiterHook::BeforeRun(SessionRunContext& context) {
  if (!started_ && wait_until_step_ > 0) Wait(context.session());
  started_ = true;
  return std::nullopt;
}

void GlobalStepWaiterHook::Wait(Session& session) {
  Env& env = runtime_->env;
  env.logger.Log(LogLevel::kInfo, fmt::format("Waiting for global step {} before training starts.",
                                              wait_until_step_));
  std::int64_t logged = 0;
  while (true) {  // no limit of time: HK-1003
    const std::int64_t step = internal::ReadStep(session, step_);
    if (step >= wait_until_step_) return;
    if (step - logged > kStepsBetweenLines) {
      env.logger.Log(LogLevel::kInfo, fmt::format("Waiting for global step {}; it is {} now.",
                                                  wait_until_step_, step));
      logged = step;
    }
    SleepFor(env, "the global step to come far enough", kPause);
  }
}

}  // namespace faultline
