#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/build_info.h"
#include "cli/command.h"
#include "reports/text_report.h"
#include "scenarios/harness/scenario_text.h"

namespace faultline::cli {
namespace {

struct ReplayOptions {
  std::string path;
  std::uint64_t search = 0;
};

// What makes two failures the same (CONTRIBUTING, names): outcome and the invariants violated.
std::string SignatureOf(const v1::RunReport& report) {
  std::string signature = report.outcome();
  for (const v1::InvariantRecord& record : report.invariants()) {
    if (record.violations_size() > 0) signature += " " + record.invariant();
  }
  for (const v1::NodeRecord& node : report.nodes()) {
    if (node.end_code() != "OK") signature += fmt::format(" {}={}", node.role(), node.end_code());
  }
  return signature;
}

Result<int> Replay(const ReplayOptions& options) {
  FL_ASSIGN_OR_RETURN(const scenarios::Assets assets, scenarios::LoadAssets());
  FL_ASSIGN_OR_RETURN(const v1::Scenario scenario,
                      scenarios::LoadScenario(options.path, assets.programs));
  scenarios::RunSettings settings;
  settings.path = options.path;
  fmt::print("faultline {}: replays {}, seed {}\n", BuildIdentity(), options.path, scenario.seed());
  const bool same_build =
      scenario.recorded_by().empty() || scenario.recorded_by() == BuildIdentity();
  if (!same_build) {
    fmt::print("recorded by {}: another build may take another course\n", scenario.recorded_by());
  }
  const scenarios::RunOutcome outcome = scenarios::RunScenario(scenario, assets, settings);
  const reports::TextOptions text{.color = IsTerminal(1)};
  fmt::print("{}{}\n{}hashes: decisions {:016x}, values {:016x}\n",
             reports::RenderTimeline(outcome.report, text),
             reports::RenderRunLine(outcome.report, text), reports::RenderFailure(outcome.report),
             outcome.report.decisions_hash(), outcome.report.values_hash());
  if (outcome.exit_code() != kPassed || options.search == 0) return outcome.exit_code();

  fmt::print("passes here; looking through {} seeds for a failure\n", options.search);
  for (std::uint64_t seed = 1; seed <= options.search; ++seed) {
    settings.seed = seed;
    const scenarios::RunOutcome other = scenarios::RunScenario(scenario, assets, settings);
    if (other.exit_code() == kPassed) continue;
    fmt::print("seed {}: {}\n{}", seed, SignatureOf(other.report),
               reports::RenderFailure(other.report));
    return other.exit_code();
  }
  fmt::print("none of {} seeds fails\n", options.search);
  return kPassed;
}

}  // namespace

void AddReplay(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App& verb = *app.add_subcommand("replay", "Run a recorded failure again, bit for bit");
  verb.add_option("file", options->path, "A replay file, as run --trace writes it")->required();
  verb.add_option("--search", options->search,
                  "If it passes with this build, look through so many seeds for a failure");
  verb.footer(
      "Examples:\n"
      "  faultline replay failures/chief_crash-seed17.textproto\n"
      "  faultline replay failures/chief_crash-seed17.textproto --search 1000");
  verb.callback([options, &exit_code] {
    const Result<int> result = Replay(*options);
    exit_code = result.ok() ? result.value() : ReportBadInput(result.status());
  });
}

}  // namespace faultline::cli
