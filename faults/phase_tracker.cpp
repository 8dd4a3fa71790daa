#include "faults/phase_tracker.h"

namespace faultline::faults {

std::string_view TextOf(std::span<const Field> fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name != name) continue;
    const auto* text = std::get_if<std::string_view>(&field.value);
    return text == nullptr ? std::string_view() : *text;
  }
  return {};
}

std::int64_t NumberOf(std::span<const Field> fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name != name) continue;
    const auto* number = std::get_if<std::int64_t>(&field.value);
    return number == nullptr ? -1 : *number;
  }
  return -1;
}

void PhaseTracker::OnAnnounce(Point point, std::span<const Field> fields) {
  switch (point) {
    case Point::kRunStart:
      train_ = true;
      break;
    case Point::kRunEnd:
      train_ = false;
      break;
    case Point::kSaveStart:
      save_ = true;
      break;
    case Point::kSaveDone:
      save_ = false;
      break;
    case Point::kStopRequested:
    case Point::kHookEnd:
      close_ = true;
      break;
    case Point::kMonitoredStart:
    case Point::kMonitoredEnd:
      Reset();
      break;
    case Point::kRecoveryStart:
      Reset();
      recover_ = true;
      break;
    default:
      OnSession(point, fields);
      break;
  }
}

void PhaseTracker::OnSession(Point point, std::span<const Field> fields) {
  switch (point) {
    case Point::kCreateAttempt:
      create_ = true;
      break;
    case Point::kCreateDone:
      create_ = false;
      recover_ = false;
      break;
    case Point::kInitStart:
      init_ = true;
      break;
    case Point::kInitDone:
      init_ = false;
      break;
    case Point::kRestoreStart:
      restore_ = true;
      break;
    case Point::kRestoreDone:
      restore_ = false;
      break;
    case Point::kWaitStart:
      wait_ = true;
      break;
    case Point::kWaitForCheckpoint:
      wait_ = true;
      break;
    case Point::kStateRead:
      if (TextOf(fields, "answer") == "state") wait_ = false;
      break;
    case Point::kWaitEnd:
      wait_ = false;
      break;
    default:
      break;
  }
}

std::string_view PhaseTracker::phase() const {
  if (save_) return "save";
  if (init_) return "init";
  if (restore_) return "restore";
  if (wait_) return "wait";
  if (create_) return "create";
  if (recover_) return "recover";
  if (close_) return "close";
  if (train_) return "train";
  return "idle";
}

}  // namespace faultline::faults
