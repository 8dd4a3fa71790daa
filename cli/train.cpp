#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/build_info.h"
#include "cli/command.h"
#include "core/checkpoint/checkpoint_state.h"
#include "core/os/real_env.h"
#include "scenarios/harness/job_pool.h"
#include "scenarios/harness/os_run.h"

namespace faultline::cli {
namespace {

constexpr int kInterrupted = 130;  // as shells report SIGINT

struct TrainOptions {
  std::string program;
  std::string checkpoint_dir;
  std::int64_t steps = 0;
  std::int64_t save_steps = 0;
  double save_secs = 0;
  std::string semantics = "tf";
  std::vector<std::string> parameters;
};

Result<scenarios::OsRunOptions> MakeRun(const TrainOptions& options) {
  scenarios::OsRunOptions run;
  run.program.set_name(options.program);
  run.program.set_steps(options.steps);
  if (options.save_steps > 0 && options.save_secs > 0) {
    return Status(Code::kInvalidArgument,
                  "--save-steps and --save-secs: expected only one of them");
  }
  run.program.set_save_every_steps(options.save_steps);
  run.program.set_save_every_secs(options.save_secs);
  for (const std::string& text : options.parameters) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Status(Code::kInvalidArgument,
                    fmt::format("--param: expected NAME=VALUE, found \"{}\"", text));
    }
    v1::Parameter& parameter = *run.program.add_parameters();
    parameter.set_name(text.substr(0, equals));
    parameter.set_value(text.substr(equals + 1));
  }
  FL_ASSIGN_OR_RETURN(const v1::SemanticsBase base, ParseSemantics(options.semantics));
  run.semantics.set_base(base);
  run.checkpoint_dir = options.checkpoint_dir;
  return run;
}

// A line that is rewritten on a terminal, and one line a second elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(std::int64_t steps) : steps_(steps), start_(scenarios::RealSeconds()) {}

  void operator()(std::int64_t step) {
    if (first_ < 0) first_ = step - 1;
    const double now = scenarios::RealSeconds();
    const double pause = terminal_ ? 0.1 : 1.0;
    if (now - printed_ < pause && step != steps_) return;
    printed_ = now;
    const double rate =
        static_cast<double>(step - first_) / (now - start_ > 0 ? now - start_ : 1e-9);
    fmt::print("{}step {}/{}  {:.0f} steps/s{}", terminal_ ? "\r\x1b[K" : "", step, steps_, rate,
               terminal_ ? "" : "\n");
    std::fflush(stdout);
  }
  void End() const {
    if (terminal_) fmt::print("\n");
  }

 private:
  const std::int64_t steps_;
  const double start_;
  const bool terminal_ = IsTerminal(1);
  double printed_ = -1;
  std::int64_t first_ = -1;
};

// What is wrong with the checkpoint that training was to resume from; OK if it is sound or if there
// is none.
Status LookAtCheckpoint(const std::string& directory) {
  Status found;
  const Status ran = RunMain([&](Env& env) {
    const auto state = GetCheckpointState(env, Semantics::Strict(), directory);
    if (!state.ok()) {
      found = state.status().WithMessage(fmt::format("{}: expected a checkpoint state, found: {}",
                                                     JoinPath(directory, "checkpoint"),
                                                     state.status().message()));
    } else if (state.value()) {
      const std::string& prefix = (*state.value()).model_checkpoint_path;
      const Status whole = VerifyCheckpoint(env.files, prefix);
      if (!whole.ok()) {
        found = whole.WithMessage(
            fmt::format("{}: expected a complete checkpoint, found: {}", prefix, whole.message()));
      }
    }
  });
  return ran.ok() ? found : ran;
}

int Train(const TrainOptions& options) {
  Result<scenarios::OsRunOptions> run = MakeRun(options);
  if (!run.ok()) return ReportBadInput(run.status());
  fmt::print("faultline {}: trains {} for {} steps in {}\n", BuildIdentity(), options.program,
             options.steps, options.checkpoint_dir);
  std::fflush(stdout);
  ProgressLine progress(options.steps);
  run->progress = [&](std::int64_t step) { progress(step); };
  const Status end = scenarios::RunOnOs(run.value(), scenarios::StandardPrograms());
  progress.End();
  if (end.ok()) return kPassed;
  if (end.code() == Code::kInvalidArgument && end.original() == nullptr && end.node().empty()) {
    return ReportBadInput(end);
  }
  if (end.code() == Code::kCancelled) {
    fmt::print(stderr, "faultline: {}\n", end.ToString());
    return kInterrupted;
  }
  // A training that ends badly because of what lies in its directory is bad input.
  const Status checkpoint = LookAtCheckpoint(options.checkpoint_dir);
  if (!checkpoint.ok()) return ReportBadInput(checkpoint);
  fmt::print(stderr, "faultline: {}\n", end.ToString());
  return kFailed;
}

}  // namespace

void AddTrain(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& verb = *app.add_subcommand("train", "Train a program on this machine: the same core");
  verb.add_option("program", options->program, "See: faultline list programs")->required();
  verb.add_option("--checkpoint-dir", options->checkpoint_dir, "Where checkpoints and events go")
      ->required();
  verb.add_option("--steps", options->steps, "The global step to stop at")
      ->required()
      ->check(CLI::PositiveNumber);
  verb.add_option("--save-steps", options->save_steps, "Save each so many steps")
      ->check(CLI::PositiveNumber);
  verb.add_option("--save-secs", options->save_secs, "Save each so many seconds (default 600)")
      ->check(CLI::PositiveNumber);
  verb.add_option("--semantics", options->semantics, "tf (default) or strict");
  verb.add_option("--param", options->parameters, "NAME=VALUE of the program; may be repeated");
  verb.footer(
      "Kill it at any moment and start it again: it resumes from its last checkpoint.\n"
      "Examples:\n"
      "  faultline train counter --checkpoint-dir /tmp/counter --steps 1000 --save-steps 100\n"
      "  faultline train linear --checkpoint-dir /tmp/linear --steps 5000 --semantics strict");
  verb.callback([options, &exit_code] { exit_code = Train(*options); });
}

}  // namespace faultline::cli
