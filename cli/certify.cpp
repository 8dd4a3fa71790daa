#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/build_info.h"
#include "cli/command.h"
#include "scenarios/harness/job_pool.h"

namespace faultline::cli {
namespace {

struct CertifyOptions {
  std::vector<std::string> paths;
  std::string seeds;
  int jobs = 1;
  bool hashes = false;
};

Result<int> Certify(const CertifyOptions& options) {
  FL_ASSIGN_OR_RETURN(const scenarios::Assets assets, scenarios::LoadAssets());
  FL_ASSIGN_OR_RETURN(const auto loaded, LoadScenarios(options.paths, assets));
  std::optional<SeedRange> seeds;
  if (!options.seeds.empty()) {
    FL_ASSIGN_OR_RETURN(seeds, ParseSeeds(options.seeds));
  }
  if (!options.hashes) fmt::print("faultline {}: every run is made twice\n", BuildIdentity());
  int exit_code = kPassed;
  std::vector<scenarios::RunSettings> settings;
  std::vector<const LoadedScenario*> scenario_of;
  for (const LoadedScenario& entry : loaded) {
    const SeedRange range = seeds.value_or(SeedRange{entry.scenario.seed(), entry.scenario.seed()});
    for (std::uint64_t seed = range.first;; ++seed) {
      scenarios::RunSettings one;
      one.path = entry.path;
      one.seed = seed;
      one.certify = true;
      settings.push_back(std::move(one));
      scenario_of.push_back(&entry);
      if (seed == range.last) break;
    }
  }
  std::vector<scenarios::RunOutcome> outcomes(settings.size());
  const auto run = [&](std::size_t i) {
    outcomes[i] = scenarios::RunScenario(scenario_of[i]->scenario, assets, settings[i]);
  };
  const auto done = [&](std::size_t i) {
    const scenarios::RunOutcome& outcome = outcomes[i];
    const v1::RunReport& report = outcome.report;
    if (options.hashes) {
      fmt::print("{} {} {:016x} {:016x}\n", report.scenario(), report.seed(),
                 report.decisions_hash(), report.values_hash());
    } else if (outcome.certificate->equal) {
      fmt::print("equal      {:<56} seed {:<6} {} events, decisions {:016x}\n", report.scenario(),
                 report.seed(), report.events(), report.decisions_hash());
    }
    if (!outcome.certificate->equal) {
      fmt::print("different  {} seed {}: {}\n", report.scenario(), report.seed(),
                 outcome.certificate->Describe());
      exit_code = kNotDeterministic;
    }
  };
  scenarios::RunJobs(settings.size(), options.jobs, run, done);
  return exit_code;
}

}  // namespace

void AddCertify(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CertifyOptions>();
  CLI::App& verb = *app.add_subcommand(
      "certify", "Run twice and compare every event: proof that runs can be replayed");
  verb.add_option("path", options->paths, "Scenario files, or folders of them")->required();
  verb.add_option("--seeds,--seed", options->seeds, "A..B or N");
  verb.add_option("--jobs", options->jobs, "Runs at a time; 0 for all cores")
      ->check(CLI::Range(0, 1024));
  verb.add_flag("--hashes", options->hashes,
                "Print only scenario, seed and both hashes, to compare builds");
  verb.footer("Example:\n  faultline certify scenarios/suites/fast --seeds 1..20");
  verb.callback([options, &exit_code] {
    const Result<int> result = Certify(*options);
    exit_code = result.ok() ? result.value() : ReportBadInput(result.status());
  });
}

}  // namespace faultline::cli
