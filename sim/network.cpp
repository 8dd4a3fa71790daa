#include "sim/network.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "sim/node.h"
#include "sim/process.h"
#include "sim/simulator.h"

namespace faultline::sim {
namespace {

constexpr std::array<std::string_view, 4> kKindNames = {"request", "response", "cancel", "reset"};

std::uint64_t BytesOf(const Packet& packet) {
  return packet.message != nullptr ? packet.message->byte_size() : 0;
}

}  // namespace

std::string_view PacketKindName(Packet::Kind kind) {
  return kKindNames.at(static_cast<std::size_t>(kind));
}

SimNetwork::SimNetwork(Simulator& simulator, NetworkModel model)
    : simulator_(simulator), model_(model) {}

SimNetwork::~SimNetwork() = default;

void SimNetwork::Partition(const Node& a, const Node& b) {
  PartitionOneWay(a, b);
  PartitionOneWay(b, a);
}

void SimNetwork::PartitionOneWay(const Node& from, const Node& to) {
  FL_ASSERT(&from != &to, "node {} cannot be cut off from itself", from.name());
  blocked_.insert({from.id(), to.id()});
  simulator_.TraceNode(EventKind::kFault, &from, "partition", {{"to", to.name()}});
}

void SimNetwork::Heal(const Node& a, const Node& b) {
  blocked_.erase({a.id(), b.id()});
  blocked_.erase({b.id(), a.id()});
  simulator_.TraceNode(EventKind::kFault, &a, "heal", {{"to", b.name()}});
  ResumeStalled();
  WakeAddresses();
}

void SimNetwork::HealAll() {
  blocked_.clear();
  simulator_.TraceNode(EventKind::kFault, nullptr, "heal", {});
  ResumeStalled();
  WakeAddresses();
}

void SimNetwork::BreakConnections(const Node& a, const Node& b) {
  simulator_.TraceNode(EventKind::kFault, &a, "break", {{"to", b.name()}});
  for (const auto& [id, connection] : connections_) {
    const Node* client = &connection->client.process->node();
    const Node* server = &connection->server.process->node();
    if (!((client == &a && server == &b) || (client == &b && server == &a))) continue;
    BreakEnd(*connection, Side::kClient);
    BreakEnd(*connection, Side::kServer);
  }
  ForgetClosed();
}

void SimNetwork::SetLink(const Node& from, const Node& to, LinkModel model) {
  FL_ASSERT(model.latency_min <= model.latency_max, "latency of {} to {}", from.name(), to.name());
  FL_ASSERT(model.bytes_per_second > 0, "{} to {} moves no bytes", from.name(), to.name());
  links_[{from.id(), to.id()}] = model;
}

void SimNetwork::SetDelay(const Node& from, const Node& to, Duration extra) {
  LinkModel model = LinkOf(from, to);
  model.extra = extra;
  SetLink(from, to, model);
  simulator_.TraceNode(EventKind::kFault, &from, "delay",
                       {{"to", to.name()}, {"extra_ns", extra.nanoseconds()}});
}

bool SimNetwork::Blocked(const Node& from, const Node& to) const {
  return blocked_.contains({from.id(), to.id()});
}

LinkModel SimNetwork::LinkOf(const Node& from, const Node& to) const {
  const auto found = links_.find({from.id(), to.id()});
  return found != links_.end() ? found->second : model_.link;
}

std::size_t SimNetwork::Connections(const Node& a, const Node& b) const {
  std::size_t open = 0;
  for (const auto& [id, connection] : connections_) {
    const Node* client = &connection->client.process->node();
    const Node* server = &connection->server.process->node();
    const bool between = (client == &a && server == &b) || (client == &b && server == &a);
    if (between && connection->client.open && connection->server.open) ++open;
  }
  return open;
}

void SimNetwork::OnProcessEnd(Process& process, bool silent) {
  for (auto& [name, address] : addresses_) {
    if (address.server != &process) continue;
    address.server = nullptr;
    address.methods.clear();
  }
  std::erase_if(unnoticed_losses_,
                [node = process.node().id()](const NodePair& loss) { return loss.first == node; });
  for (const auto& [id, connection] : connections_) {
    for (const Side side : {Side::kClient, Side::kServer}) {
      ConnectionEnd& end = connection->End(side);
      if (end.process != &process || !end.open) continue;
      if (silent) {
        end.vanished = true;
      } else {
        // After what the process had sent: its machine delivers that first.
        Packet reset;
        reset.kind = Packet::Kind::kReset;
        Send(*connection, side, std::move(reset));
        end.open = false;
        DropQueue(*connection, side);
      }
      if (side == Side::kClient) connection->pending.clear();
      if (side == Side::kServer) connection->served.clear();
      simulator_.kernel().CancelEvent(connection->End(OtherSide(side)).incoming.give_up);
    }
  }
  ForgetClosed();
}

void SimNetwork::OnPowerLost(const Node& node) { dark_.insert(node.id()); }

void SimNetwork::OnProcessStart(Process& process) {
  if (dark_.erase(process.node().id()) == 0) return;
  ResumeStalled();
  WakeAddresses();
}

Duration SimNetwork::DrawTravel(const Node& from, const Node& to, std::uint64_t bytes) {
  const LinkModel link = LinkOf(from, to);
  ChoiceStream& stream = simulator_.choices().Stream("network", "latency",
                                                     fmt::format("{}>{}", from.name(), to.name()));
  const double seconds = static_cast<double>(bytes) / static_cast<double>(link.bytes_per_second);
  return stream.Between(link.latency_min, link.latency_max) + Duration::FromSeconds(seconds) +
         link.extra;
}

void SimNetwork::Send(Connection& connection, Side from, Packet packet) {
  const Side to = OtherSide(from);
  const Node& sender = connection.End(from).process->node();
  const Node& receiver = connection.End(to).process->node();
  Direction& way = connection.End(to).incoming;
  TracePacket(EventKind::kSend, connection, from, packet);
  const TimePoint leaves = std::max(simulator_.now(), connection.established);
  const TimePoint travelled = leaves + DrawTravel(sender, receiver, BytesOf(packet));
  packet.arrival = std::max(travelled, way.last_arrival);  // order is kept
  way.last_arrival = packet.arrival;
  way.queue.push_back(std::move(packet));
  if (way.queue.size() == 1 && !way.stalled) SchedulePump(connection, to);
}

void SimNetwork::SchedulePump(Connection& connection, Side to) {
  Direction& way = connection.End(to).incoming;
  way.pump = simulator_.kernel().At(way.queue.front().arrival,
                                    [this, id = connection.id, to] { Pump(id, to); });
}

void SimNetwork::Pump(std::uint64_t id, Side to) {
  Connection* connection = Find(id);
  FL_ASSERT(connection != nullptr, "connection {} is gone, its packets are not", id);
  Direction& way = connection->End(to).incoming;
  if (Silent(*connection, to)) return Stall(*connection, to);
  FL_ASSERT(!way.queue.empty(), "nothing arrives on connection {}", id);
  Packet packet = std::move(way.queue.front());
  way.queue.pop_front();
  if (!way.queue.empty()) SchedulePump(*connection, to);
  Deliver(*connection, to, std::move(packet));
  ForgetClosed();
}

void SimNetwork::Deliver(Connection& connection, Side to, Packet packet) {
  TracePacket(EventKind::kReceive, connection, OtherSide(to), packet);
  ConnectionEnd& end = connection.End(to);
  if (packet.kind == Packet::Kind::kReset) {
    if (end.open) BreakEnd(connection, to);
    return;
  }
  if (!end.open || end.vanished) {
    // The machine knows of no such connection, perhaps no longer, and says so.
    end.open = false;
    Packet reset;
    reset.kind = Packet::Kind::kReset;
    if (connection.End(OtherSide(to)).open) Send(connection, to, std::move(reset));
    return;
  }
  if (packet.kind == Packet::Kind::kRequest) {
    DeliverRequest(connection, std::move(packet));
  } else if (packet.kind == Packet::Kind::kResponse) {
    DeliverResponse(connection, std::move(packet));
  } else {
    const auto served = connection.served.find(packet.call);
    if (served == connection.served.end()) return;
    const std::shared_ptr<ServedCall> call = served->second;
    call->caller_gone.Cancel(Status(Code::kCancelled, "the caller gave up"));
  }
}

bool SimNetwork::Silent(const Connection& connection, Side to) const {
  const ConnectionEnd& end = connection.End(to);
  const Node& receiver = end.process->node();
  const Node& sender = connection.End(OtherSide(to)).process->node();
  return Blocked(sender, receiver) || dark_.contains(receiver.id());
}

void SimNetwork::Stall(Connection& connection, Side to) {
  Direction& way = connection.End(to).incoming;
  way.stalled = true;
  const ConnectionEnd& sender = connection.End(OtherSide(to));
  if (!sender.open || sender.vanished) return;
  way.give_up =
      simulator_.kernel().At(simulator_.now() + model_.give_up, [this, id = connection.id, to] {
        Connection* stalled = Find(id);
        FL_ASSERT(stalled != nullptr, "connection {} is gone, its end is not", id);
        DropQueue(*stalled, to);
        BreakEnd(*stalled, OtherSide(to));
        ForgetClosed();
      });
}

void SimNetwork::ResumeStalled() {
  for (const auto& [id, connection] : connections_) {
    for (const Side to : {Side::kClient, Side::kServer}) {
      Direction& way = connection->End(to).incoming;
      if (!way.stalled || Silent(*connection, to)) continue;
      way.stalled = false;
      simulator_.kernel().CancelEvent(way.give_up);
      const Node& receiver = connection->End(to).process->node();
      const Node& sender = connection->End(OtherSide(to)).process->node();
      way.last_arrival = simulator_.now();
      for (Packet& packet : way.queue) {
        const Duration travel = DrawTravel(sender, receiver, BytesOf(packet));
        packet.arrival = std::max(simulator_.now() + travel, way.last_arrival);
        way.last_arrival = packet.arrival;
      }
      if (!way.queue.empty()) SchedulePump(*connection, to);
    }
  }
}

void SimNetwork::BreakEnd(Connection& connection, Side side) {
  ConnectionEnd& end = connection.End(side);
  if (!end.open) return;
  end.open = false;
  DropQueue(connection, side);
  if (end.vanished) return;
  if (side == Side::kClient) {
    // T25: nobody hears of the loss of an idle connection that is not watched.
    if (connection.pending.empty() && !ServesAnything(*end.process)) {
      unnoticed_losses_.insert({end.process->node().id(), connection.server.process->node().id()});
    }
    // RF-20: what is in flight ends with the transport's own UNAVAILABLE.
    auto pending = std::exchange(connection.pending, {});
    for (auto& [id, call] : pending) {
      call->done = true;
      call->status = TransportError("connection reset by peer");
      simulator_.kernel().WakeAll(call->waiters);
    }
  } else {
    auto served = std::exchange(connection.served, {});
    for (auto& [id, call] : served) {
      call->caller_gone.Cancel(Status(Code::kUnavailable, "the caller's connection broke"));
    }
  }
}

void SimNetwork::DropQueue(Connection& connection, Side to) {
  Direction& way = connection.End(to).incoming;
  simulator_.kernel().CancelEvent(way.pump);
  simulator_.kernel().CancelEvent(way.give_up);
  way.queue.clear();
  way.stalled = false;
}

void SimNetwork::ForgetClosed() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    Connection& connection = *it->second;
    const auto gone = [](const ConnectionEnd& end) { return !end.open || end.vanished; };
    if (!gone(connection.client) || !gone(connection.server)) {
      ++it;
      continue;
    }
    DropQueue(connection, Side::kClient);
    DropQueue(connection, Side::kServer);
    it = connections_.erase(it);
  }
}

Connection* SimNetwork::Find(std::uint64_t id) const {
  const auto found = connections_.find(id);
  return found != connections_.end() ? found->second.get() : nullptr;
}

void SimNetwork::TracePacket(EventKind kind, const Connection& connection, Side sender,
                             const Packet& packet) {
  const Node& from = connection.End(sender).process->node();
  const Node& to = connection.End(OtherSide(sender)).process->node();
  const bool sent = kind == EventKind::kSend;
  const bool digested = packet.message != nullptr && simulator_.options().digests;
  simulator_.TraceNode(kind, sent ? &from : &to, packet.method,
                       {{"kind", PacketKindName(packet.kind)},
                        {sent ? "to" : "from", sent ? to.name() : from.name()},
                        {"connection", static_cast<std::int64_t>(connection.id)},
                        {"call", static_cast<std::int64_t>(packet.call)},
                        {"bytes", static_cast<std::int64_t>(BytesOf(packet))},
                        {"code", CodeName(packet.status.code())}},
                       digested ? packet.message->digest() : 0);
}

}  // namespace faultline::sim
