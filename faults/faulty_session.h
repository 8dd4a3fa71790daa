#pragma once

#include <memory>
#include <string>

#include "core/exec/session_factory.h"
#include "faults/fault_plan.pb.h"

namespace faultline::faults {

// One call of a session while it goes on.
struct SessionCall {
  v1::CallKind kind = v1::CALL_KIND_UNSPECIFIED;
  // Set by BeforeCall: the fault that strikes after the effect; -1: none.
  int strike_after = -1;
};

// Decides which calls of sessions fail. Neither function suspends.
class SessionStriker {
 public:
  virtual ~SessionStriker() = default;
  // Not OK: the call has no effect and returns that.
  virtual Status BeforeCall(SessionCall& call) = 0;
  // What the call returns in place of `outcome`. A call that failed by itself keeps its error.
  virtual Status AfterCall(const SessionCall& call, const Status& outcome) = 0;
};

// Sessions whose calls fail when the striker says so; to the code above, such an error is like any
// other (DESIGN 2.1(2)). `inner` and `striker` outlive the factory and its sessions.
class FaultySessionFactory : public SessionFactory {
 public:
  FaultySessionFactory(SessionFactory& inner, SessionStriker& striker)
      : inner_(inner), striker_(striker) {}
  Result<std::unique_ptr<Session>> Open(const std::string& target, Graph& graph,
                                        const SessionConfig& config) override;

 private:
  SessionFactory& inner_;
  SessionStriker& striker_;
};

// The kind of a run with this cause.
v1::CallKind CallKindOf(Cause cause);

}  // namespace faultline::faults
