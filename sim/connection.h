#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/base/time.h"
#include "core/env/cancel.h"
#include "core/env/message.h"
#include "core/fiber/kernel.h"

namespace faultline::sim {

class Process;

// The two ends of a connection.
enum class Side : std::uint8_t { kClient, kServer };
constexpr Side OtherSide(Side side) {
  return side == Side::kClient ? Side::kServer : Side::kClient;
}

// One thing under way on a connection.
struct Packet {
  enum class Kind : std::uint8_t { kRequest, kResponse, kCancel, kReset };
  Kind kind = Kind::kRequest;
  std::uint64_t call = 0;
  std::string address;  // of a request
  std::string method;
  std::unique_ptr<Message> message;
  Status status;             // of a response that carries an error
  std::uint64_t number = 0;  // the caller's number of a request
  TimePoint arrival;
};
std::string_view PacketKindName(Packet::Kind kind);

// A call that its caller waits for.
struct PendingCall {
  bool done = false;
  Status status;
  std::unique_ptr<Message> response;
  WaitList waiters;
};

// A call that a handler works on.
struct ServedCall {
  CancelToken caller_gone;
};

// What travels towards one end, in order.
struct Direction {
  std::deque<Packet> queue;
  TimePoint last_arrival;
  // Next arrival; none while stalled.
  EventId pump;
  // A partition or silence holds the queue up; the sender gives up at this event.
  bool stalled = false;
  EventId give_up;
};

// An end of a connection: the process behind it may have closed it, or have vanished without a
// word.
struct ConnectionEnd {
  Process* process = nullptr;
  bool open = true;
  bool vanished = false;
  // What travels towards this end.
  Direction incoming;
};

// One ordered connection between two processes, as both ends and the wire see it. Plain data of
// SimNetwork.
struct Connection {
  std::uint64_t id = 0;
  TimePoint established;  // end of the handshake; nothing leaves earlier
  ConnectionEnd client;
  ConnectionEnd server;
  std::uint64_t next_call = 1;
  std::map<std::uint64_t, std::shared_ptr<PendingCall>> pending;
  std::map<std::uint64_t, std::shared_ptr<ServedCall>> served;

  ConnectionEnd& End(Side side) { return side == Side::kClient ? client : server; }
  const ConnectionEnd& End(Side side) const { return side == Side::kClient ? client : server; }
};

}  // namespace faultline::sim
