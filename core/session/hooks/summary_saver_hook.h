#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/session/hooks/hook_support.h"
#include "core/session/hooks/second_or_step_timer.h"
#include "core/session/scaffold.h"
#include "core/session/session_run_hook.h"
#include "core/summary/events_writer.h"

namespace faultline {

// HK-501.
struct SummarySaverHookOptions {
  std::optional<std::int64_t> save_steps = {};  // exactly one of the two
  std::optional<Duration> save_secs = {};
  std::string output_dir = {};                        // empty: none
  std::shared_ptr<EventsWriter> summary_writer = {};  // takes the place of output_dir
  std::shared_ptr<Scaffold> scaffold = {};            // exactly one of scaffold and summary_op
  Fetch summary_op = {};                              // one tensor or a list
};

// Writes summaries to an events file (HK-502..HK-508).
class SummarySaverHook : public SessionRunHook {
 public:
  // ValueError for not exactly one of scaffold and summary_op, or of the periods.
  explicit SummarySaverHook(SummarySaverHookOptions options);

  std::string name() const override { return "SummarySaverHook"; }
  const SummarySaverHookOptions& options() const { return options_; }
  void Begin(const HookContext& context) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;
  void End(Session& session) override;

 private:
  TimePoint Now() const { return runtime_->env.clock.WallNow(); }
  void Record(const Fetched& summaries, std::int64_t step);

  SummarySaverHookOptions options_;
  SecondOrStepTimer timer_;
  internal::EventsTarget target_;
  Runtime* runtime_ = nullptr;  // set by Begin
  Output step_;
  std::optional<std::int64_t> next_step_;
};

}  // namespace faultline
