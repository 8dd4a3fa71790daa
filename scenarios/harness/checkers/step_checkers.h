#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "scenarios/harness/checker.h"
#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {

// Where variables live: one store of one incarnation.
using StoreKey = std::pair<Who, std::string>;
StoreKey StoreOf(const sim::TraceEvent& event);
// The number in the name of a checkpoint: "…-12"; -1 if there is none.
std::int64_t StepInName(std::string_view prefix);

// INV-36: (a) without a creation by a chief no acknowledged update is lost: the writes of a
// variable follow each other without a gap, and only a chief's session writes older values over
// updates. (b) A roll-back loses exactly the updates after the checkpoint that it loads, and that
// one is the newest that was acknowledged.
class BoundedLossChecker : public Checker {
 public:
  explicit BoundedLossChecker(const RunFacts& facts) : facts_(facts) {}
  std::string_view invariant() const override { return "INV-36"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  void OnWrite(const sim::TraceEvent& event);
  void OnRollBack(const sim::TraceEvent& event);

  const RunFacts facts_;
  std::set<Who> chiefs_creating_;
  std::set<std::int64_t> chiefs_sessions_;
  std::map<std::pair<StoreKey, std::string>, std::int64_t> versions_;
  std::set<StoreKey> updated_;       // since their generation began
  std::set<StoreKey> acknowledged_;  // those of them whose updates a user was told of
  std::int64_t newest_ = -1;
  bool unsynced_lost_ = false;
};

// INV-40: within a generation the global step grows by one for each applied increment, and the
// increment comes after all variable updates of its attempt.
class StepArithmeticChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-40"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  using AttemptKey = std::tuple<StoreKey, std::int64_t, std::int64_t, std::int64_t>;
  std::map<StoreKey, std::int64_t> step_;
  std::set<AttemptKey> incremented_;
  std::map<StoreKey, std::string> step_variable_;
};

// INV-41: the first value after a restore is the one inside the checkpoint; the step decreases only
// by a restore or an initialisation.
class StepAcrossRollbackChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-41"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  std::map<StoreKey, std::int64_t> step_;
  std::map<std::string, std::int64_t> inside_;
  std::map<Who, std::string> restoring_;
};

// INV-42: counters outside of the model agree with it after a resume: the step that the program
// reports is the one that the model has.
class CountersAgreeChecker : public Checker {
 public:
  explicit CountersAgreeChecker(const RunFacts& facts) : facts_(facts) {}
  std::string_view invariant() const override { return "INV-42"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  const RunFacts facts_;
  std::map<Who, std::int64_t> step_;
};

// INV-43: training ends at its target; it may exceed it by one step for each further trainer, and
// for each start and recovery at or beyond it.
class StopTargetChecker : public Checker {
 public:
  explicit StopTargetChecker(const RunFacts& facts) : facts_(facts) {}
  std::string_view invariant() const override { return "INV-43"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  const RunFacts facts_;
  std::int64_t step_ = 0;
  std::int64_t late_starts_ = 0;
};

}  // namespace faultline::scenarios
