#pragma once

#include <map>
#include <set>
#include <string>

#include "scenarios/harness/checker.h"
#include "scenarios/harness/checkers/hook_checkers.h"

namespace faultline::scenarios {

// INV-32: recovery is entered iff ABORTED or UNAVAILABLE came out of session work, a hook or the
// coordinator; every other error leaves run with its code.
class RecoverySetChecker : public Checker {
 public:
  explicit RecoverySetChecker(const RunFacts& facts) : facts_(facts) {}
  std::string_view invariant() const override { return "INV-32"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  struct State {
    bool recovers = true;
    bool recovering = false;  // since the last acknowledged run
    // Last error of a run, a hook or the coordinator that nobody has acted on.
    std::string seen;
    std::string message;
  };
  void OnRaised(const sim::TraceEvent& event, const std::string& code, std::string_view message,
                const State& state);
  const RunFacts facts_;
  std::map<Monitored, State> states_;
};

// INV-33: the error that ends a session is its root cause, not one of cleaning up after it.
class RootCauseChecker : public Checker {
 public:
  explicit RootCauseChecker(const RunFacts& facts) : facts_(facts) {}
  std::string_view invariant() const override { return "INV-33"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  const RunFacts facts_;
  // First error since the last recovery or good run that was not recovered from.
  std::map<Monitored, std::string> root_;
  std::set<Monitored> ending_;  // their end hooks are being called
  // Codes that ending, joining the threads or closing has brought since, and the rule that lets
  // each take the place of the first.
  std::map<Monitored, std::map<std::string, std::string>> late_;
};

}  // namespace faultline::scenarios
