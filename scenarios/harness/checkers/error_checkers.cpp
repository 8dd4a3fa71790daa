#include "scenarios/harness/checkers/error_checkers.h"

#include "core/base/status.h"

namespace faultline::scenarios {
namespace {

bool NamesPreemption(std::string_view name) {
  Code code = Code::kOk;
  return ParseCodeName(name, &code) && IsPreemption(code);
}

}  // namespace

void RecoverySetChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const std::string_view code = fields.Text("code");
  const Monitored monitored = MonitoredOf(event);
  if (IsPoint(event, Point::kMonitoredStart)) {
    states_[monitored] = State{fields.Int("recovery") == 1, ""};
  } else if (IsPoint(event, Point::kErrorSeen)) {
    states_[monitored].seen = code;
  } else if (IsPoint(event, Point::kRecoveryStart)) {
    Compared();
    if (!NamesPreemption(code)) {
      Violated(event.time, event.node, "recovers from " + std::string(code));
    }
    states_[monitored].seen.clear();
  } else if (IsPoint(event, Point::kRunRaised)) {
    Compared();
    State& state = states_[monitored];
    // A bounded recovery ends with the very error that it could not get rid of.
    if (state.recovers && NamesPreemption(code) && !facts_.semantics.bounded_recovery) {
      Violated(event.time, event.node, "run gives " + std::string(code) + " to its caller");
    }
    if (!state.seen.empty() && state.seen != code && !NamesPreemption(state.seen)) {
      Violated(event.time, event.node,
               "run gives " + std::string(code) + " where " + state.seen + " was seen");
    }
    state.seen.clear();
  } else if (IsPoint(event, Point::kRunAcknowledged)) {
    states_[monitored].seen.clear();
  }
}

void RecoverySetChecker::Finish(TimePoint) {}

void RootCauseChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Monitored monitored = MonitoredOf(event);
  if (IsPoint(event, Point::kErrorSeen)) {
    // Errors of closing are consequences unless nothing came before.
    root_.try_emplace(monitored, fields.Text("code"));
  } else if (IsPoint(event, Point::kRecoveryStart) || IsPoint(event, Point::kRunAcknowledged)) {
    root_.erase(monitored);
  } else if (IsPoint(event, Point::kCreateDone) && fields.Text("code") == "OK") {
    // Errors of creations that were tried again are overcome.
    std::erase_if(root_,
                  [&](const auto& entry) { return std::get<0>(entry.first) == WhoOf(event); });
  } else if (IsPoint(event, Point::kMonitoredEnd) && fields.Text("code") != "OK") {
    const auto root = root_.find(monitored);
    if (root == root_.end()) return;
    Compared();
    if (root->second != fields.Text("code")) {
      Violated(event.time, event.node,
               "the session ends with " + std::string(fields.Text("code")) +
                   ", its root cause was " + root->second);
    }
  }
}

void RootCauseChecker::Finish(TimePoint) {}

}  // namespace faultline::scenarios
