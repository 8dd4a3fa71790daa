#include "core/testing/golden_traces/run_case.h"

#include <exception>
#include <filesystem>
#include <optional>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include "core/testing/golden_traces/compare.h"
#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/outcome.h"

namespace faultline::testing {

namespace {

struct Driven {
  std::vector<Json> events;
  Json outcome;
  std::string failure;  // why the program did not come to its end
};

Driven Drive(const Json& scenario, GraphStore& graphs, Semantics semantics) {
  Driven driven;
  TraceWorld world(scenario, graphs, semantics);
  Driver driver(world);
  try {
    world.fake.Run([&](Env&) {
      world.Begin([&](const Params& entry) { driver.CarryOut(entry); });
      driver.Perform(scenario["program"]);
      driver.CloseEvents();
      driven.outcome = OutcomeOf(world);
    });
  } catch (const AssertionFailed& failed) {
    driven.failure = failed.message;
  } catch (const std::exception& left) {
    driven.failure = left.what();
  }
  driven.events = world.recorder.events();
  world.Shutdown();  // before what the fibers use goes with the driver
  return driven;
}

}  // namespace

std::string RunCase(const TraceCase& trace_case, GraphStore& graphs, Semantics semantics) {
  const Json& scenario = trace_case.scenario;
  const Driven driven = Drive(scenario, graphs, semantics);
  const ComparisonOptions options{.t_upper_bound = scenario.value("t_upper_bound", false)};
  const std::string difference = FirstDifference(scenario["trace"], driven.events, options);
  if (!driven.failure.empty()) {
    return fmt::format("{}\n    the program did not end: {}", difference, driven.failure);
  }
  if (!difference.empty()) return difference;
  return OutcomeDifference(scenario["outcome"], driven.outcome, options);
}

int RunFolder(const std::string& folder, const std::string& own_graphs, std::ostream& out,
              std::ostream& errors) {
  int passed = 0;
  int failed = 0;
  std::string at = folder;
  std::optional<std::string> bad;
  try {
    const std::string graphs_beside = folder + "/graphs";
    GraphStore graphs(std::filesystem::is_directory(graphs_beside) ? graphs_beside : own_graphs);
    for (const TraceCase& trace_case : ReadCases(folder)) {
      at = folder + "/" + trace_case.name + ".json: ";
      const std::string difference = RunCase(trace_case, graphs);
      ++(difference.empty() ? passed : failed);
      if (difference.empty()) {
        out << "ok " << trace_case.name << "\n";
      } else {
        out << "FAIL " << trace_case.name << ": " << difference << "\n";
      }
    }
  } catch (const BadCase& problem) {
    bad = problem.text.starts_with(folder) ? problem.text : at + problem.text;
  } catch (const Json::exception& problem) {
    bad = at + problem.what();
  }
  if (bad) {
    errors << "golden_traces: " << *bad << "\n";
    return 2;
  }
  out << fmt::format("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace faultline::testing
