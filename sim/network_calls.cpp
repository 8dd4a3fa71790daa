#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "sim/network.h"
#include "sim/node.h"
#include "sim/process.h"
#include "sim/simulator.h"

// The half of SimNetwork that callers and handlers see; network.cpp is the wire below it.

namespace faultline::sim {
namespace {

Status DeadlineExceeded() { return Status(Code::kDeadlineExceeded, "Deadline Exceeded"); }
// RF-27: derived, so that the error that led to the cancellation wins.
Status Cancelled() { return Status(Code::kCancelled, "Cancelled").AsDerived(); }

Status StatusOf(WaitOutcome outcome) {
  switch (outcome) {
    case WaitOutcome::kWoken:
      return Status();
    case WaitOutcome::kDeadline:
      return DeadlineExceeded();
    case WaitOutcome::kCancelled:
      return Cancelled();
  }
  return Status();
}

// CL-12: "host:port", with something on either side.
bool IsAddress(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  return colon != std::string::npos && colon > 0 && colon + 1 < address.size() &&
         address.find_first_not_of("0123456789", colon + 1) == std::string::npos;
}

}  // namespace

Process* SimNetwork::ServerOf(const std::string& address) const {
  const auto found = addresses_.find(address);
  return found != addresses_.end() ? found->second.server : nullptr;
}

Status SimNetwork::Serve(Process& server, const std::string& address, std::string method,
                         CallMethod handler) {
  if (!server.alive()) return Process::Gone();
  if (!IsAddress(address)) {
    return Status(Code::kInvalidArgument, fmt::format("\"{}\" is not host:port", address));
  }
  Address& entry = addresses_[address];
  if (entry.server != nullptr && entry.server != &server) {
    return Status(Code::kAlreadyExists,
                  fmt::format("{} is served by {}", address, entry.server->name()));
  }
  if (entry.methods.contains(method)) {
    return Status(Code::kAlreadyExists, fmt::format("{} at {} has a handler", method, address));
  }
  const bool first = entry.server == nullptr;
  entry.server = &server;
  entry.last_owner = server.node().id();
  entry.methods.emplace(std::move(method), std::make_shared<const CallMethod>(std::move(handler)));
  if (first) simulator_.kernel().WakeAll(entry.waiters);
  return Status();
}

void SimNetwork::StopServing(Process& server, const std::string& address) {
  const auto found = addresses_.find(address);
  if (!server.alive() || found == addresses_.end() || found->second.server != &server) return;
  found->second.server = nullptr;
  found->second.methods.clear();
}

Result<std::unique_ptr<Message>> SimNetwork::Call(Process& caller, const std::string& address,
                                                  std::string_view method,
                                                  std::unique_ptr<Message> request,
                                                  const CallOptions& options) {
  if (!caller.alive()) return Process::Gone();
  FL_ASSERT(request != nullptr, "a call of {} carries nothing", method);
  const auto known = addresses_.find(address);
  CallInfo info{.address = address, .method = method, .number = caller.CountCall()};
  if (known != addresses_.end() && known->second.last_owner != kWorld) {
    info.peer = simulator_.nodes()[known->second.last_owner]->name();
  }
  FL_RETURN_IF_ERROR(simulator_.interposer().BeforeCall(caller.node(), info));
  Result<std::unique_ptr<Message>> result =
      Exchange(caller, address, info, std::move(request), options);
  if (!caller.alive()) return Process::Gone();
  const Status outcome = simulator_.interposer().AfterCall(caller.node(), info, result.status());
  if (!outcome.ok()) return outcome;
  FL_ASSERT(result.ok(), "an injector made a success of {}", result.status().ToString());
  return result;
}

Result<std::unique_ptr<Message>> SimNetwork::Exchange(Process& caller, const std::string& address,
                                                      const CallInfo& info,
                                                      std::unique_ptr<Message> request,
                                                      const CallOptions& options) {
  FL_ASSIGN_OR_RETURN(Connection* const connection, Connect(caller, address, info.method, options));
  const std::uint64_t id = connection->id;
  Packet packet;
  packet.call = connection->next_call++;
  packet.address = address;
  packet.method = std::string(info.method);
  packet.message = std::move(request);
  packet.number = info.number;
  const std::uint64_t call_id = packet.call;
  const auto call = std::make_shared<PendingCall>();
  connection->pending.emplace(call_id, call);
  Send(*connection, Side::kClient, std::move(packet));
  const std::string what = fmt::format("answer of {} from {}", info.method, address);
  FL_RETURN_IF_ERROR(Await(caller, id, call_id, *call,
                           {.what = what, .deadline = options.deadline, .cancel = options.cancel}));
  if (!call->status.ok()) return call->status;
  return std::move(call->response);
}

Status SimNetwork::Await(Process& caller, std::uint64_t connection, std::uint64_t call_id,
                         PendingCall& call, const WaitOptions& wait) {
  while (!call.done) {
    const WaitOutcome outcome = simulator_.kernel().Wait(wait, &call.waiters);
    if (!caller.alive()) return Process::Gone();
    if (call.done || outcome == WaitOutcome::kWoken) continue;
    Connection* open = Find(connection);
    if (open != nullptr && open->pending.erase(call_id) > 0) {
      Packet cancel;
      cancel.kind = Packet::Kind::kCancel;
      cancel.call = call_id;
      Send(*open, Side::kClient, std::move(cancel));
    }
    return StatusOf(outcome);
  }
  return Status();
}

SimNetwork::Reach SimNetwork::ReachOf(const Process& caller, const Address& address) const {
  if (address.last_owner == kWorld) return Reach::kRefused;
  const Node& here = caller.node();
  const Node& there = *simulator_.nodes()[address.last_owner];
  if (dark_.contains(there.id()) || Blocked(here, there) || Blocked(there, here)) {
    return Reach::kSilent;
  }
  return address.server != nullptr ? Reach::kReady : Reach::kRefused;
}

Result<Connection*> SimNetwork::Connect(Process& caller, const std::string& address,
                                        std::string_view method, const CallOptions& options) {
  Address& entry = addresses_[address];
  const TimePoint connect_deadline = simulator_.now() + model_.connect_timeout;
  const std::string what = fmt::format("connection to {} for {}", address, method);
  WaitOptions wait{.what = what, .deadline = options.deadline, .cancel = options.cancel};
  TimePoint refused_at = TimePoint::Max();  // one way there and back after the first refusal
  for (;;) {
    if (options.cancel != nullptr && options.cancel->cancelled()) return Cancelled();
    if (simulator_.now() >= options.deadline) return DeadlineExceeded();
    if (unnoticed_losses_.erase({caller.node().id(), entry.last_owner}) > 0) {
      return TransportError("connection reset by peer");
    }
    Connection* open = OpenConnection(caller, entry.last_owner);
    const Reach reach = ReachOf(caller, entry);
    // An address that is no longer served by a living process has told its callers so.
    if (open != nullptr &&
        (entry.server != nullptr || reach == Reach::kSilent || !open->server.process->alive())) {
      return open;
    }
    if (reach == Reach::kReady) return &MakeConnection(caller, *entry.server);
    if (!options.wait_for_ready && reach == Reach::kRefused) {
      refused_at = std::min(refused_at, simulator_.now() + model_.link.latency_max * 2);
      if (simulator_.now() >= refused_at) {
        return TransportError(fmt::format("connection to {} refused", address));
      }
      wait.deadline = std::min(options.deadline, refused_at);
    } else if (!options.wait_for_ready) {
      if (simulator_.now() >= connect_deadline) {
        return TransportError(fmt::format("connection to {} timed out", address));
      }
      wait.deadline = std::min(options.deadline, connect_deadline);
    }
    FL_RETURN_IF_ERROR(WaitForAddress(caller, entry, wait));
  }
}

Status SimNetwork::WaitForAddress(Process& caller, Address& address, const WaitOptions& wait) {
  const WaitOutcome outcome = simulator_.kernel().Wait(wait, &address.waiters);
  if (!caller.alive()) return Process::Gone();
  // Deadlines are looked at by the caller, who knows whose they are.
  return outcome == WaitOutcome::kCancelled ? Cancelled() : Status();
}

Connection* SimNetwork::OpenConnection(const Process& caller, NodeId server) const {
  for (const auto& [id, connection] : connections_) {
    const bool mine = connection->client.process == &caller && connection->client.open;
    if (mine && connection->server.process->node().id() == server) return connection.get();
  }
  return nullptr;
}

bool SimNetwork::ServesAnything(const Process& process) const {
  return std::any_of(addresses_.begin(), addresses_.end(),
                     [&process](const auto& address) { return address.second.server == &process; });
}

Connection& SimNetwork::MakeConnection(Process& caller, Process& server) {
  auto connection = std::make_unique<Connection>();
  connection->id = next_connection_++;
  connection->client.process = &caller;
  connection->server.process = &server;
  const Node& here = caller.node();
  const Node& there = server.node();
  if (&here != &there) {
    connection->established =
        simulator_.now() + DrawTravel(here, there, 0) + DrawTravel(there, here, 0);
  }
  return *connections_.emplace(connection->id, std::move(connection)).first->second;
}

void SimNetwork::WakeAddresses() {
  for (auto& [name, address] : addresses_) simulator_.kernel().WakeAll(address.waiters);
}

void SimNetwork::DeliverRequest(Connection& connection, Packet packet) {
  Process& server = *connection.server.process;
  const auto address = addresses_.find(packet.address);
  const std::uint64_t call = packet.call;
  if (address == addresses_.end() || address->second.server != &server) {
    return Answer(connection.id, call, std::move(packet.method),
                  TransportError(fmt::format("connection to {} refused", packet.address)));
  }
  const auto found = address->second.methods.find(packet.method);
  if (found == address->second.methods.end()) {
    Status unknown(Code::kUnimplemented, fmt::format("{} is not served", packet.method));
    return Answer(connection.id, call, std::move(packet.method), std::move(unknown));
  }
  auto served = std::make_shared<ServedCall>();
  connection.served.emplace(call, served);
  std::string name = fmt::format("serve {}", packet.method);
  auto shared = std::make_shared<Packet>(std::move(packet));
  simulator_.kernel().Spawn(server.group(), std::move(name),
                            [this, &server, id = connection.id, shared, method = found->second,
                             served] { Handle(server, id, std::move(*shared), *method, *served); });
}

void SimNetwork::Handle(Process& server, std::uint64_t connection, Packet packet,
                        const CallMethod& method, ServedCall& served) {
  Connection* open = Find(connection);
  const std::string peer = open != nullptr ? open->client.process->node().name() : std::string();
  const CallInfo info{
      .address = packet.address, .method = packet.method, .peer = peer, .number = packet.number};
  Status status = simulator_.interposer().BeforeHandle(server.node(), info);
  if (status.ok()) status = Recode(method.decode_request, &packet.message);
  std::unique_ptr<Message> response;
  if (status.ok()) {
    const CallContext context{.peer = peer, .caller_gone = &served.caller_gone};
    auto result = method.handler(context, std::move(packet.message));
    if (!server.alive()) return;
    status = result.status();
    if (result.ok()) response = std::move(result).value();
    status = simulator_.interposer().AfterHandle(server.node(), info, status);
  }
  if (status.ok()) status = Recode(method.decode_response, &response);
  if (status.ok()) return Answer(connection, packet.call, packet.method, std::move(response));
  Answer(connection, packet.call, packet.method, std::move(status));
}

void SimNetwork::Answer(std::uint64_t connection, std::uint64_t call, std::string method,
                        Result<std::unique_ptr<Message>> result) {
  Connection* open = Find(connection);
  if (open == nullptr || !open->server.open) return;
  open->served.erase(call);
  Packet packet;
  packet.kind = Packet::Kind::kResponse;
  packet.call = call;
  packet.method = std::move(method);
  if (result.ok()) {
    packet.message = std::move(result).value();
  } else {
    packet.status = result.status();
  }
  Send(*open, Side::kServer, std::move(packet));
}

void SimNetwork::DeliverResponse(Connection& connection, Packet packet) {
  const auto found = connection.pending.find(packet.call);
  if (found == connection.pending.end()) return;  // the caller has given up
  const std::shared_ptr<PendingCall> call = found->second;
  connection.pending.erase(found);
  call->done = true;
  call->status = std::move(packet.status);
  call->response = std::move(packet.message);
  simulator_.kernel().WakeAll(call->waiters);
}

Status SimNetwork::Recode(MessageDecoder decode, std::unique_ptr<Message>* message) const {
  if (!model_.checked || *message == nullptr || decode == nullptr) return Status();
  const std::uint64_t digest = (*message)->digest();
  auto decoded = decode((*message)->Serialize());
  if (!decoded.ok()) {
    return Status(Code::kInternal, fmt::format("a {} does not survive its wire form: {}",
                                               (*message)->kind(), decoded.status().ToString()));
  }
  FL_ASSERT((*decoded)->digest() == digest, "{} loses content on the wire", (*message)->kind());
  *message = std::move(decoded).value();
  return Status();
}

}  // namespace faultline::sim
