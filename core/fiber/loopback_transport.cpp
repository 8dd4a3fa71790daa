#include "core/fiber/loopback_transport.h"

#include <charconv>
#include <optional>
#include <utility>

namespace faultline {
namespace {

Status Expired() { return Status(Code::kDeadlineExceeded, "Deadline Exceeded"); }

Status Cancelled(const CancelToken* cancel) {
  const bool known = cancel != nullptr && cancel->cancelled();
  return Status(Code::kCancelled, known ? cancel->reason().message() : "Cancelled");
}

Result<std::unique_ptr<Message>> ThroughWire(std::unique_ptr<Message> message,
                                             MessageDecoder decode) {
  if (message == nullptr || decode == nullptr) return message;
  return decode(message->Serialize());
}

}  // namespace

// A call in progress, shared by the caller and the fiber that answers.
struct LoopbackTransport::Pending {
  CallMethod method;
  std::unique_ptr<Message> request;
  std::optional<Result<std::unique_ptr<Message>>> response;
  std::unique_ptr<WaitQueue> answered;
  CancelToken caller_gone;
};

bool IsValidAddress(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view port = address.substr(colon + 1);
  unsigned value = 0;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == port.data() + port.size() && value <= 65535;
}

LoopbackTransport::LoopbackTransport(Spawner& spawner, LoopbackOptions options)
    : spawner_(spawner), options_(std::move(options)), server_started_(spawner.MakeWaitQueue()) {}

LoopbackTransport::~LoopbackTransport() = default;

Result<const CallMethod*> LoopbackTransport::FindMethod(const std::string& address,
                                                        std::string_view method,
                                                        const CallOptions& options) {
  const std::string what = "connection to " + address;
  for (;;) {
    if (options.cancel != nullptr && options.cancel->cancelled()) return Cancelled(options.cancel);
    const auto server = servers_.find(address);
    if (server != servers_.end()) {
      const auto found = server->second.find(method);
      if (found != server->second.end()) return &found->second;
      return Status(Code::kUnimplemented, "unknown method " + std::string(method));
    }
    if (!options.wait_for_ready) return TransportError("failed to connect to " + address);
    const WaitOutcome outcome = server_started_->Wait(
        {.what = what, .deadline = options.deadline, .cancel = options.cancel});
    if (outcome == WaitOutcome::kDeadline) return Expired();
    if (outcome == WaitOutcome::kCancelled) return Cancelled(options.cancel);
  }
}

void LoopbackTransport::StartHandler(const std::shared_ptr<Pending>& pending, std::string name) {
  spawner_.Spawn(std::move(name), [pending, peer = options_.process_name] {
    const CallContext context{.peer = peer, .caller_gone = &pending->caller_gone};
    pending->response = pending->method.handler(context, std::move(pending->request));
    pending->answered->WakeAll();
  });
}

Result<std::unique_ptr<Message>> LoopbackTransport::Call(const std::string& address,
                                                         std::string_view method,
                                                         std::unique_ptr<Message> request,
                                                         const CallOptions& options) {
  FL_ASSIGN_OR_RETURN(const CallMethod* const found, FindMethod(address, method, options));
  const auto pending = std::make_shared<Pending>();
  pending->method = *found;
  pending->request = std::move(request);
  pending->answered = spawner_.MakeWaitQueue();
  if (options_.serialize) {
    FL_ASSIGN_OR_RETURN(pending->request,
                        ThroughWire(std::move(pending->request), pending->method.decode_request));
  }
  const std::string what = std::string(method) + " of " + address;
  StartHandler(pending, what);
  while (!pending->response) {
    const WaitOutcome outcome = pending->answered->Wait(
        {.what = what, .deadline = options.deadline, .cancel = options.cancel});
    if (outcome == WaitOutcome::kWoken || pending->response) continue;
    pending->caller_gone.Cancel(Status(Code::kCancelled, "the caller has given up"));
    return outcome == WaitOutcome::kDeadline ? Expired() : Cancelled(options.cancel);
  }
  FL_ASSIGN_OR_RETURN(std::unique_ptr<Message> response, std::move(*pending->response));
  if (!options_.serialize) return response;
  return ThroughWire(std::move(response), pending->method.decode_response);
}

Status LoopbackTransport::Serve(const std::string& address, std::string method,
                                CallMethod handler) {
  if (!IsValidAddress(address)) {
    return Status(Code::kInvalidArgument, "malformed address \"" + address + "\"");
  }
  Methods& methods = servers_[address];
  if (!methods.emplace(method, std::move(handler)).second) {
    return Status(Code::kAlreadyExists, address + " already serves " + method);
  }
  server_started_->WakeAll();
  return Status();
}

void LoopbackTransport::StopServing(const std::string& address) { servers_.erase(address); }

}  // namespace faultline
