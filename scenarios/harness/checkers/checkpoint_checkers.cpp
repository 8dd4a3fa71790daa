#include "scenarios/harness/checkers/checkpoint_checkers.h"

namespace faultline::scenarios {

void SaveExcuses::OnEvent(const sim::TraceEvent& event) {
  if (LosesUnsynced(event)) endangered_ = saved_;
  const EventFields fields(event);
  const std::string prefix(fields.Text("prefix"));
  if (IsPoint(event, Point::kSaveStart)) {
    if (!saved_.insert(prefix).second) rewriting_.insert(prefix);
  } else if (IsPoint(event, Point::kSaveDone) && fields.Text("code") == "OK") {
    rewriting_.erase(prefix);
    endangered_.erase(prefix);
  }
}

std::string SaveExcuses::For(const std::string& prefix) const {
  if (hardened_) return "";
  std::string rules;
  // An unreadable state file has no path: any power failure may have torn it.
  if (endangered_.contains(prefix) || (prefix.empty() && !endangered_.empty())) rules = "RF-91";
  if (rewriting_.contains(prefix)) rules += rules.empty() ? "RF-93" : " RF-93";
  return rules;
}

void AcknowledgedIsDurableChecker::OnEvent(const sim::TraceEvent& event) {
  excuses_.OnEvent(event);
  const EventFields fields(event);
  const std::string prefix(fields.Text("prefix"));
  if (IsPoint(event, Point::kSaveDone) && fields.Text("code") == "OK") {
    acknowledged_.insert(prefix);
  } else if (IsPoint(event, Point::kStateWritten)) {
    named_ = fields.Text("path");
  } else if (IsPoint(event, Point::kCheckpointRemoved) ||
             (IsPoint(event, Point::kSaveSubStep) && fields.Text("sub") == "N9")) {
    // Retention takes it away from here on, in favour of the newer one that is committed.
    if (named_ != prefix) acknowledged_.erase(prefix);
  } else if (IsPoint(event, Point::kCheckpointProbe) && acknowledged_.contains(prefix)) {
    Compared();
    if (fields.Text("code") == "OK" || !reported_.insert(prefix).second) return;
    Violated(
        event.time, event.node,
        prefix + " was acknowledged and cannot be restored: " + std::string(fields.Text("message")),
        excuses_.For(prefix));
  }
}

void AcknowledgedIsDurableChecker::Finish(TimePoint) {}

void PointerNeverDanglesChecker::OnEvent(const sim::TraceEvent& event) {
  excuses_.OnEvent(event);
  if (!IsPoint(event, Point::kStateProbe)) return;
  const EventFields fields(event);
  Compared();
  if (fields.Text("answer") == "none" || fields.Text("code") == "OK") return;
  const std::string path(fields.Text("path"));
  if (!reported_.insert(path).second) return;
  Violated(event.time, event.node,
           path.empty() ? "the state file is unreadable"
                        : "the state file names " + path + ", which cannot be restored",
           excuses_.For(path));
}

void PointerNeverDanglesChecker::Finish(TimePoint) {}

}  // namespace faultline::scenarios
