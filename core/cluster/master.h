#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/cluster/graph_cache.h"
#include "core/cluster/master_messages.h"
#include "core/cluster/master_session.h"
#include "core/cluster/request_ids.h"
#include "core/env/env.h"

namespace faultline {

// The master service of a process (RF-3), over the resources of its one task (RF-5). Held by
// shared_ptr, by its server and by every client in the process; calls in progress keep it alive.
class Master {
 public:
  struct Options {
    Env& env;
    Semantics semantics;
    const KernelRegistry& kernels;
    std::string address;  // names it in announcements
    TaskId task;
    SessionConfig default_config;  // CL-10
    std::size_t id_window = 10'000;
  };

  explicit Master(Options options);
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  // Random and not 0: another one after each restart (RF-4).
  std::uint64_t incarnation() const { return incarnation_; }
  const ResourceManager& resources() const { return resources_; }
  const SessionConfig& default_config() const { return options_.default_config; }
  std::size_t sessions() const { return sessions_.size(); }

  // INVALID_ARGUMENT for a graph that cannot be read or placed here.
  Result<CreateSessionResponse> CreateSession(const CreateSessionRequest& request);
  // ABORTED for an unknown handle (RF-11) and for a stale version (RF-26).
  Result<ExtendSessionResponse> ExtendSession(const ExtendSessionRequest& request);
  // ABORTED for a request seen before (RF-17) and for an unknown handle; the step's own error is in
  // the response (RF-24).
  Result<RunStepResponse> RunStep(const RunStepRequest& request, const StepLimits& limits);
  // ABORTED for an unknown handle. Cancels steps in flight and waits for them (RF-52, RF-54).
  Result<CloseSessionResponse> CloseSession(const CloseSessionRequest& request);
  // SE-5, RF-57: closes all sessions and clears the containers (all if none is named).
  Result<ResetResponse> Reset(const ResetRequest& request);

 private:
  Result<std::shared_ptr<MasterSession>> FindSession(const std::string& handle) const;
  void AnnounceClosed(const std::string& handle);

  Options options_;
  std::uint64_t incarnation_;
  ResourceManager resources_;
  ExecEnvironment environment_;
  RequestIds request_ids_;
  GraphCache graphs_;
  std::map<std::string, std::shared_ptr<MasterSession>> sessions_;  // by handle
};

}  // namespace faultline
