#pragma once

#include <cstdint>
#include <memory>

#include "core/session/coordinated_session_creator.h"
#include "core/session/monitored_session.h"
#include "core/session/recoverable_session.h"

namespace faultline {

// The inside of both monitored sessions: hooks, the creator of their sessions, and the stack, with
// or without the layer that recovers. Below the API: Status and Result only.
struct MonitoredSessionBase::State {
  // Without recovery if `recovery` is null.
  State(Runtime& runtime, Graph& graph, HookList hook_list, std::unique_ptr<SessionCreator> creator,
        Duration stop_grace_period, const RecoveryOptions* recovery);

  // MS-3. To be called once, first.
  Status Open();
  Result<Fetched> Run(RunRequest request);
  Status RunStepFn(const std::function<void(StepContext&)>& body);
  Result<bool> ShouldStop();
  // MS-22 after `body` has ended so; what is to be raised.
  Status Close(const Status& body);

  Env& env() { return context.runtime.env; }

  LayerContext context;
  Graph& graph;
  bool graph_was_final;  // GF-5
  ListedHooks hooks;
  CoordinatedSessionCreator creator;
  // The whole stack, null before Open; the recoverable layer is the same object, or null.
  std::unique_ptr<SessionLayer> stack;
  RecoverableSession* recoverable = nullptr;
  bool closed = false;

 private:
  Status BeginHooks();
  Status EndHooks();
  // The answer to a use of a closed session.
  Status Refuse(Point point, std::string text);
  // One run of the stack or of a step function's layer: counted, announced.
  Result<Fetched> RunOn(SessionLayer& layer, RunRequest request);
  void AnnounceRaised(std::uint64_t run, const Status& status);
  // Whether a preemption error makes the session recover instead of coming out.
  bool Recovers(const Status& status) const;
  // STRICT: there is no current session, and none is pretended.
  bool Lost() const;
  // MS-25: which of several errors comes out. `thread_first`: what a thread had reported was there
  // before `body`.
  Status Choose(const Status& body, const Status& ended, const Status& stack_closed,
                bool thread_first) const;
  bool ThreadFailed() const;
  friend class MonitoredSessionBase;

  std::uint64_t runs_ = 0;
  bool stop_announced_ = false;
  Status failed_run_;                 // what the last run that failed gave to its caller
  bool thread_failed_first_ = false;  // whether a thread had reported an error by then
};

}  // namespace faultline
