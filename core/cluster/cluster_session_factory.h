#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cluster/master_client.h"
#include "core/cluster/runtime_profile.h"
#include "core/exec/runtime.h"
#include "core/exec/session_factory.h"

namespace faultline {

// Opens sessions of every kind: in-process ones for target "", remote ones for a server's target
// (SE-1, DESIGN 2.1(2)).
class ClusterSessionFactory final : public SessionFactory {
 public:
  struct Options {
    Env& env;
    // Numbers for sessions, never reused in this process (Runtime::NextId).
    std::function<std::uint64_t()> next_id;
    RuntimeProfile profile = RuntimeProfile::Retry();
    // For target "" (a LocalSessionFactory); null: it gives NOT_FOUND.
    SessionFactory* local = nullptr;
  };
  // What the options point to outlives the factory and its sessions.
  explicit ClusterSessionFactory(Options options) : options_(std::move(options)) {}

  // RF-2: from now on, sessions to these servers of the same process go through memory. The list is
  // that of the process's Runtime; it may still grow, and outlives the factory's use.
  void UseServers(const std::vector<std::unique_ptr<ServerHandle>>& servers) {
    servers_ = &servers;
  }

  // NOT_FOUND for a target of another kind, INVALID_ARGUMENT for a malformed address (CL-12). Sends
  // nothing (SE-6).
  Result<std::unique_ptr<Session>> Open(const std::string& target, Graph& graph,
                                        const SessionConfig& config) override;
  // SE-5: clears the containers (all if none is named) of the server and closes its sessions. Waits
  // for a server that is down. Suspends.
  Status Reset(const std::string& target, const std::vector<std::string>& containers = {});

 private:
  Result<MasterClient> FindMaster(const std::string& target) const;

  Options options_;
  const std::vector<std::unique_ptr<ServerHandle>>* servers_ = nullptr;
};

}  // namespace faultline
