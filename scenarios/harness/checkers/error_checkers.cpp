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
  const std::string code(fields.Text("code"));
  if (IsPoint(event, Point::kCreateAttempt)) {
    // A creation that failed on the way, in a hook for instance, is simply tried again (WS-11).
    for (auto& [monitored, state] : states_) {
      if (std::get<0>(monitored) == WhoOf(event) && NamesPreemption(state.seen)) state.seen.clear();
    }
    return;
  }
  State& state = states_[MonitoredOf(event)];
  if (IsPoint(event, Point::kMonitoredStart)) {
    state = State{fields.Int("recovery") == 1, false, "", ""};
  } else if (IsPoint(event, Point::kErrorSeen)) {
    const std::string_view where = fields.Text("where");
    if (where == "create" || where == "close") return;  // judged by what becomes of the session
    state.seen = code;
    state.message = fields.Text("message");
  } else if (IsPoint(event, Point::kRecoveryStart)) {
    Compared();
    if (!NamesPreemption(code)) {
      Violated(event.time, event.node, "recovers from " + code);
    }
    state.recovering = true;
    state.seen.clear();
  } else if (IsPoint(event, Point::kRunRaised)) {
    Compared();
    OnRaised(event, code, fields.Text("message"), state);
    state.seen.clear();
  } else if (IsPoint(event, Point::kRunAcknowledged)) {
    Compared();
    if (state.recovers && NamesPreemption(state.seen)) {
      Violated(event.time, event.node, "goes on over " + state.seen + " without a recovery");
    }
    state.recovering = false;
    state.seen.clear();
  }
}

void RecoverySetChecker::OnRaised(const sim::TraceEvent& event, const std::string& code,
                                  std::string_view message, const State& state) {
  // A bounded recovery ends with the very error that it could not get rid of.
  const bool gave_up = facts_.semantics.bounded_recovery && state.recovering;
  if (state.recovers && NamesPreemption(code) && !gave_up) {
    Violated(event.time, event.node, "run gives " + code + " to its caller");
  }
  if (state.seen.empty()) return;
  if (state.seen != code) {
    Violated(event.time, event.node, "run gives " + code + " where " + state.seen + " was seen");
  } else if (state.message != message) {
    Violated(event.time, event.node,
             "run gives \"" + std::string(message) + "\" where \"" + state.message + "\" was seen");
  }
}

void RecoverySetChecker::Finish(TimePoint) {}

void RootCauseChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Monitored monitored = MonitoredOf(event);
  if (IsPoint(event, Point::kErrorSeen)) {
    // Errors of closing are consequences unless nothing came before.
    root_.try_emplace(monitored, fields.Text("code"));
    const std::string_view where = fields.Text("where");
    const std::string code(fields.Text("code"));
    // TensorFlow lets the errors of joining, of closing and of end hooks replace an earlier one.
    if (where == "coordinator" || where == "close") {
      late_[monitored].try_emplace(code, "RF-86");
    } else if (where == "hook" && ending_.contains(monitored)) {
      late_[monitored].try_emplace(code, "MS-25");
    }
  } else if (IsPoint(event, Point::kHookEnd)) {
    ending_.insert(monitored);
  } else if (IsPoint(event, Point::kRecoveryStart) || IsPoint(event, Point::kRunAcknowledged)) {
    root_.erase(monitored);
    late_.erase(monitored);
  } else if (IsPoint(event, Point::kCreateDone) && fields.Text("code") == "OK") {
    // Errors of creations that were tried again are overcome.
    std::erase_if(root_,
                  [&](const auto& entry) { return std::get<0>(entry.first) == WhoOf(event); });
  } else if (IsPoint(event, Point::kMonitoredEnd) && fields.Text("code") != "OK") {
    const auto root = root_.find(monitored);
    if (root == root_.end()) return;
    Compared();
    if (root->second != fields.Text("code")) {
      const auto late = late_[monitored].find(std::string(fields.Text("code")));
      const bool as_tf = !facts_.semantics.keep_root_cause && late != late_[monitored].end();
      Violated(event.time, event.node,
               "the session ends with " + std::string(fields.Text("code")) +
                   ", its root cause was " + root->second,
               as_tf ? late->second : "");
    }
  }
}

void RootCauseChecker::Finish(TimePoint) {}

}  // namespace faultline::scenarios
