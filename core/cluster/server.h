#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/cluster/cluster_spec.h"
#include "core/cluster/runtime_profile.h"
#include "core/exec/runtime.h"
#include "core/exec/session_factory.h"

namespace faultline {

class Master;

// CL-10.
struct ServerOptions {
  ClusterSpec cluster;
  std::optional<std::string> job_name;  // may be omitted if the cluster has one job
  std::optional<int> task_index;        // may be omitted if the job has one task
  std::string protocol = "grpc";
  SessionConfig config;  // merged into the config of each session
  bool start = true;
  RuntimeProfile profile = RuntimeProfile::Retry();

  // From a serialized ServerDef, whose fields the caller may then override. TypeError if it is
  // none.
  static ServerOptions FromMessage(std::string_view serialized_server_def);
  // Adds a config to the one that a message has brought: what is set wins, lists grow.
  void MergeConfig(const SessionConfig& given);
};

// A server of one task: answers sessions at its task's address and owns what outlives them (RF-4,
// RF-5). It cannot be stopped (RF-58); destroying it is the end of its process. Public API: throws
// typed errors.
class Server final : public ServerHandle {
 public:
  // `runtime` outlives the server. ValueError as CL-10 says; NOT_FOUND for another protocol;
  // INVALID_ARGUMENT for a malformed address and UNKNOWN for an occupied one (CL-12). Starts unless
  // told not to. May suspend.
  Server(Runtime& runtime, const ServerOptions& options);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // CL-11: a cluster of one job "local" with one task on a free port of "localhost".
  static std::unique_ptr<Server> CreateLocal(Runtime& runtime, const SessionConfig& config = {},
                                             bool start = true);

  // Begins to answer; nothing more for a started one.
  void Start();
  // Waits for ever (CL-12, RF-58).
  void Join();

  const std::string& target() const override { return target_; }
  const std::string& address() const { return address_; }
  bool started() const { return started_; }
  // For sessions in the same process (RF-2).
  const std::shared_ptr<Master>& master() const { return master_; }

 private:
  Status TryStart();

  Env& env_;
  std::string address_;
  std::string target_;
  std::shared_ptr<Master> master_;
  bool started_ = false;
};

// Makes a server and hands it to `runtime`, so that sessions of this process find it (RF-2). A
// program that only serves then calls Join().
Server& StartServer(Runtime& runtime, const ServerOptions& options);

}  // namespace faultline
