#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/cluster/master_client.h"
#include "core/exec/client_session.h"

namespace faultline {

// A session on a server (RF-1): a handle and the version of the graph, nothing else. Making it
// sends nothing; the first run creates the server's half (SE-6).
class RemoteSession final : public ClientSession {
 public:
  // What both sides name it; see ClientSession for the rest.
  struct Identity {
    std::string target;
    SessionConfig config;
    std::uint64_t id = 0;
  };
  RemoteSession(Env& env, Graph& graph, Identity identity, MasterClient master);
  ~RemoteSession() override;

  // Empty until the server has created its half.
  const std::string& handle() const { return handle_; }
  // RF-2.
  bool in_process() const { return master_.in_process(); }

 protected:
  Result<std::vector<Tensor>> RunStep(const StepRequest& request) override;
  // SE-10: ABORTED for a handle that the server does not know. Sends nothing if there is no handle.
  Status CloseEngine() override;

 private:
  Status BringGraph(const StepRequest& request);
  Status CreateOrExtend(const StepRequest& request);
  Status Create(const StepContext& context, const StepLimits& limits);
  Status Extend(const StepContext& context, const StepLimits& limits);
  RunStepRequest MakeRequest(const StepRequest& request) const;

  MasterClient master_;
  std::string handle_;
  std::int64_t version_ = 0;
  std::size_t sent_operations_ = 0;
  // One run at a time brings the graph to the server; the others wait.
  bool bringing_ = false;
  std::unique_ptr<WaitQueue> brought_;
};

}  // namespace faultline
