#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reports/run_report.pb.h"
#include "sim/trace.h"

namespace faultline::scenarios {

// Cuts every recovery of a training process into its phases, in virtual time, from the events:
//   detect   from the fault to the moment when somebody acts: the supervisor starts the process
//            again, or the session gives up
//   create   making a session, without the two following
//   restore  loading a checkpoint
//   wait     waiting for the model or a checkpoint
//   first    from the session to the end of the first step
// A recovery that a second death interrupts is counted from that death on.
class RecoveryPhases final : public sim::TraceSink {
 public:
  explicit RecoveryPhases(std::vector<std::string> node_names)
      : node_names_(std::move(node_names)) {}
  void OnEvent(const sim::TraceEvent& event) override;
  // Those that came to their first step.
  const std::vector<v1::RecoveryRecord>& records() const { return records_; }

 private:
  enum class Stage : std::uint8_t { kNone, kDown, kCreating, kCreated };
  struct Recovery {
    Stage stage = Stage::kNone;
    std::string cause;
    TimePoint fault;    // when it began
    TimePoint acted;    // when somebody acted
    TimePoint created;  // when there was a session again
    TimePoint restore_start;
    TimePoint wait_start;
    Duration restore;
    Duration wait;
    bool waiting = false;
  };

  void OnLifecycle(const sim::TraceEvent& event);
  void OnPoint(const sim::TraceEvent& event);
  void Finish(const sim::TraceEvent& event, Recovery& recovery);

  const std::vector<std::string> node_names_;
  std::map<sim::NodeId, Recovery> nodes_;
  TimePoint last_fault_;
  bool fault_seen_ = false;
  std::vector<v1::RecoveryRecord> records_;
};

}  // namespace faultline::scenarios
