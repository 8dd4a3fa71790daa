#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/session/monitored_session.h"
#include "core/session/role_policy.h"

namespace faultline {

// A number that may be unset, so that its default applies (MT-2), or switched off.
struct Setting {
  bool set = false;
  std::optional<double> value;
  static Setting Of(double v) { return {true, v}; }
  static Setting Off() { return {true, std::nullopt}; }
};

// MT-1, in the order of the published page. Of each pair of secs and steps, giving one switches the
// other off; of two positive ones secs is used, with a warning (MT-4); 0, negative and Off() count
// as not wanted (MT-3).
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
  std::string summary_dir = {};  // empty: checkpoint_dir (MT-7)
  bool save_graph_def = true;    // graph.pbtxt, and a MetaGraph beside each checkpoint
  // MT-13: decides instead of `is_chief` and `master`.
  std::optional<RolePolicy> role_policy = {};
  int max_recoveries = 100;  // as in MonitoredSessionOptions
};

// Assembles creator and hooks (MT-1..MT-13) and opens the session. The chief's hooks, in this
// order: chief_only_hooks, step counter, summary saver, checkpoint saver, hooks (MT-6); a default
// hook needs a global step in the graph (MT-10). `runtime` and `graph` outlive the session. Throws
// what the constructor of MonitoredSession throws.
std::unique_ptr<MonitoredSession> MonitoredTrainingSession(
    Runtime& runtime, Graph& graph, const MonitoredTrainingSessionOptions& options = {});

namespace internal {
// What it assembles and hands to MonitoredSession.
MonitoredSessionOptions TrainingSessionParts(Runtime& runtime, Graph& graph,
                                             const MonitoredTrainingSessionOptions& options);
}  // namespace internal

}  // namespace faultline
