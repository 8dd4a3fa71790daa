#include "core/testing/scripted_transport.h"

#include <algorithm>
#include <utility>

namespace faultline::testing {
namespace {

Status StatusOf(WaitOutcome outcome) {
  if (outcome == WaitOutcome::kDeadline) return Status(Code::kDeadlineExceeded, "too late");
  return Status(Code::kCancelled, "cancelled").AsDerived();
}

Status Lost() { return TransportError("connection reset by the script"); }

}  // namespace

// One call under way; its handler's fiber and its caller share it.
struct ScriptedTransport::Exchange {
  Exchange(Spawner& spawner, CallMethod the_method, std::unique_ptr<Message> the_request)
      : method(std::move(the_method)), request(std::move(the_request)), done(spawner) {}

  void Finish(Result<std::unique_ptr<Message>> the_answer) {
    if (done.IsSet()) return;
    answer = std::move(the_answer);
    done.Set();
  }

  CallMethod method;
  std::unique_ptr<Message> request;
  CancelToken caller_gone;
  Result<std::unique_ptr<Message>> answer = Lost();
  Event done;
};

void ScriptedTransport::Script(std::string_view method, std::vector<Fate> fates) {
  script_[std::string(method)] = std::deque<Fate>(fates.begin(), fates.end());
}

void ScriptedTransport::BreakNow() {
  for (const auto& exchange : std::exchange(breaking_, {})) {
    exchange->Finish(Lost());
    exchange->caller_gone.Cancel(Lost());
  }
}

int ScriptedTransport::CountOf(std::string_view method) const {
  return static_cast<int>(std::count(calls_.begin(), calls_.end(), method));
}

Fate ScriptedTransport::NextFate(std::string_view method) {
  const auto found = script_.find(method);
  if (found == script_.end() || found->second.empty()) return Fate::kArrives;
  const Fate fate = found->second.front();
  found->second.pop_front();
  return fate;
}

Result<const CallMethod*> ScriptedTransport::Connect(const std::string& address,
                                                     std::string_view method,
                                                     const CallOptions& options) {
  while (!addresses_.contains(address)) {
    if (!options.wait_for_ready) return TransportError("connection refused");
    served_.Reset();
    const WaitOutcome outcome =
        served_.Wait({"a server at " + address, options.deadline, options.cancel});
    if (outcome != WaitOutcome::kWoken) return StatusOf(outcome);
  }
  const Methods& methods = addresses_.at(address);
  const auto found = methods.find(method);
  if (found != methods.end()) return &found->second;
  return Status(Code::kUnimplemented, "no such method at " + address);
}

std::shared_ptr<ScriptedTransport::Exchange> ScriptedTransport::Deliver(
    const CallMethod& method, std::unique_ptr<Message> request) {
  auto exchange = std::make_shared<Exchange>(spawner_, method, std::move(request));
  spawner_.Spawn("scripted call", [exchange] {
    auto answer =
        exchange->method.handler({"caller", &exchange->caller_gone}, std::move(exchange->request));
    if (answer.ok()) answer = exchange->method.decode_response((*answer)->Serialize());
    exchange->Finish(std::move(answer));
  });
  return exchange;
}

Result<std::unique_ptr<Message>> ScriptedTransport::Call(const std::string& address,
                                                         std::string_view method,
                                                         std::unique_ptr<Message> request,
                                                         const CallOptions& options) {
  calls_.emplace_back(method);
  FL_ASSIGN_OR_RETURN(const CallMethod* target, Connect(address, method, options));
  const Fate fate = NextFate(method);
  if (fate == Fate::kLostBefore) return Lost();
  FL_ASSIGN_OR_RETURN(auto delivered, target->decode_request(request->Serialize()));
  const auto exchange = Deliver(*target, std::move(delivered));
  if (fate == Fate::kBreaksDuring) breaking_.push_back(exchange);
  if (fate == Fate::kCallerVanishes) {
    Event never(spawner_);
    return StatusOf(never.Wait({"an answer that never comes", options.deadline, options.cancel}));
  }
  const WaitOutcome outcome = exchange->done.Wait({"an answer", options.deadline, options.cancel});
  if (outcome != WaitOutcome::kWoken) {
    exchange->caller_gone.Cancel(Status(Code::kCancelled, "the caller gave up"));
    return StatusOf(outcome);
  }
  if (fate == Fate::kLostAfter) return Lost();
  return std::move(exchange->answer);
}

Status ScriptedTransport::Serve(const std::string& address, std::string method,
                                CallMethod handler) {
  Methods& methods = addresses_[address];
  if (!methods.emplace(std::move(method), std::move(handler)).second) {
    return Status(Code::kAlreadyExists, address + " is taken");
  }
  served_.Set();
  return Status();
}

void ScriptedTransport::StopServing(const std::string& address) { addresses_.erase(address); }

}  // namespace faultline::testing
