#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/cluster/master.h"
#include "core/cluster/master_messages.h"
#include "core/cluster/runtime_profile.h"
#include "core/env/env.h"

namespace faultline {

// The caller's side of a master: through the transport, or through memory when the master lives in
// the same process (RF-2). All calls suspend.
class MasterClient {
 public:
  // A master in another process.
  MasterClient(Env& env, RuntimeProfile profile, std::string address);
  // A master in this process: nothing can be lost, so nothing is retried; at the deadline a step is
  // cancelled and waited for (RF-46). A step without a deadline takes the operation timeout of the
  // server's own config (CL-10).
  MasterClient(Env& env, std::shared_ptr<Master> master);

  bool in_process() const { return master_ != nullptr; }

  // Errors: those of Master, and for another process:
  //  - UNAVAILABLE for a lost connection, after the profile's retries (RF-20, RF-23);
  //  - DEADLINE_EXCEEDED at the deadline, whatever the master does (RF-47);
  //  - the token's reason when cancelled.
  Result<CreateSessionResponse> CreateSession(const CreateSessionRequest& request,
                                              const StepLimits& limits);
  Result<ExtendSessionResponse> ExtendSession(const ExtendSessionRequest& request,
                                              const StepLimits& limits);
  // Gives the request an id, if the profile says so and the master is remote (RF-17).
  Result<RunStepResponse> RunStep(RunStepRequest request, const StepLimits& limits);
  Result<CloseSessionResponse> CloseSession(const CloseSessionRequest& request,
                                            const StepLimits& limits);
  Result<ResetResponse> Reset(const ResetRequest& request, const StepLimits& limits);

 private:
  template <class Response, class Request>
  Result<Response> Call(std::string_view method, const Request& request, const StepLimits& limits);
  Status BeforeRetry(std::string_view method, int tries, const Status& lost,
                     const StepLimits& limits);
  Duration RetryPause(int tries);

  Env& env_;
  RuntimeProfile profile_;
  std::string address_;             // of a remote master
  std::shared_ptr<Master> master_;  // null: remote
};

}  // namespace faultline
