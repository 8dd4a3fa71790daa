#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/base/time.h"
#include "core/env/observer.h"

namespace faultline::sim {

// Number of a node within its simulator, from 0 in the order of their making.
using NodeId = std::uint32_t;
// Stands for the simulator itself where an event belongs to no node.
inline constexpr NodeId kWorld = 0xffffffffU;

enum class EventKind : std::uint8_t {
  kTurn,       // a fiber is resumed: fields task
  kDraw,       // name = stream; fields index, value
  kClock,      // a process read a clock
  kSend,       // a message leaves: name = method; fields to, connection, call, kind, bytes
  kReceive,    // it arrives: name = method; fields from, connection, call, kind
  kFile,       // name = operation; fields path, offset, length, code
  kAnnounce,   // name = point; its fields
  kLifecycle,  // name = start, restart, exit, crashed, power_failed, pause, ...; fields
  kFault,      // name = what was done to the world; fields as the injector says
  kLog,        // name = level; field text
};

std::string_view EventKindName(EventKind kind);
inline constexpr int kEventKinds = 10;

// One event as a sink sees it; what it refers to lives until OnEvent returns, `name` as long as the
// simulator.
struct TraceEvent {
  std::uint64_t number = 0;  // from 1
  TimePoint time;            // virtual
  NodeId node = kWorld;
  std::uint32_t incarnation = 0;
  EventKind kind = EventKind::kTurn;
  Point point{};  // of kAnnounce only
  std::string_view name = {};
  std::span<const Field> fields = {};
  // Of content (file bytes, message payload), 0 when there is none. Belongs to *values*.
  std::uint64_t digest = 0;
};

// Hears every event while the run goes on: checkers, writers. Must not suspend and must not call
// the simulator.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void OnEvent(const TraceEvent& event) = 0;
};

// Both rolling hashes after some event.
struct RunHashes {
  std::uint64_t decisions = 0;
  std::uint64_t values = 0;
  friend bool operator==(const RunHashes&, const RunHashes&) = default;
};

// An event that was kept, with the hashes after it. It owns all it refers to; its buffers are
// reused when it is assigned again.
struct StoredEvent {
  // Name and text lie in `texts`.
  struct StoredField {
    std::uint32_t name_begin = 0;
    std::uint32_t name_size = 0;
    std::uint32_t text_begin = 0;
    std::uint32_t text_size = 0;
    std::int64_t number = 0;
    bool is_text = false;
  };
  TraceEvent event;  // without name and fields
  RunHashes hashes;
  std::string name;
  std::vector<StoredField> fields;
  std::string texts;

  void Assign(const TraceEvent& source, RunHashes after);
  void AddNumber(std::string_view field, std::int64_t number);
  void AddText(std::string_view field, std::string_view text);
  std::string_view NameOf(const StoredField& field) const;
  std::string_view TextOf(const StoredField& field) const;
  // "12.500000000 chief#1 file Rename path=/ckpt/x". `node_names` by NodeId.
  std::string Render(const std::vector<std::string>& node_names) const;
};

struct TraceOptions {
  // How many of the last events are kept.
  std::size_t ring_size = 4096;
  // Also kept: the events numbered [window_begin, window_end). An empty window keeps none.
  std::uint64_t window_begin = 0;
  std::uint64_t window_end = 0;
};

// What a finished run leaves for comparison with another.
struct TraceRecord {
  std::uint64_t events = 0;
  RunHashes hashes;
  // The hashes after every kPrefixEvents events.
  std::vector<RunHashes> prefixes;
  std::vector<StoredEvent> window;
  std::vector<StoredEvent> tail;  // oldest first
  std::vector<std::string> node_names;
};

// The events of one run: always hashed and kept in a ring, streamed to sinks on demand. Fields
// named "digest", "message" and "text" belong to *values*, all others to *decisions* (DESIGN 1).
// Never suspends.
class Trace {
 public:
  static constexpr std::uint64_t kPrefixEvents = 256;

  explicit Trace(TraceOptions options);
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // Must outlive the trace.
  void AddSink(TraceSink* sink) { sinks_.push_back(sink); }
  // Appends an event; gives it its number.
  void Add(TraceEvent event);

  std::uint64_t events() const { return events_; }
  RunHashes hashes() const { return {decisions_.value(), values_.value()}; }
  // Copies what a comparison needs.
  TraceRecord Record(std::vector<std::string> node_names) const;

 private:
  void Keep(const TraceEvent& event);

  const TraceOptions options_;
  std::vector<TraceSink*> sinks_;
  std::uint64_t events_ = 0;
  Hash64 decisions_;
  Hash64 values_;
  std::vector<RunHashes> prefixes_;
  std::deque<StoredEvent> ring_;
  std::vector<StoredEvent> window_;
};

}  // namespace faultline::sim
