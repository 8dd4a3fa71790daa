#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reports/run_report.pb.h"
#include "sim/trace.h"

namespace faultline::scenarios {

// The story of a run in plain words, for somebody who has never seen one: what processes, sessions,
// checkpoints and faults did. Steps and repeated waits are told only at their first and last.
class Timeline final : public sim::TraceSink {
 public:
  explicit Timeline(std::vector<std::string> node_names) : node_names_(std::move(node_names)) {}
  void OnEvent(const sim::TraceEvent& event) override;
  // After the last event.
  void Finish();

  const std::vector<v1::TimelineEntry>& entries() const { return entries_; }
  static constexpr std::size_t kMaxEntries = 1000;

 private:
  struct NodeStory {
    bool stepped = false;  // since its last session
    std::int64_t last_step = -1;
    TimePoint last_step_time;
    std::uint32_t incarnation = 0;
    // A wait that has been told, where, and how often it came again.
    std::string last_wait;
    std::size_t wait_entry = 0;
    int waits = 0;
  };

  void Tell(const sim::TraceEvent& event, std::string_view kind, std::string text);
  void TellLifecycle(const sim::TraceEvent& event);
  void TellProcess(const sim::TraceEvent& event);
  void TellSession(const sim::TraceEvent& event);
  void TellCheckpoint(const sim::TraceEvent& event);
  // What had been held back of this node's steps and waits.
  void Flush(sim::NodeId node);
  void Append(TimePoint time, sim::NodeId node, std::uint32_t incarnation, std::string_view kind,
              std::string text);

  const std::vector<std::string> node_names_;
  std::map<sim::NodeId, NodeStory> nodes_;
  std::vector<v1::TimelineEntry> entries_;
};

}  // namespace faultline::scenarios
