#include "scenarios/harness/run_watcher.h"

#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {

void RunWatcher::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  if (event.kind == sim::EventKind::kLifecycle) {
    NodeOutcome& node = nodes_[event.node];
    if (event.name == "start" || event.name == "restart") {
      node.incarnations = event.incarnation;
      node.code = "running";
      node.message.clear();
    } else if (event.name == "crashed" || event.name == "power_failed") {
      node.code = "died";
    }
    return;
  }
  if (event.kind != sim::EventKind::kAnnounce) return;
  switch (event.point) {
    case Point::kProgramStart:
      roles_[event.node] = fields.Text("role");
      break;
    case Point::kProgramEnd:
      nodes_[event.node].code = fields.Text("code");
      nodes_[event.node].message = fields.Text("message");
      break;
    case Point::kGlobalStepWrite:
      last_step_ = fields.Int("step");
      break;
    case Point::kRecoveryStart:
      recoveries_ += 1;
      break;
    case Point::kFinalValues:
      if (chief_was_clean_ && roles_[event.node] != "chief") break;
      chief_was_clean_ = roles_[event.node] == "chief";
      final_ = {fields.Int("step"), static_cast<std::uint64_t>(fields.Int("digest"))};
      break;
    default:
      break;
  }
}

NodeOutcome RunWatcher::OutcomeOf(sim::NodeId node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? NodeOutcome() : found->second;
}

}  // namespace faultline::scenarios
