#pragma once

#include <map>
#include <set>
#include <string>

#include "scenarios/harness/checker.h"
#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {

// INV-1: the init op and init function run only in a session created by the chief's preparation
// path, at most once in each, and only if that creation did not restore.
class InitExclusiveChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-1"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  std::map<Who, std::string> creating_;  // role of the creation under way
  std::map<Who, std::set<std::int64_t>> restored_;
  std::map<Who, std::set<std::int64_t>> initialised_;
};

// INV-2: a session whose creation loaded a checkpoint runs neither init op nor init function.
class RecoveredNeverInitialisesChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-2"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  std::map<Who, std::set<std::int64_t>> restored_;
};

// INV-5: initialisation happens only if the store said that there is no checkpoint state.
class AbsentIsNotUnreadableChecker : public Checker {
 public:
  explicit AbsentIsNotUnreadableChecker(const RunFacts& facts) : facts_(facts) {}
  std::string_view invariant() const override { return "INV-5"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  const RunFacts facts_;
  std::map<Who, std::string> last_answer_;
};

// INV-6: once a checkpoint of the job has been acknowledged, the shared model is not initialised
// any more.
class NoInitOverProgressChecker : public Checker {
 public:
  explicit NoInitOverProgressChecker(const RunFacts& facts) : facts_(facts) {}
  std::string_view invariant() const override { return "INV-6"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  const RunFacts facts_;
  std::string acknowledged_;
  bool storage_trouble_ = false;
};

}  // namespace faultline::scenarios
