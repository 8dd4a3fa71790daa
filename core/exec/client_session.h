#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/semantics.h"
#include "core/env/env.h"
#include "core/exec/session.h"
#include "core/exec/session_factory.h"

namespace faultline {

// What a client session asks its engine for: all checked, named things resolved, no duplicates.
struct StepRequest {
  std::vector<Output> fetches;                   // values wanted, none of them fed
  std::vector<Operation*> targets;               // to be run, without value
  std::vector<std::pair<Output, Tensor>> feeds;  // of the tensors' types
  const RunOptions* options = nullptr;           // null: not given
  StepContext context;                           // with the session's id
  TimePoint deadline = TimePoint::Max();         // monotonic; from SE-20
  CancelToken* cancel = nullptr;                 // never null; cancelled by TryClose (SE-9)
  RunMetadata* metadata = nullptr;               // scratch; handed on only on success (SE-21)
};

// The client's half of a session, equal for every kind of engine: fetch structures, checks of
// fetches and feeds, closing, time limit, announcements (SE-7 .. SE-21). Concrete sessions supply
// the engine.
class ClientSession : public Session {
 public:
  // `env` and `graph` outlive the session.
  ClientSession(Env& env, Graph& graph, std::string target, SessionConfig config, std::uint64_t id);
  ~ClientSession() override;

  Graph& graph() const override { return graph_; }
  const std::string& target() const override { return target_; }
  std::uint64_t id() const override { return id_; }
  bool closed() const override { return closed_; }
  const SessionConfig& config() const { return config_; }

  // Announces SessionOpen; factories call it once after construction. May suspend.
  void AnnounceOpen();
  Result<Fetched> TryRun(const RunRequest& request) final;
  Status TryClose() final;

 protected:
  // Values of the request's fetches, in order; the error of the step otherwise. Keeps the deadline
  // (DEADLINE_EXCEEDED) and heeds the token, ending with its reason. Suspends.
  virtual Result<std::vector<Tensor>> RunStep(const StepRequest& request) = 0;
  // Releases the engine after the last run in flight has ended; called at most once. May suspend.
  virtual Status CloseEngine() = 0;
  Env& env() const { return env_; }

 private:
  Result<std::vector<Tensor>> CallEngine(const RunRequest& request, StepRequest step);
  Result<std::vector<Tensor>> RunRegistered(StepRequest* step);
  TimePoint Deadline(const RunOptions* options) const;

  Env& env_;
  Graph& graph_;
  std::string target_;
  SessionConfig config_;
  std::uint64_t id_;
  bool closed_ = false;
  std::list<CancelToken> running_;  // one for each run in flight
  std::unique_ptr<WaitQueue> idle_;
};

}  // namespace faultline
