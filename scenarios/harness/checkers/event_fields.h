#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sim/trace.h"

namespace faultline::scenarios {

// Reads the fields of an event by name. A field that is absent gives 0 or "".
class EventFields {
 public:
  explicit EventFields(const sim::TraceEvent& event) : event_(event) {}
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  std::int64_t Int(std::string_view name) const;
  std::string_view Text(std::string_view name) const;
  // Either kind, as text: an identity to compare.
  std::string Key(std::string_view name) const;

 private:
  const Field* Find(std::string_view name) const;
  const sim::TraceEvent& event_;
};

// One incarnation of a node: what sessions and monitored sessions are numbered within.
using Who = std::pair<sim::NodeId, std::uint32_t>;
inline Who WhoOf(const sim::TraceEvent& event) { return {event.node, event.incarnation}; }

inline bool IsPoint(const sim::TraceEvent& event, Point point) {
  return event.kind == sim::EventKind::kAnnounce && event.point == point;
}
inline bool IsLifecycle(const sim::TraceEvent& event, std::string_view name) {
  return event.kind == sim::EventKind::kLifecycle && event.name == name;
}
// What loses data that was not synced: a power failure, a torn write (F8 of invariants.md).
bool LosesUnsynced(const sim::TraceEvent& event);
// That, or an error of a file operation (F7): after it a store may look empty that is not.
bool IsStorageTrouble(const sim::TraceEvent& event);

}  // namespace faultline::scenarios
