#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/build_info.h"
#include "cli/campaign.h"
#include "cli/command.h"
#include "reports/junit_report.h"
#include "reports/text_report.h"

namespace faultline::cli {
namespace {

struct RunOptions {
  std::vector<std::string> paths;
  std::string seeds;
  std::string semantics;
  int jobs = 1;
  std::string junit;
  std::string trace_dir;
  bool timeline = false;
  bool certify = false;
  bool quiet = false;
};

std::string Command(const RunOptions& options) {
  std::string command = "faultline run";
  for (const std::string& path : options.paths) command += " " + path;
  if (!options.seeds.empty()) command += " --seeds " + options.seeds;
  if (!options.semantics.empty()) command += " --semantics " + options.semantics;
  if (options.certify) command += " --certify";
  return command;
}

void PrintSummary(const v1::CampaignReport& report) {
  for (const std::string& table :
       {reports::RenderCoverage(report), reports::RenderRecoveries(report),
        reports::RenderInvariants(report)}) {
    if (!table.empty()) fmt::print("\n{}", table);
  }
  fmt::print("\n{}repeat all: {}\n", reports::RenderTotals(report), report.command());
}

Result<int> Run(const RunOptions& options) {
  CampaignOptions campaign;
  campaign.jobs = options.jobs;
  campaign.certify = options.certify;
  campaign.trace_dir = options.trace_dir;
  campaign.quiet = options.quiet;
  campaign.terminal = IsTerminal(1);
  if (!options.seeds.empty()) {
    FL_ASSIGN_OR_RETURN(campaign.seeds, ParseSeeds(options.seeds));
  }
  if (!options.semantics.empty()) {
    FL_ASSIGN_OR_RETURN(campaign.semantics, ParseSemantics(options.semantics));
  }
  FL_ASSIGN_OR_RETURN(const scenarios::Assets assets, scenarios::LoadAssets());
  FL_ASSIGN_OR_RETURN(campaign.scenarios, LoadScenarios(options.paths, assets));
  fmt::print("faultline {}: {} scenarios, seeds {}, semantics {}, jobs {}\n", BuildIdentity(),
             campaign.scenarios.size(), options.seeds.empty() ? "as each says" : options.seeds,
             options.semantics.empty() ? "as each says" : options.semantics, options.jobs);
  std::fflush(stdout);
  FL_ASSIGN_OR_RETURN(CampaignResult result, RunCampaign(campaign, assets));
  result.report.set_command(Command(options));
  if (!options.junit.empty()) {
    FL_RETURN_IF_ERROR(WriteOutput(options.junit, reports::RenderJunit(result.report)));
  }
  if (options.timeline) {
    for (const v1::RunReport& run : result.report.runs()) {
      fmt::print("\n{} (seed {})\n{}", run.scenario(), run.seed(),
                 reports::RenderTimeline(run, {.color = campaign.terminal}));
    }
  }
  if (!options.quiet) PrintSummary(result.report);
  return result.exit_code;
}

}  // namespace

void AddRun(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App& verb = *app.add_subcommand("run", "Run scenarios and check how the job recovers");
  verb.add_option("path", options->paths, "Scenario files, or folders of them")->required();
  verb.add_option("--seeds,--seed", options->seeds,
                  "A..B or N: seeds in place of the scenarios' own");
  verb.add_option("--jobs", options->jobs, "Runs at a time; 0 for all cores")
      ->check(CLI::Range(0, 1024));
  verb.add_option("--semantics", options->semantics,
                  "tf or strict, in place of the scenarios' own");
  verb.add_option("--junit", options->junit, "Write a JUnit report to this file");
  verb.add_option("--trace", options->trace_dir,
                  "Folder for the trace and a replay file of every run that did not pass");
  verb.add_flag("--timeline", options->timeline, "Show what happened when and where");
  verb.add_flag("--certify", options->certify, "Make every run twice and compare all events");
  verb.add_flag("--quiet", options->quiet, "Print only what did not pass");
  verb.footer(
      "Examples:\n"
      "  faultline run scenarios/suites/fast --junit report.xml\n"
      "  faultline run scenarios/suites/fast/chief_crash_resumes.textproto --timeline\n"
      "  faultline run my.textproto --seeds 1..1000 --jobs 0 --quiet --trace failures");
  verb.callback([options, &exit_code] {
    const Result<int> result = Run(*options);
    exit_code = result.ok() ? result.value() : ReportBadInput(result.status());
  });
}

}  // namespace faultline::cli
