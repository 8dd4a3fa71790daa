#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/session/hooks/second_or_step_timer.h"
#include "core/session/monitored_session.h"
#include "core/session/queue_runner.h"
#include "core/session/session_manager.h"
#include "core/testing/golden_traces/trace_process.h"
#include "core/testing/golden_traces/trace_world.h"

namespace faultline::testing {

class Driver;

// One action of a program that is being carried out.
struct ActionCall {
  Driver& driver;
  const Params& params;
  const std::string& place;  // "2.0.1"
};

// A kind of action. `act` returns the value, null if there is none, and throws the error. `fields`
// are those that it may have, separated by spaces.
struct ActionKind {
  std::string_view name;
  Json (*act)(const ActionCall& call);
  std::string_view fields;
  bool shown = true;  // its begin and end are events
};
std::span<const ActionKind> WorldActions();
std::span<const ActionKind> ManagerActions();
std::span<const ActionKind> ScaffoldActions();
std::span<const ActionKind> MonitoredActions();
std::span<const ActionKind> ControlActions();
std::span<const ActionKind> TimerActions();
std::span<const ActionKind> CoordinatorActions();
std::span<const ActionKind> QueueActions();
// Null if there is none of that name.
const ActionKind* FindAction(std::string_view name);

// The things that a process of a scenario has named.
struct NamedThings {
  std::map<std::string, std::shared_ptr<SessionManager>> managers;
  std::map<std::string, std::shared_ptr<Scaffold>> scaffolds;
  std::map<std::string, std::shared_ptr<Session>> sessions;
  std::map<std::string, std::shared_ptr<SessionRunHook>> hooks;
  std::map<std::string, std::shared_ptr<HookTimer>> timers;
  std::map<std::string, std::shared_ptr<Coordinator>> coordinators;
  std::map<std::string, std::shared_ptr<Task>> threads;
  std::map<std::string, std::shared_ptr<Thread>> queue_threads;
  std::map<std::string, std::shared_ptr<QueueRunner>> runners;
  std::map<std::string, RunOptions> options;
  std::unique_ptr<MonitoredSessionBase> monitored;
  std::vector<std::unique_ptr<MonitoredSessionBase>> former;  // replaced, never closed by us
  // That of the newest raw session of the monitored session, as its hooks got it.
  Coordinator* coordinator = nullptr;
};

// Carries out a program and records what happens. Lives until the world's fibers have been unwound.
class Driver {
 public:
  explicit Driver(TraceWorld& world) : world_(world) {}

  // All actions in order; errors of the outermost ones are recorded only. In a fiber.
  void Perform(const Json& program);
  // The actions of a body at `place`; the first error that an action does not catch is thrown.
  void PerformBody(const Json& body, const std::string& place);
  // Whether the program itself speaks to the coordinators of monitored sessions.
  bool speaks_to_coordinators() const { return speaks_to_coordinators_; }
  // One entry of the scenario's world.
  void CarryOut(const Params& entry);

  // Writes out what is buffered, of former processes too.
  void CloseEvents();

  // A fresh process. The former one keeps all that it had, but nothing can name it any more.
  void NewProcess(const std::string& graph);
  // What another process leaves in a directory; not recorded.
  void MakeCheckpoint(const Params& params);

  TraceWorld& world() { return world_; }
  Recorder& recorder() { return world_.recorder; }
  // BadCase before the first process.
  TraceProcess& process();
  Graph& graph() { return process().graph(); }
  NamedThings& names() { return current_->names; }
  // What the layer runs in, whether there is a process or not.
  Env& env() { return world_.layer.env(); }

  // A run of the scenario itself on a raw session of the layer, or on a wrapper of one. It is shown
  // with role raw unless told otherwise.
  Fetched Run(Session& session, const Fetch& fetches, const FeedDict& feeds = {},
              const std::string& role = "raw");

 private:
  struct Incarnation {
    std::unique_ptr<TraceProcess> process;
    NamedThings names;
  };
  Status PerformOne(const Json& action, const std::string& place);

  TraceWorld& world_;
  bool speaks_to_coordinators_ = false;
  std::vector<std::unique_ptr<Incarnation>> former_;
  std::unique_ptr<Incarnation> current_ = std::make_unique<Incarnation>();
};

// The thing of that name; BadCase naming the field `key`.
template <class Thing>
Thing& Named(std::map<std::string, Thing>& things, const Params& params, const char* key,
             const std::string& otherwise = {}) {
  const std::string name = otherwise.empty() ? params.Text(key) : params.Text(key, otherwise);
  const auto found = things.find(name);
  if (found == things.end()) params.Fail(key, "the name of something that exists");
  return found->second;
}

}  // namespace faultline::testing
