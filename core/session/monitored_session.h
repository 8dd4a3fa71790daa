#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/session/session_creator.h"
#include "core/session/session_run_hook.h"
#include "core/session/step_function.h"

namespace faultline {

class MonitoredSessionBase;

namespace internal {
// Calls `body`, then ends `session` as MS-21..MS-25 say.
void RunScope(MonitoredSessionBase& session, const std::function<void()>& body);
}  // namespace internal

// What MonitoredSession and SingularMonitoredSession have in common (MS-3..MS-28, SF-1..SF-8): a
// session with hooks. Public API: throws typed errors. Everything suspends but the queries. One
// fiber uses it at a time.
class MonitoredSessionBase {
 public:
  using StepContext = StepFnContext;

  // Of a still open session: requests the stop of its threads without joining and lets go (MP-5).
  virtual ~MonitoredSessionBase();
  MonitoredSessionBase(const MonitoredSessionBase&) = delete;
  MonitoredSessionBase& operator=(const MonitoredSessionBase&) = delete;

  // MS-6: hooks, one run of the graph, hooks; the values in the shape of `fetches`. `options` and
  // `metadata` may be null; what hooks ask for is merged into a copy of the options, and
  // `metadata` is filled on success only. An error is thrown and leaves the session open (MS-10).
  // RuntimeError after a stop was requested (WS-30) and once closed (MS-13).
  Fetched Run(const Fetch& fetches, const FeedDict& feeds = {}, const RunOptions* options = nullptr,
              RunMetadata* metadata = nullptr);

  // SF-1: calls `step_fn` with a StepContext&, and gives what it returns (nothing for void). What
  // it throws comes out (SF-7); StopIteration as well (SF-4). A session that recovers calls it
  // again, from the beginning, after a preemption error, wherever that came from (SF-5): what it
  // did before happens twice.
  template <StepFunction F>
  StepResult<F> RunStepFn(F&& step_fn) {
    if constexpr (std::is_void_v<StepResult<F>>) {
      CallStepFn([&](StepContext& context) { step_fn(context); });
    } else {
      std::optional<StepResult<F>> result;
      CallStepFn([&](StepContext& context) { result.emplace(step_fn(context)); });
      return std::move(*result);
    }
  }

  // MS-8: whether a hook or the coordinator has asked to stop; true once closed.
  bool ShouldStop();
  // MS-20: end of all hooks, then everything is closed and the graph may be changed again.
  // RuntimeError for a closed one (MS-26). Precedence of several errors: MS-25.
  void Close();
  // MS-11: null after close.
  Graph* graph() const;
  bool closed() const;

 protected:
  struct State;
  explicit MonitoredSessionBase(std::unique_ptr<State> state);
  // MS-3: what the constructors do, or throw.
  void Open();
  Session* current_raw_session() const;

 private:
  friend void internal::RunScope(MonitoredSessionBase& session, const std::function<void()>& body);
  void CallStepFn(const std::function<void(StepContext&)>& body);

  std::unique_ptr<State> state_;
};

// MS-1.
struct MonitoredSessionOptions {
  std::unique_ptr<SessionCreator> session_creator = {};  // null: a default chief creator
  HookList hooks = {};                                   // called in this order
  // How long the threads of a session may take to stop before it is closed under them (MS-28).
  Duration stop_grace_period = Duration::Seconds(120);
  // Recoveries in a row without an acknowledged run, after which the error ends the session. Only
  // under the switch bounded_recovery; TensorFlow has no bound.
  int max_recoveries = 100;
};

// A session that recovers from ABORTED and UNAVAILABLE by itself: Run, RunStepFn and ShouldStop
// then close the session, create a new one and go on with that (WS-10..WS-20). It gives no access
// to its raw session, which changes at every recovery (MS-12): hooks and step functions get it.
class MonitoredSession : public MonitoredSessionBase {
 public:
  // MS-3: begin of all hooks, then the first session. `runtime` and `graph` outlive it. Throws what
  // a hook's begin or the creation throws, but for preemption errors, after which the creation is
  // tried again (MS-5); the graph stays final then (GF-7).
  MonitoredSession(Runtime& runtime, Graph& graph, MonitoredSessionOptions options = {});
};

// MS-2.
struct SingularMonitoredSessionOptions {
  HookList hooks = {};
  std::shared_ptr<Scaffold> scaffold = {};  // null: a new default one
  std::string master = {};                  // target of the session; "": in-process
  SessionConfig config = {};
  std::string checkpoint_dir = {};  // empty: none. At most one of this and the file name (CR-4)
  Duration stop_grace_period = Duration::Seconds(120);
  std::string checkpoint_filename_with_path = {};
};

// The same without recovery, always a chief: every error comes out, preemption errors too, from the
// constructor as well (MS-5). ShouldStop throws what a thread has reported (MS-9).
class SingularMonitoredSession : public MonitoredSessionBase {
 public:
  SingularMonitoredSession(Runtime& runtime, Graph& graph,
                           SingularMonitoredSessionOptions options = {});
  // MS-12: runs through it call no hooks. Null after close.
  Session* raw_session() const { return current_raw_session(); }
};

// The scope of a session (MP-5): calls `body` with it, then closes it. Quiet-exit errors,
// OutOfRangeError and StopIteration, are swallowed (ER-5); what remains is thrown. Suspends.
template <std::derived_from<MonitoredSessionBase> S, std::invocable<S&> Body>
void WithSession(S& session, Body&& body) {
  internal::RunScope(session, [&] { body(session); });
}

}  // namespace faultline
