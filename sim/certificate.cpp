#include "sim/certificate.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace faultline::sim {
namespace {

constexpr int kMorePairs = 3;
constexpr std::string_view kNoEvent = "(no event)";

// The kept event of that number, or null.
const StoredEvent* Find(const std::vector<StoredEvent>& events, std::uint64_t number) {
  const auto found =
      std::lower_bound(events.begin(), events.end(), number,
                       [](const StoredEvent& e, std::uint64_t n) { return e.event.number < n; });
  return found != events.end() && found->event.number == number ? &*found : nullptr;
}

const StoredEvent* Find(const TraceRecord& record, std::uint64_t number) {
  const StoredEvent* event = Find(record.window, number);
  return event != nullptr ? event : Find(record.tail, number);
}

std::string Render(const TraceRecord& record, const StoredEvent* event) {
  return event == nullptr ? std::string(kNoEvent) : event->Render(record.node_names);
}

// Index of the first block of events whose hashes differ.
std::size_t FirstBlock(const TraceRecord& first, const TraceRecord& second) {
  const std::size_t common = std::min(first.prefixes.size(), second.prefixes.size());
  std::size_t block = 0;
  while (block < common && first.prefixes[block] == second.prefixes[block]) ++block;
  return block;
}

}  // namespace

std::string Certificate::Describe() const {
  if (equal) {
    return fmt::format("two runs are equal: decisions {:016x}, values {:016x}",
                       first_hashes.decisions, first_hashes.values);
  }
  if (!exact) {
    return fmt::format("two runs differ within events {}..{}", event,
                       event + Trace::kPrefixEvents - 1);
  }
  return fmt::format("two runs differ first at event {}:\n  first run:  {}\n  second run: {}",
                     event, first, second);
}

Certificate CompareRuns(const TraceRecord& first, const TraceRecord& second) {
  Certificate result;
  result.first_hashes = first.hashes;
  result.second_hashes = second.hashes;
  result.equal = first.events == second.events && first.hashes == second.hashes;
  if (result.equal) return result;
  const std::uint64_t begin = FirstBlock(first, second) * Trace::kPrefixEvents + 1;
  result.event = begin;
  for (std::uint64_t n = begin; n < begin + Trace::kPrefixEvents; ++n) {
    const StoredEvent* a = Find(first, n);
    const StoredEvent* b = Find(second, n);
    const bool known = (a != nullptr || n > first.events) && (b != nullptr || n > second.events);
    if (!known || (a == nullptr && b == nullptr)) break;
    if (a != nullptr && b != nullptr && a->hashes == b->hashes) continue;
    result.event = n;
    result.exact = true;
    result.first = Render(first, a);
    result.second = Render(second, b);
    break;
  }
  return result;
}

Certificate Certify(const RecordedRun& run, const TraceOptions& options) {
  const auto pair_of = [&run](const TraceOptions& with) {
    const TraceRecord first = run(with);
    const TraceRecord second = run(with);
    return CompareRuns(first, second);
  };
  Certificate result = pair_of(options);
  for (int pair = 0; pair < kMorePairs && !result.equal && !result.exact; ++pair) {
    TraceOptions narrow = options;
    narrow.window_begin = result.event;
    narrow.window_end = result.event + Trace::kPrefixEvents;
    const Certificate again = pair_of(narrow);
    if (!again.equal) result = again;
  }
  return result;
}

}  // namespace faultline::sim
