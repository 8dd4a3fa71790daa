#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "core/base/semantics.h"
#include "core/env/observer.h"
#include "faults/fault_plan.h"
#include "scenarios/harness/checker.h"
#include "scenarios/harness/data_files.h"
#include "scenarios/harness/program.h"

namespace faultline::cli {
namespace {

struct ListOptions {
  std::string what;
  std::string path;
};

void ListSwitches() {
  for (const Deviation& row : Deviations()) {
    if (row.mutant) {
      fmt::print("{:<26} planted defect; caught by {}\n    {}\n", row.name, row.invariants,
                 row.text);
    } else {
      fmt::print("{:<26} tf {:<5} strict {:<5} {} | {}\n    {}\n", row.name, row.tf, row.strict,
                 row.rules, row.invariants, row.text);
    }
  }
  if (!HasMutants()) fmt::print("(planted defects are not compiled into this build)\n");
}

void ListPrograms() {
  const scenarios::ProgramRegistry programs = scenarios::StandardPrograms();
  for (const scenarios::ProgramInfo& program : programs.all()) {
    fmt::print("{:<12} {}\n", program.name, program.text);
    for (const scenarios::ParameterInfo& parameter : program.parameters) {
      fmt::print("    {} = {}: {}\n", parameter.name, parameter.default_value, parameter.text);
    }
  }
}

Status ListScenarios(const std::string& path) {
  FL_ASSIGN_OR_RETURN(const scenarios::Assets assets, scenarios::LoadAssets());
  const std::string root = scenarios::DefaultDataRoot() + "/..";
  std::vector<std::string> folders = {path};
  if (path.empty()) folders = {root + "/suites/fast", root + "/field"};
  // A build without planted defects refuses the scenarios that ask for them.
  if (path.empty() && HasMutants()) folders.push_back(root + "/negative");
  FL_ASSIGN_OR_RETURN(const auto loaded, LoadScenarios(folders, assets));
  for (const LoadedScenario& entry : loaded) {
    fmt::print("{:<56} {} {}\n", entry.scenario.name(),
               entry.scenario.semantics().base() == v1::STRICT ? "strict" : "tf    ",
               entry.scenario.description());
  }
  return Status();
}

Result<int> List(const ListOptions& options) {
  if (options.what == "scenarios") {
    FL_RETURN_IF_ERROR(ListScenarios(options.path));
  } else if (options.what == "programs") {
    ListPrograms();
  } else if (options.what == "faults") {
    for (const auto& kind : faults::ListFaultKinds())
      fmt::print("{:<18} {}\n", kind.name, kind.text);
  } else if (options.what == "invariants") {
    for (const auto& info : scenarios::ListInvariants()) {
      fmt::print("{:<8} {}\n", info.id, info.statement);
    }
  } else if (options.what == "switches") {
    ListSwitches();
  } else {
    for (int i = 0; i < PointCount(); ++i) {
      const Point point = static_cast<Point>(i);
      fmt::print("{:<22} {}\n", PointName(point), PointText(point));
    }
  }
  return kPassed;
}

}  // namespace

void AddList(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ListOptions>();
  CLI::App& verb = *app.add_subcommand("list", "Show what scenarios may name");
  verb.add_option("what", options->what,
                  "scenarios, programs, faults, invariants, switches or points")
      ->required()
      ->check(
          CLI::IsMember({"scenarios", "programs", "faults", "invariants", "switches", "points"}));
  verb.add_option("path", options->path,
                  "Of scenarios: a file or folder; default: the project's own");
  verb.footer("Examples:\n  faultline list invariants\n  faultline list scenarios scenarios/field");
  verb.callback([options, &exit_code] {
    const Result<int> result = List(*options);
    exit_code = result.ok() ? result.value() : ReportBadInput(result.status());
  });
}

}  // namespace faultline::cli
