#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/session/hooks/second_or_step_timer.h"
#include "core/session/session_run_hook.h"
#include "core/summary/events_writer.h"

namespace faultline {

// HK-1301.
struct ProfilerHookOptions {
  std::optional<std::int64_t> save_steps = {};  // exactly one of the two
  std::optional<Duration> save_secs = {};
  std::string output_dir = {};  // empty: the working directory
  bool show_dataflow = true;    // arrows from each operation to those that take its values
  bool show_memory = false;     // a graph of the bytes that the values of the run hold
};

// Profiles one run each so many seconds or steps, never the first one (HK-1302..HK-1306): writes
// `<output_dir>/timeline-<step>.json`, which chrome://tracing opens, and the run's metadata with
// tag `step_<step>` to the events file of the directory.
class ProfilerHook : public SessionRunHook {
 public:
  // Takes the process's events writer of output_dir, which makes the events file if there is none
  // yet, and only then looks at the periods: ValueError if they are not exactly one (HK-1301). May
  // suspend.
  ProfilerHook(const HookContext& context, ProfilerHookOptions options);

  std::string name() const override { return "ProfilerHook"; }
  // RuntimeError without a global step (HK-201).
  void Begin(const HookContext& context) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  // Throws when the file cannot be written, and ValueError when this step was profiled before with
  // the same writer, as can happen after a roll-back (HK-1306). Suspends.
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;

 private:
  TimePoint Now() const { return runtime_->env.clock.WallNow(); }
  void Save(const Graph& graph, const RunMetadata& metadata, std::int64_t step);

  ProfilerHookOptions options_;
  EventsWriter& writer_;
  SecondOrStepTimer timer_;
  Runtime* runtime_ = nullptr;  // set by Begin, like the one below
  Output step_;
  std::optional<std::int64_t> next_step_;
  bool requested_ = false;  // by the before_run of this attempt (HK-1401)
};

}  // namespace faultline
