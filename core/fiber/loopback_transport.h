#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/env/clock.h"
#include "core/env/spawner.h"
#include "core/env/transport.h"

namespace faultline {

struct LoopbackOptions {
  // Name under which handlers see the callers.
  std::string process_name = "self";
  // Every message goes through its serialized form, as on a wire.
  bool serialize = false;
};

// Calls within one process: the contract of Transport without latency. A connection cannot break
// here; an address that nobody serves (any more) refuses or keeps waiting (RF-19).
class LoopbackTransport final : public Transport {
 public:
  // `spawner` outlives it.
  explicit LoopbackTransport(Spawner& spawner, LoopbackOptions options = {});
  ~LoopbackTransport() override;

  Result<std::unique_ptr<Message>> Call(const std::string& address, std::string_view method,
                                        std::unique_ptr<Message> request,
                                        const CallOptions& options) override;
  Status Serve(const std::string& address, std::string method, CallMethod handler) override;
  void StopServing(const std::string& address) override;

 private:
  struct Pending;
  using Methods = std::map<std::string, CallMethod, std::less<>>;

  Result<const CallMethod*> FindMethod(const std::string& address, std::string_view method,
                                       const CallOptions& options);
  void StartHandler(const std::shared_ptr<Pending>& pending, std::string name);

  Spawner& spawner_;
  LoopbackOptions options_;
  std::map<std::string, Methods> servers_;
  std::unique_ptr<WaitQueue> server_started_;
};

// True for "host:port" with a decimal port up to 65535 (CL-12).
bool IsValidAddress(std::string_view address);

}  // namespace faultline
