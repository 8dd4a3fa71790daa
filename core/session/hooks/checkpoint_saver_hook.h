#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/saver.h"
#include "core/session/hooks/checkpoint_saver_listener.h"
#include "core/session/hooks/second_or_step_timer.h"
#include "core/session/scaffold.h"
#include "core/session/session_run_hook.h"
#include "core/summary/events_writer.h"

namespace faultline {

// HK-401.
struct CheckpointSaverHookOptions {
  std::string checkpoint_dir = {};
  std::optional<Duration> save_secs = {};  // exactly one of the two (HK-402)
  std::optional<std::int64_t> save_steps = {};
  std::shared_ptr<Saver> saver = {};  // at most one of saver and scaffold
  std::string checkpoint_basename = "model.ckpt";
  std::shared_ptr<Scaffold> scaffold = {};
  std::vector<std::shared_ptr<CheckpointSaverListener>> listeners = {};
  bool save_graph_def = true;      // HK-416
  std::int64_t steps_per_run = 1;  // how far one run moves the step (HK-406)
};

// Saves checkpoints: after every creation of a session, each so many seconds or steps, and at the
// end (HK-403..HK-416).
class CheckpointSaverHook : public SessionRunHook {
 public:
  // ValueError for both saver and scaffold (looked at first), and for a period that is not exactly
  // one.
  explicit CheckpointSaverHook(CheckpointSaverHookOptions options);

  std::string name() const override { return "CheckpointSaverHook"; }
  const CheckpointSaverHookOptions& options() const { return options_; }
  void Begin(const HookContext& context) override;
  void AfterCreateSession(Session& session, Coordinator& coordinator) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;
  void End(Session& session) override;

 private:
  Env& env() const { return runtime_->env; }
  // HK-404; never null.
  Saver& saver();
  // HK-407; whether a listener asked to stop.
  bool Save(Session& session, std::int64_t step);
  void WriteGraphs();

  CheckpointSaverHookOptions options_;
  SecondOrStepTimer timer_;
  std::string save_path_;
  Runtime* runtime_ = nullptr;  // set by Begin, like those below
  Graph* graph_ = nullptr;
  EventsWriter* writer_ = nullptr;
  Output step_;
};

}  // namespace faultline
