#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/env/cancel.h"
#include "core/env/message.h"
#include "core/env/spawner.h"

namespace faultline {

struct CallOptions {
  // RF-19: true waits until a peer that is down accepts a connection; false fails at once with
  // UNAVAILABLE.
  bool wait_for_ready = true;
  TimePoint deadline = TimePoint::Max();
  CancelToken* cancel = nullptr;
};

// What a handler knows of its caller.
struct CallContext {
  std::string peer;
  // Cancelled (UNAVAILABLE) when the caller's connection breaks, or (CANCELLED) when the caller
  // gives up, while the handler runs.
  CancelToken* caller_gone = nullptr;
};

// Runs on a fiber of the serving process, one per call; may suspend. Its error is the answer.
using CallHandler =
    std::function<Result<std::unique_ptr<Message>>(const CallContext&, std::unique_ptr<Message>)>;

struct CallMethod {
  MessageDecoder decode_request = nullptr;
  MessageDecoder decode_response = nullptr;
  CallHandler handler;
};

// Calls between named processes (DESIGN 2.1(3)). Contract of every implementation:
//  - one ordered connection for each pair of processes, made on first use; a broken one is made
//  anew
//    by the next call, which waits for an event, never polls (RF-19, RF-21);
//  - a call in flight when its connection breaks ends UNAVAILABLE (RF-20), and is marked so that
//    IsTransportError is true; the handler's own errors are not (RF-24);
//  - nothing is retried here: retries (RF-22, RF-23) sit above;
//  - a vanished peer is not noticed but by the deadline (RF-21).
class Transport {
 public:
  virtual ~Transport() = default;
  // Sends `request` to the process that serves `address` and waits for its answer. Suspends.
  // DEADLINE_EXCEEDED at the deadline, CANCELLED when cancelled.
  virtual Result<std::unique_ptr<Message>> Call(const std::string& address, std::string_view method,
                                                std::unique_ptr<Message> request,
                                                const CallOptions& options) = 0;
  // Answers calls of `method` at `address` from now on. ALREADY_EXISTS if another process or
  // handler has it; INVALID_ARGUMENT for a malformed address (CL-12).
  virtual Status Serve(const std::string& address, std::string method, CallMethod handler) = 0;
  // Stops answering at `address`; calls in progress are answered.
  virtual void StopServing(const std::string& address) = 0;
};

// Status of a call that the transport itself ended (connection refused or lost): what channel
// retries look at (RF-24). Derived statuses and handlers' errors give false.
bool IsTransportError(const Status& status);
// Makes such a status.
Status TransportError(std::string message);

}  // namespace faultline
