#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cluster/graph_cache.h"
#include "core/cluster/master_messages.h"
#include "core/cluster/placement.h"
#include "core/env/cancel.h"
#include "core/exec/executor.h"
#include "core/exec/op_kernel.h"

namespace faultline {

// How long a step may take and who may end it (RF-8, RF-46).
struct StepLimits {
  TimePoint deadline = TimePoint::Max();
  CancelToken* cancel = nullptr;  // may be null
};

// What a server keeps for one client session: its graph, its version, and the steps in flight
// (RF-3). Held by shared_ptr, by the master and by every call in progress.
class MasterSession {
 public:
  struct Options {
    std::string handle;
    TaskId task;
    SessionConfig config;
    // The server's, shared by its sessions (RF-5); outlives the session.
    const ExecEnvironment& shared;
    const KernelRegistry& kernels;
    GraphCache& graphs;
  };

  // INVALID_ARGUMENT for a graph that cannot be read or placed.
  static Result<std::shared_ptr<MasterSession>> Make(Options options, std::string_view graph_def);

  const std::string& handle() const { return options_.handle; }
  std::int64_t version() const { return version_; }

  // Adds the nodes of `graph_def`. ABORTED if `version` is not that of the session's graph (RF-26),
  // FAILED_PRECONDITION once closed. Returns the new version. Never suspends.
  Result<std::int64_t> Extend(std::int64_t version, const std::string& graph_def);
  // Executes a step; its error is in the response (RF-24). FAILED_PRECONDITION once closed,
  // CANCELLED when closed meanwhile (RF-52). Suspends.
  RunStepResponse RunStep(const RunStepRequest& request, const StepLimits& limits);
  // Cancels the steps in flight; later ones are refused. Never suspends.
  void Cancel();
  // Waits until no step is counted (RF-54), without a bound. Suspends.
  void WaitUntilIdle();

 private:
  // One version of the graph. Steps keep theirs while the session goes on to the next.
  struct Loaded;
  class Running;

  explicit MasterSession(Options options);
  Status Load(std::string_view graph_def);
  Status Execute(const RunStepRequest& request, const StepLimits& limits,
                 RunStepResponse* response);
  const ExecEnvironment& environment() const { return own_ ? *own_ : options_.shared; }

  Options options_;
  // RF-6: with isolated state, a store of its own.
  std::unique_ptr<ResourceManager> own_resources_;
  std::unique_ptr<ExecEnvironment> own_;
  std::shared_ptr<Loaded> loaded_;
  std::int64_t version_ = 0;
  CancelToken closed_;
  int running_ = 0;
  std::unique_ptr<WaitQueue> idle_;
};

}  // namespace faultline
