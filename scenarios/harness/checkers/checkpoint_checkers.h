#pragma once

#include <map>
#include <set>
#include <string>

#include "scenarios/harness/checker.h"
#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {

// What both checkers of durability must know to tell TF's known weaknesses from defects: without
// syncs a power failure may lose what was acknowledged (RF-91), and rewriting an existing prefix
// endangers it at any crash (RF-93). Hardened saves excuse nothing.
class SaveExcuses {
 public:
  explicit SaveExcuses(const RunFacts& facts) : hardened_(facts.semantics.hardened_saves) {}
  void OnEvent(const sim::TraceEvent& event);
  // Rules that excuse that `prefix` is unreadable; empty: none.
  std::string For(const std::string& prefix) const;

 private:
  bool hardened_;
  std::set<std::string> saved_;
  std::set<std::string> endangered_;  // saved before a power failure, and not again since
  std::set<std::string> rewriting_;
};

// INV-13: an acknowledged checkpoint can be restored completely until retention removes it.
class AcknowledgedIsDurableChecker : public Checker {
 public:
  explicit AcknowledgedIsDurableChecker(const RunFacts& facts) : excuses_(facts) {}
  std::string_view invariant() const override { return "INV-13"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  SaveExcuses excuses_;
  std::set<std::string> acknowledged_;
  std::string named_;  // by the state file
  std::set<std::string> reported_;
};

// INV-14: the state file names a complete checkpoint, or does not exist.
class PointerNeverDanglesChecker : public Checker {
 public:
  explicit PointerNeverDanglesChecker(const RunFacts& facts) : excuses_(facts) {}
  std::string_view invariant() const override { return "INV-14"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  SaveExcuses excuses_;
  std::set<std::string> reported_;
};

}  // namespace faultline::scenarios
