#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/build_info.h"
#include "cli/command.h"

namespace faultline::cli {
namespace {

int Main(int argc, char** argv) {
  int exit_code = kBadInput;
  CLI::App app("Faultline rehearses how a training job breaks and recovers.", "faultline");
  app.set_version_flag("--version", BuildIdentity());
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 passed, 1 failed, 2 bad input, 3 stuck, 4 crashed, 5 not deterministic,\n"
      "6 vacuous. Start with: faultline run scenarios/suites/fast");
  AddRun(app, exit_code);
  AddReplay(app, exit_code);
  AddList(app, exit_code);
  AddCertify(app, exit_code);
  AddTrain(app, exit_code);
  std::string problem;
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    problem = error.what();
  }
  if (!problem.empty()) {
    fmt::print(stderr, "faultline: {} (see --help)\n", problem);
    return kBadInput;
  }
  return exit_code;
}

}  // namespace
}  // namespace faultline::cli

int main(int argc, char** argv) { return faultline::cli::Main(argc, argv); }
