#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/session/session_creator.h"
#include "core/session/session_run_hook.h"

namespace faultline {

// MS-1.
struct MonitoredSessionOptions {
  std::unique_ptr<SessionCreator> session_creator = {};  // null: a default chief creator
  HookList hooks = {};
  // How long the threads of a session may take to stop before it is closed under them (MS-28).
  Duration stop_grace_period = Duration::Seconds(120);
  // Recoveries in a row without an acknowledged run, after which the error ends the session. Only
  // under the switch bounded_recovery; TensorFlow has no bound.
  int max_recoveries = 100;
};

// A session with hooks that recovers from ABORTED and UNAVAILABLE by itself (MS-1..MS-28). Public
// API: throws typed errors. Everything suspends but the queries. One fiber uses it at a time.
class MonitoredSession {
 public:
  // MS-3: begin of all hooks, then the first session. `runtime` and `graph` outlive it. Throws what
  // a hook's begin or the creation throws, but for preemption errors, after which the creation is
  // tried again (MS-5).
  MonitoredSession(Runtime& runtime, Graph& graph, MonitoredSessionOptions options = {});
  // Of a still open session: requests the stop of its threads without joining and lets go (MP-5).
  ~MonitoredSession();
  MonitoredSession(const MonitoredSession&) = delete;
  MonitoredSession& operator=(const MonitoredSession&) = delete;

  // MS-6: hooks, one run of the graph, hooks. A preemption error of any of them recovers the
  // session and repeats the whole; any other error is thrown and leaves the session open. The
  // caller's options are not modified. RuntimeError once closed (MS-13).
  Fetched Run(const Fetch& fetches, const FeedDict& feeds = {}, const RunOptions* options = nullptr,
              RunMetadata* metadata = nullptr);
  // MS-8: whether a hook or the coordinator asked to stop; true once closed. May recover (WS-17).
  bool ShouldStop();
  // MS-20: end of all hooks, then everything is closed. RuntimeError for a closed one (MS-26).
  void Close();
  // MS-11: null after close.
  Graph* graph() const;
  bool closed() const;

 private:
  friend Status CloseScope(MonitoredSession& session, const Status& body);
  struct State;
  std::unique_ptr<State> state_;
};

// The scope of a session (MP-5): calls `body`, then closes the session as MS-21..MS-25 say.
// Quiet-exit errors are swallowed (ER-5); what remains is thrown after the handler has been left.
void WithSession(MonitoredSession& session, const std::function<void(MonitoredSession&)>& body);

// MT-1. An unset value takes its default by MT-2; an explicit null (Off()) switches off.
struct Setting {
  bool set = false;
  std::optional<double> value;
  static Setting Of(double v) { return {true, v}; }
  static Setting Off() { return {true, std::nullopt}; }
};
struct MonitoredTrainingSessionOptions {
  std::string master = {};                  // target of the sessions; "": in-process
  bool is_chief = true;                     // false: waits for the chief, only `hooks` count (MT-5)
  std::string checkpoint_dir = {};          // empty: none; nothing is restored or saved then
  std::shared_ptr<Scaffold> scaffold = {};  // null: a new default one
  HookList hooks = {};
  HookList chief_only_hooks = {};     // before all others
  Setting save_checkpoint_secs = {};  // unset with steps unset: 600
  Setting save_summaries_steps = {};  // unset with secs unset: 100
  Setting save_summaries_secs = {};
  SessionConfig config = {};
  Duration stop_grace_period = Duration::Seconds(120);
  std::optional<std::int64_t> log_step_count_steps = 100;  // nothing or 0: no step counter
  Duration max_wait = Duration::Seconds(7200);             // of a worker (MT-11)
  Setting save_checkpoint_steps = {};
  std::string summary_dir = {};  // empty: checkpoint_dir
  bool save_graph_def = true;    // graph.pbtxt, and a MetaGraph beside each checkpoint
  int max_recoveries = 100;      // as in MonitoredSessionOptions
};
// Assembles creator and hooks (MT-1..MT-12) and opens the session.
std::unique_ptr<MonitoredSession> MonitoredTrainingSession(
    Runtime& runtime, Graph& graph, const MonitoredTrainingSessionOptions& options);

}  // namespace faultline
