#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faults/injector.h"
#include "scenarios/harness/checker.h"
#include "scenarios/harness/run_watcher.h"
#include "scenarios/harness/scenario.pb.h"
#include "sim/outcome.h"
#include "sim/simulator.h"

namespace faultline::scenarios {

// Everything that a verdict is based on.
struct Evidence {
  const v1::Scenario& scenario;
  const sim::RunResult& result;
  // The training programs have ended for good.
  bool done = false;
  const RunWatcher& watcher;
  const std::vector<std::unique_ptr<Checker>>& checkers;
  const std::vector<faults::NotFired>& not_fired;
  const std::vector<std::string>& node_names;
  // Of the run without faults, if it was asked for; the inner one is missing if it did not end
  // well.
  std::optional<std::optional<FinalValues>> undisturbed;
  // Draws that a replay names and that never came.
  std::vector<std::string> unused_overrides;
};

struct Verdict {
  sim::Outcome outcome = sim::Outcome::kPassed;
  // Why it did not pass, one sentence each. Of a vacuous run what it lacks.
  std::vector<std::string> reasons;
  // All that the scenario expects came about, whether or not its faults had to do with it.
  bool expectation_met = true;
};

// Passed only if the run ended as the scenario expects, found the violations that it names and no
// other that the rules do not allow, every declared fault fired, and the applicable invariants
// compared something.
Verdict Judge(const Evidence& evidence);

}  // namespace faultline::scenarios
