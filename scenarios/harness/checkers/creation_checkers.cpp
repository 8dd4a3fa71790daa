#include "scenarios/harness/checkers/creation_checkers.h"

#include "core/env/step_context.h"

namespace faultline::scenarios {

void InitExclusiveChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Who who = WhoOf(event);
  const std::int64_t session = fields.Int("session");
  if (IsPoint(event, Point::kCreateAttempt)) {
    creating_[who] = fields.Text("role");
  } else if (IsPoint(event, Point::kCreateDone)) {
    creating_.erase(who);
  } else if (IsPoint(event, Point::kRestoreDone) && fields.Text("code") == "OK") {
    restored_[who].insert(session);
  } else if (IsPoint(event, Point::kInitStart)) {
    Compared();
    const auto creation = creating_.find(who);
    if (creation == creating_.end()) {
      Violated(event.time, event.node, "initialises outside of the creation of a session");
    } else if (creation->second == "worker") {
      Violated(event.time, event.node, "a waiting worker initialises");
    }
    if (restored_[who].contains(session)) {
      Violated(event.time, event.node, "initialises a session that it has restored");
    }
    if (!initialised_[who].insert(session).second) {
      Violated(event.time, event.node, "initialises one session twice");
    }
  } else if (IsPoint(event, Point::kVariableWrite) &&
             fields.Text("cause") == CauseName(Cause::kInit) && restored_.contains(who) &&
             restored_[who].contains(session)) {
    Violated(event.time, event.node,
             "writes the initial value of " + std::string(fields.Text("variable")) +
                 " in a session that it has restored");
  }
}

void InitExclusiveChecker::Finish(TimePoint) {}

void RecoveredNeverInitialisesChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Who who = WhoOf(event);
  const std::int64_t session = fields.Int("session");
  if (IsPoint(event, Point::kRestoreDone) && fields.Text("code") == "OK") {
    Compared();
    restored_[who].insert(session);
  } else if (restored_[who].contains(session)) {
    // Told by the session manager, or seen at a variable, whoever ran its initializer.
    const bool init_write =
        IsPoint(event, Point::kVariableWrite) && fields.Text("cause") == CauseName(Cause::kInit);
    if (IsPoint(event, Point::kInitStart) || init_write) {
      Violated(event.time, event.node, "runs the init op in a session that loaded a checkpoint");
    }
  }
}

void RecoveredNeverInitialisesChecker::Finish(TimePoint) {}

void AbsentIsNotUnreadableChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Who who = WhoOf(event);
  if (IsPoint(event, Point::kCreateAttempt)) {
    last_answer_.erase(who);
  } else if (IsPoint(event, Point::kStateRead)) {
    last_answer_[who] = fields.Text("answer");
  } else if (IsPoint(event, Point::kInitStart) && last_answer_.contains(who)) {
    Compared();
    if (last_answer_[who] != "none") {
      const bool as_tf =
          last_answer_[who] == "unreadable" && !facts_.semantics.unreadable_is_not_absent;
      Violated(event.time, event.node,
               "initialises although the store answered \"" + last_answer_[who] + "\"",
               as_tf ? "RF-94" : "");
    }
  }
}

void AbsentIsNotUnreadableChecker::Finish(TimePoint) {}

void NoInitOverProgressChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  storage_trouble_ = storage_trouble_ || IsStorageTrouble(event);
  if (IsPoint(event, Point::kSaveDone) && fields.Text("code") == "OK") {
    if (acknowledged_.empty()) acknowledged_ = fields.Text("prefix");
  } else if (IsPoint(event, Point::kInitStart)) {
    Compared();
    // Private disks are the loss of the store (RF-92e), and nobody promises anything under that.
    if (acknowledged_.empty() || facts_.private_disks) return;
    const bool as_tf = !facts_.semantics.unreadable_is_not_absent && storage_trouble_;
    Violated(event.time, event.node, "initialises after " + acknowledged_ + " was acknowledged",
             as_tf ? "RF-91 RF-94" : "");
  }
}

void NoInitOverProgressChecker::Finish(TimePoint) {}

}  // namespace faultline::scenarios
