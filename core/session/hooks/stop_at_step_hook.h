#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/session/session_run_hook.h"

namespace faultline {

// When to stop: at an absolute step, or so many steps after the first session's (HK-701). A job
// that may be restarted wants LastStep (HK-705).
struct StopAtStep {
  std::optional<std::int64_t> num_steps;
  std::optional<std::int64_t> last_step;
  static StopAtStep NumSteps(std::int64_t n) { return {.num_steps = n, .last_step = {}}; }
  static StopAtStep LastStep(std::int64_t n) { return {.num_steps = {}, .last_step = n}; }
};

namespace internal {
// The same limit; ValueError for neither or both (HK-701).
StopAtStep CheckedLimit(StopAtStep stop);
}  // namespace internal

// Asks to stop when the global step has reached a limit (HK-702..HK-705). One run is made before
// the first look, whatever the step.
class StopAtStepHook : public SessionRunHook {
 public:
  // ValueError for neither or both.
  explicit StopAtStepHook(StopAtStep stop);

  std::string name() const override { return "StopAtStepHook"; }
  void Begin(const HookContext& context) override;
  void AfterCreateSession(Session& session, Coordinator& coordinator) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;

 private:
  std::int64_t Limit() const;

  StopAtStep stop_;
  Runtime* runtime_ = nullptr;  // set by Begin, like the one below
  Output step_;
};

}  // namespace faultline
