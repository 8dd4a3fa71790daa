#include "scenarios/harness/recovery_phases.h"

#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {

void RecoveryPhases::OnEvent(const sim::TraceEvent& event) {
  if (event.kind == sim::EventKind::kFault && event.name != "HEAL") {
    last_fault_ = event.time;
    fault_seen_ = true;
  } else if (event.kind == sim::EventKind::kLifecycle) {
    OnLifecycle(event);
  } else if (event.kind == sim::EventKind::kAnnounce) {
    OnPoint(event);
  }
}

void RecoveryPhases::OnLifecycle(const sim::TraceEvent& event) {
  if (event.name == "crashed" || event.name == "power_failed") {
    Recovery fresh;
    fresh.stage = Stage::kDown;
    fresh.cause = event.name == "crashed" ? "crash" : "power failure";
    fresh.fault = event.time;
    nodes_[event.node] = fresh;
  } else if (event.name == "restart") {
    Recovery& recovery = nodes_[event.node];
    if (recovery.stage != Stage::kDown) return;
    recovery.stage = Stage::kCreating;
    recovery.acted = event.time;
  }
}

void RecoveryPhases::OnPoint(const sim::TraceEvent& event) {
  const EventFields fields(event);
  Recovery& recovery = nodes_[event.node];
  switch (event.point) {
    case Point::kRecoveryStart:
      // One that fails again before its first step is still the same.
      if (recovery.stage == Stage::kNone) {
        recovery = Recovery();
        recovery.cause = fields.Text("code");
        recovery.fault = fault_seen_ ? last_fault_ : event.time;
        recovery.acted = event.time;
        fault_seen_ = false;
      }
      recovery.stage = Stage::kCreating;
      return;
    case Point::kRestoreStart:
      recovery.restore_start = event.time;
      return;
    case Point::kRestoreDone:
      recovery.restore += event.time - recovery.restore_start;
      return;
    case Point::kWaitStart:
    case Point::kWaitForCheckpoint:
      if (!recovery.waiting) recovery.wait_start = event.time;
      recovery.waiting = true;
      return;
    case Point::kWaitEnd:
    case Point::kStateRead:
      if (recovery.waiting) recovery.wait += event.time - recovery.wait_start;
      recovery.waiting = false;
      return;
    case Point::kCreateDone:
      if (recovery.stage != Stage::kCreating || fields.Text("code") != "OK") return;
      recovery.stage = Stage::kCreated;
      recovery.created = event.time;
      return;
    case Point::kProgress:
      if (recovery.stage == Stage::kCreated) Finish(event, recovery);
      return;
    default:
      return;
  }
}

void RecoveryPhases::Finish(const sim::TraceEvent& event, Recovery& recovery) {
  v1::RecoveryRecord record;
  const Duration creating = recovery.created - recovery.acted;
  record.set_node(event.node < node_names_.size() ? node_names_[event.node] : "");
  record.set_at_secs(recovery.fault.seconds());
  record.set_cause(recovery.cause);
  record.set_detect_secs((recovery.acted - recovery.fault).seconds());
  record.set_create_secs((creating - recovery.restore - recovery.wait).seconds());
  record.set_restore_secs(recovery.restore.seconds());
  record.set_wait_secs(recovery.wait.seconds());
  record.set_first_step_secs((event.time - recovery.created).seconds());
  records_.push_back(std::move(record));
  recovery = Recovery();
}

}  // namespace faultline::scenarios
