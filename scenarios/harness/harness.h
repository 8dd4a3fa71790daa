#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reports/run_report.pb.h"
#include "scenarios/harness/data_files.h"
#include "scenarios/harness/program.h"
#include "scenarios/harness/run_watcher.h"
#include "scenarios/harness/scenario.pb.h"
#include "sim/certificate.h"
#include "sim/outcome.h"
#include "sim/trace.h"

namespace faultline {
class StackPool;
}  // namespace faultline

namespace faultline::scenarios {

// What all runs share and none changes.
struct Assets {
  ProgramRegistry programs;
  std::shared_ptr<const DataFiles> data;
};
// The standard programs and the data files of `data_root`. NOT_FOUND.
Result<Assets> LoadAssets(const std::string& data_root = DefaultDataRoot());

struct RunSettings {
  // Of the scenario's file, for the report and the command that repeats the run.
  std::string path;
  // In place of the scenario's own.
  std::optional<std::uint64_t> seed;
  std::optional<v1::SemanticsBase> semantics;
  // Run a second time and compare every event.
  bool certify = false;
  // Final values of the run without faults, if they are known already; otherwise that run is made
  // when the scenario expects equality with it.
  std::optional<FinalValues> undisturbed;
  sim::TraceOptions trace;
  // Hear every event of the (first) run. Outlive the call.
  std::vector<sim::TraceSink*> sinks;
  // Stacks of this thread; null: own ones.
  StackPool* stacks = nullptr;
};

struct RunOutcome {
  sim::Outcome outcome = sim::Outcome::kPassed;
  // All that the scenario expects came about, whether or not its faults had to do with it.
  bool expectation_met = false;
  v1::RunReport report;
  std::optional<FinalValues> final_values;
  sim::TraceRecord record;
  // Of a certified run.
  std::optional<sim::Certificate> certificate;
  // Turns of each node, in the order of the scenario.
  std::vector<std::uint64_t> turns;

  // Of the command (DESIGN 9): that of the outcome, or 5 for a run that was not deterministic.
  int exit_code() const;
};

// Runs one valid scenario in a simulator and judges it. Not from a fiber. Any number of threads may
// do so at once, with the same assets.
RunOutcome RunScenario(const v1::Scenario& scenario, const Assets& assets,
                       const RunSettings& settings = {});

// A scenario that repeats this run: seed and semantics baked in, and the build that recorded it.
v1::Scenario MakeReplay(const v1::Scenario& scenario, const RunSettings& settings,
                        const std::string& build);

}  // namespace faultline::scenarios
