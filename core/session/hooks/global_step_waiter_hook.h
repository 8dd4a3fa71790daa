#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/session/session_run_hook.h"

namespace faultline {

// Delays this process's first run until others have brought the global step to a value (HK-1001).
// Workers of a large job start one after the other with it.
class GlobalStepWaiterHook : public SessionRunHook {
 public:
  // A step of 0 or less waits for nothing.
  explicit GlobalStepWaiterHook(std::int64_t wait_until_step) : wait_until_step_(wait_until_step) {}

  std::string name() const override { return "GlobalStepWaiterHook"; }
  // RuntimeError without a global step (HK-201).
  void Begin(const HookContext& context) override;
  // Reads the step and sleeps half a second by turns, without a time limit and without looking at
  // stop requests; throws what the read throws. Once it has waited it never waits again, not even
  // after a recovery (HK-1002, HK-1003). Suspends.
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;

 private:
  void Wait(Session& session);

  std::int64_t wait_until_step_;
  bool started_ = false;
  Runtime* runtime_ = nullptr;  // set by Begin, like the one below
  Output step_;
};

}  // namespace faultline
