#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/session/hooks/hook_support.h"
#include "core/session/hooks/second_or_step_timer.h"
#include "core/session/session_run_hook.h"
#include "core/summary/events_writer.h"

namespace faultline {

// HK-601.
struct StepCounterHookOptions {
  std::optional<std::int64_t> every_n_steps = 100;  // seconds need this unset
  std::optional<Duration> every_n_secs = {};
  std::string output_dir = {};                        // empty: none
  std::shared_ptr<EventsWriter> summary_writer = {};  // takes the place of output_dir
  std::int64_t steps_per_run = 1;
};

// Counts steps per second (HK-602..HK-608).
class StepCounterHook : public SessionRunHook {
 public:
  // ValueError for a period that is not exactly one.
  explicit StepCounterHook(StepCounterHookOptions options = {});

  std::string name() const override { return "StepCounterHook"; }
  const StepCounterHookOptions& options() const { return options_; }
  void Begin(const HookContext& context) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;

 private:
  void Count(SessionRunContext& context, std::int64_t expected_step);
  void Record(const TimerElapsed& elapsed, std::int64_t step);
  void WarnIfStuck(std::int64_t step);

  StepCounterHookOptions options_;
  SecondOrStepTimer timer_;
  internal::EventsTarget target_;
  Runtime* runtime_ = nullptr;  // set by Begin, like those below
  Output step_;
  std::string tag_;
  std::optional<std::int64_t> previous_;  // fetched by the run before
  int warnings_ = 0;
};

}  // namespace faultline
