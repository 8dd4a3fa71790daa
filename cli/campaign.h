#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "reports/run_report.pb.h"

namespace faultline::cli {

struct CampaignOptions {
  std::vector<LoadedScenario> scenarios;
  std::optional<SeedRange> seeds;  // none: that of each scenario
  std::optional<v1::SemanticsBase> semantics;
  int jobs = 1;
  bool certify = false;
  // Folder for the trace and a replay file of every run that did not pass; empty: none.
  std::string trace_dir;
  // How the progress line looks: rewritten in place, or now and then a line of its own.
  bool terminal = false;
  bool quiet = false;
};

struct CampaignResult {
  v1::CampaignReport report;
  int exit_code = kPassed;
};

// Runs every scenario with every seed, `jobs` at a time, and prints a line for each as it ends, in
// order: equal output at any number of jobs, but for real times.
Result<CampaignResult> RunCampaign(const CampaignOptions& options, const scenarios::Assets& assets);

}  // namespace faultline::cli
