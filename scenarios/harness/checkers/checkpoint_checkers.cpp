#include "scenarios/harness/checkers/checkpoint_checkers.h"

namespace faultline::scenarios {

void SaveExcuses::OnEvent(const sim::TraceEvent& event) {
  storage_trouble_ = storage_trouble_ || IsStorageTrouble(event);
  if (IsPoint(event, Point::kSaveStart)) {
    const std::string prefix(EventFields(event).Text("prefix"));
    if (!saved_.insert(prefix).second) rewritten_.insert(prefix);
  }
}

std::string SaveExcuses::For(const std::string& prefix) const {
  if (hardened_) return "";
  std::string rules;
  if (storage_trouble_) rules = "RF-91";
  if (rewritten_.contains(prefix)) rules += rules.empty() ? "RF-93" : " RF-93";
  return rules;
}

void AcknowledgedIsDurableChecker::OnEvent(const sim::TraceEvent& event) {
  excuses_.OnEvent(event);
  const EventFields fields(event);
  const std::string prefix(fields.Text("prefix"));
  if (IsPoint(event, Point::kSaveDone) && fields.Text("code") == "OK") {
    acknowledged_.insert(prefix);
  } else if (IsPoint(event, Point::kCheckpointRemoved)) {
    acknowledged_.erase(prefix);
  } else if (IsPoint(event, Point::kCheckpointProbe) && acknowledged_.contains(prefix)) {
    Compared();
    if (fields.Text("code") == "OK" || !reported_.insert(prefix).second) return;
    Violated(event.time, event.node,
             prefix + " was acknowledged and cannot be restored: " +
                 std::string(fields.Text("message")));
    const std::string rules = excuses_.For(prefix);
    if (violations().size() == 1 || rules.empty()) AllowBy(rules);
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
                        : "the state file names " + path + ", which cannot be restored");
  const std::string rules = excuses_.For(path);
  if (violations().size() == 1 || rules.empty()) AllowBy(rules);
}

void PointerNeverDanglesChecker::Finish(TimePoint) {}

}  // namespace faultline::scenarios
