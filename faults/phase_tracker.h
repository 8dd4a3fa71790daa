#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/env/observer.h"

namespace faultline::faults {

// What one process is doing, as its announcements tell: "init", "restore", "wait", "save", "train",
// "close", "create", "recover" or "idle". For ground truth and the coverage table.
class PhaseTracker {
 public:
  void OnAnnounce(Point point, std::span<const Field> fields);
  // A new incarnation begins.
  void Reset() { *this = PhaseTracker(); }
  std::string_view phase() const;

 private:
  void OnSession(Point point, std::span<const Field> fields);

  bool init_ = false;
  bool restore_ = false;
  bool wait_ = false;
  bool save_ = false;
  bool train_ = false;
  bool close_ = false;
  bool create_ = false;
  bool recover_ = false;
};

// The text or number of a field; empty or -1 if it is missing or of the other type.
std::string_view TextOf(std::span<const Field> fields, std::string_view name);
std::int64_t NumberOf(std::span<const Field> fields, std::string_view name);

}  // namespace faultline::faults
