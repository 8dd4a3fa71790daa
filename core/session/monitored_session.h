#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/session/session_creator.h"
#include "core/session/session_run_hook.h"

namespace faultline {

class Coordinator;

struct MonitoredSessionOptions {
  std::unique_ptr<SessionCreator> session_creator;  // null: a default chief creator
  HookList hooks;
  Duration stop_grace_period = Duration::Seconds(120);
};

// A session with hooks that recovers from ABORTED and UNAVAILABLE by itself (MS-1..MS-28). Public
// API: throws typed errors. Everything suspends.
class MonitoredSession {
 public:
  // MS-3: begin of all hooks, then the first session.
  MonitoredSession(Runtime& runtime, Graph& graph, MonitoredSessionOptions options = {});
  // Of a still open session: requests the stop of its threads without joining and lets go (MP-5).
  ~MonitoredSession();
  MonitoredSession(const MonitoredSession&) = delete;
  MonitoredSession& operator=(const MonitoredSession&) = delete;

  // MS-6: recovers and retries on a preemption error. RuntimeError once closed (MS-13).
  Fetched Run(const Fetch& fetches, const FeedDict& feeds = {}, const RunOptions* options = nullptr,
              RunMetadata* metadata = nullptr);
  bool ShouldStop();  // MS-8
  void Close();       // MS-20, MS-26
  // MS-11: null after close.
  Graph* graph() const;
  bool closed() const;

 private:
  friend Status CloseScope(MonitoredSession& session, Status body);
  struct State;
  std::unique_ptr<State> state_;
};

// The scope of a session (MP-5): calls `body`, then closes the session as MS-21..MS-25 say. Quiet-exit
// errors are swallowed (ER-5); what remains is thrown after the handler has been left.
void WithSession(MonitoredSession& session, const std::function<void(MonitoredSession&)>& body);

// MT-1. An unset value takes its default by MT-2; an explicit null (Off()) switches off.
struct Setting {
  bool set = false;
  std::optional<double> value;
  static Setting Of(double v) { return {true, v}; }
  static Setting Off() { return {true, std::nullopt}; }
};
struct MonitoredTrainingSessionOptions {
  std::string master;
  bool is_chief = true;
  std::string checkpoint_dir;
  std::shared_ptr<Scaffold> scaffold;
  HookList hooks;
  HookList chief_only_hooks;
  Setting save_checkpoint_secs;
  Setting save_summaries_steps;
  Setting save_summaries_secs;
  SessionConfig config;
  Duration stop_grace_period = Duration::Seconds(120);
  std::optional<std::int64_t> log_step_count_steps = 100;
  Duration max_wait = Duration::Seconds(7200);
  Setting save_checkpoint_steps;
  std::string summary_dir;
  bool save_graph_def = true;
};
// Assembles creator and hooks (MT-1..MT-12) and opens the session.
std::unique_ptr<MonitoredSession> MonitoredTrainingSession(
    Runtime& runtime, Graph& graph, const MonitoredTrainingSessionOptions& options);

}  // namespace faultline
