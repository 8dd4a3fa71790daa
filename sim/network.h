#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/env/transport.h"
#include "sim/choices.h"
#include "sim/connection.h"
#include "sim/interposer.h"
#include "sim/trace.h"

namespace faultline::sim {

class Node;
class Process;
class Simulator;

// How long a message travels in one direction: uniform between two bounds, plus its bytes by
// throughput, plus `extra`.
struct LinkModel {
  Duration latency_min = Duration::Microseconds(50);
  Duration latency_max = Duration::Microseconds(500);
  std::int64_t bytes_per_second = 1'000'000'000;
  Duration extra = {};
};

struct NetworkModel {
  LinkModel link = {};
  // How long a call that does not wait for ready tries to connect to a machine that is silent.
  Duration connect_timeout = Duration::Seconds(20);
  // How long a machine keeps sending data that nobody acknowledges, then it drops the connection
  // (RF-21).
  Duration give_up = Duration::Seconds(15 * 60);
  // Every message is serialized and decoded on its way; its digest must survive.
  bool checked = false;
};

// The Transport of all nodes (RF-19 to RF-21): one ordered connection for each ordered pair of
// processes. A crash or an exit resets the connections of the process, after what it had sent
// before; a power failure and a partition are silence. Messages that meet a partition wait for Heal
// and keep their order. Nothing polls: callers that wait for a peer are woken when it serves, or
// when a partition heals.
// A process that serves something watches its idle connections and makes lost ones anew without a
// word. A process that only calls does not: the loss of a connection on which no call was pending
// ends its next call to that peer, once, with the transport's UNAVAILABLE, and later calls connect
// anew (T25).
class SimNetwork {
 public:
  SimNetwork(Simulator& simulator, NetworkModel model);
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  // ---- faults; from anywhere, never suspend ----
  void Partition(const Node& a, const Node& b);
  void PartitionOneWay(const Node& from, const Node& to);
  // Both directions; what has waited travels anew, in order.
  void Heal(const Node& a, const Node& b);
  void HealAll();
  // A blip: both ends see a reset now, what is under way is lost, both processes live on.
  void BreakConnections(const Node& a, const Node& b);
  void SetLink(const Node& from, const Node& to, LinkModel model);
  // Messages sent from now on travel so much longer.
  void SetDelay(const Node& from, const Node& to, Duration extra);

  bool Blocked(const Node& from, const Node& to) const;
  LinkModel LinkOf(const Node& from, const Node& to) const;
  // Open connections between the two, in either role.
  std::size_t Connections(const Node& a, const Node& b) const;
  // The running process that serves `address`, or null.
  Process* ServerOf(const std::string& address) const;

  // ---- for processes; see Transport ----
  Result<std::unique_ptr<Message>> Call(Process& caller, const std::string& address,
                                        std::string_view method, std::unique_ptr<Message> request,
                                        const CallOptions& options);
  Status Serve(Process& server, const std::string& address, std::string method, CallMethod handler);
  void StopServing(Process& server, const std::string& address);

  // ---- for nodes ----
  // The node's machine is silent from now on, until a process starts there.
  void OnPowerLost(const Node& node);
  // The process has ended. `silent`: its machine lost power, peers see nothing.
  void OnProcessEnd(Process& process, bool silent);
  // The machine of this process runs again: it answers data of old connections with a reset.
  void OnProcessStart(Process& process);

 private:
  using NodePair = std::pair<NodeId, NodeId>;  // from, to
  enum class Reach : std::uint8_t { kReady, kRefused, kSilent };
  // One name that processes serve, and who waits for it.
  struct Address {
    Process* server = nullptr;
    NodeId last_owner = kWorld;
    std::map<std::string, std::shared_ptr<const CallMethod>, std::less<>> methods;
    WaitList waiters;
  };

  // ---- calls: network_calls.cpp ----
  Result<std::unique_ptr<Message>> Exchange(Process& caller, const std::string& address,
                                            const CallInfo& info, std::unique_ptr<Message> request,
                                            const CallOptions& options);
  // The connection to use for the address, when there is one or one can be made.
  Result<Connection*> Connect(Process& caller, const std::string& address, std::string_view method,
                              const CallOptions& options);
  Status WaitForAddress(Process& caller, Address& address, const WaitOptions& wait);
  Status Await(Process& caller, std::uint64_t connection, std::uint64_t call_id, PendingCall& call,
               const WaitOptions& wait);
  Reach ReachOf(const Process& caller, const Address& address) const;
  Connection* OpenConnection(const Process& caller, NodeId server) const;
  bool ServesAnything(const Process& process) const;
  Connection& MakeConnection(Process& caller, Process& server);
  void WakeAddresses();
  void DeliverRequest(Connection& connection, Packet packet);
  void DeliverResponse(Connection& connection, Packet packet);
  void Handle(Process& server, std::uint64_t connection, Packet packet, const CallMethod& method,
              ServedCall& served);
  void Answer(std::uint64_t connection, std::uint64_t call, std::string method,
              Result<std::unique_ptr<Message>> result);
  // In checked mode: sends the message through its serialized form.
  Status Recode(MessageDecoder decode, std::unique_ptr<Message>* message) const;

  // ---- the wire: network.cpp ----
  Duration DrawTravel(const Node& from, const Node& to, std::uint64_t bytes);
  void Send(Connection& connection, Side from, Packet packet);
  void SchedulePump(Connection& connection, Side to);
  // The first packet towards that end has arrived.
  void Pump(std::uint64_t id, Side to);
  void Deliver(Connection& connection, Side to, Packet packet);
  bool Silent(const Connection& connection, Side to) const;
  void Stall(Connection& connection, Side to);
  void ResumeStalled();
  // That end of the connection sees a reset.
  void BreakEnd(Connection& connection, Side side);
  void DropQueue(Connection& connection, Side to);
  void ForgetClosed();
  Connection* Find(std::uint64_t id) const;
  void TracePacket(EventKind kind, const Connection& connection, Side sender, const Packet& packet);

  Simulator& simulator_;
  const NetworkModel model_;
  std::map<std::string, Address> addresses_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t next_connection_ = 1;
  std::set<NodePair> blocked_;
  std::map<NodePair, LinkModel> links_;
  // Callers and peers whose idle connection was lost, which the caller has yet to notice.
  std::set<NodePair> unnoticed_losses_;
  // Nodes whose machine has no power.
  std::set<NodeId> dark_;
};

}  // namespace faultline::sim
