#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <signal.h>
#include <CLI/CLI.hpp>

#include "cli/build_info.h"
#include "cli/command.h"
#include "core/checkpoint/checkpoint_state.h"
#include "core/os/real_env.h"
#include "scenarios/harness/job_pool.h"
#include "scenarios/harness/os_run.h"

namespace faultline::cli {
namespace {

constexpr int kSignalled = 128;  // plus the signal: as shells report it

struct TrainOptions {
  std::string program;
  std::string checkpoint_dir;
  std::int64_t steps = 0;
  std::int64_t save_steps = 0;
  double save_secs = 0;
  std::string semantics = "tf";
  std::vector<std::string> parameters;
  std::int64_t log_every = -1;
  bool announcements = false;
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
  if (options.log_every >= 0) run.log_every_steps = options.log_every;
  run.log_announcements = options.announcements;
  return run;
}

// "1 h 02 min", "3 min 20 s", "8 s".
std::string TimeText(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

// Step, rate and time to go: a line that is rewritten on a terminal, and one line a second
// elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(std::int64_t steps) : steps_(steps) {}

  void operator()(std::int64_t step) {
    const double now = scenarios::RealSeconds();
    if (step <= last_ || first_ < 0) {  // the first one, or a recovery went back
      first_ = step;
      start_ = now;
    }
    last_ = step;
    const double pause = terminal_ ? 0.1 : 1.0;
    if (now - printed_ < pause && step != steps_) return;
    printed_ = now;
    std::string line = fmt::format("step {}/{}", step, steps_);
    if (now > start_ && step > first_) {
      const double rate = static_cast<double>(step - first_) / (now - start_);
      line += fmt::format("  {:.0f} steps/s", rate);
      if (step < steps_) {
        line += fmt::format("  {} to go", TimeText(static_cast<double>(steps_ - step) / rate));
      }
    }
    fmt::print("{}{}{}", terminal_ ? "\r\x1b[K" : "", line, terminal_ ? "" : "\n");
    std::fflush(stdout);
    open_ = terminal_;
  }
  // So that something else can be written.
  void Clear() {
    if (!open_) return;
    fmt::print("\r\x1b[K");
    std::fflush(stdout);
    open_ = false;
  }
  void End() {
    if (open_) fmt::print("\n");
    open_ = false;
  }

 private:
  const std::int64_t steps_;
  const bool terminal_ = IsTerminal(1);
  bool open_ = false;  // a line is on the terminal, without its end
  double start_ = 0;   // when step `first_` had been done
  double printed_ = -1;
  std::int64_t first_ = -1;
  std::int64_t last_ = -1;
};

std::string_view SignalName(int signal) { return signal == SIGTERM ? "SIGTERM" : "SIGINT"; }

// "12" of ".../model.ckpt-12"; the whole without such an end.
std::string StepText(const std::string& checkpoint) {
  const std::size_t dash = checkpoint.rfind('-');
  const std::string step = dash == std::string::npos ? "" : checkpoint.substr(dash + 1);
  const bool number = !step.empty() && step.find_first_not_of("0123456789") == std::string::npos;
  return number ? step : checkpoint;
}

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

// Which checkpoint the next start resumes from.
std::string LastCheckpointText(const std::string& directory) {
  std::string text = "no checkpoint was saved";
  const Status ran = RunMain([&](Env& env) {
    const auto state = GetCheckpointState(env, Semantics::Strict(), directory);
    if (!state.ok() || !state.value()) return;
    const std::string& prefix = (*state.value()).model_checkpoint_path;
    text = fmt::format("step {} is saved in {}", StepText(prefix), prefix);
  });
  return ran.ok() ? text : ran.ToString();
}

// One line between the lines of progress.
void Say(ProgressLine* progress, const std::string& text) {
  progress->Clear();
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

int Interrupted(const TrainOptions& options, int signal) {
  fmt::print("stopped by {}; {}: give the same command again to go on from there\n",
             SignalName(signal), LastCheckpointText(options.checkpoint_dir));
  return kSignalled + signal;
}

int Train(const TrainOptions& options) {
  Result<scenarios::OsRunOptions> run = MakeRun(options);
  if (!run.ok()) return ReportBadInput(run.status());
  fmt::print("faultline {}: trains {} for {} steps in {}\n", BuildIdentity(), options.program,
             options.steps, options.checkpoint_dir);
  std::fflush(stdout);
  ProgressLine progress(options.steps);
  int signal = 0;
  run->progress = [&](std::int64_t step) { progress(step); };
  run->before_log = [&] { progress.Clear(); };
  run->restored = [&](const std::string& checkpoint) {
    Say(&progress, fmt::format("resumes from step {} ({})", StepText(checkpoint), checkpoint));
  };
  run->interrupted = [&](int received) {
    signal = received;
    Say(&progress,
        fmt::format("{}: saves and closes; once more to abort at once", SignalName(received)));
  };
  const Status end = scenarios::RunOnOs(run.value(), scenarios::StandardPrograms());
  progress.End();
  if (end.ok()) return kPassed;
  if (end.code() == Code::kCancelled) return Interrupted(options, signal != 0 ? signal : SIGINT);
  if (end.code() == Code::kInvalidArgument && end.original() == nullptr && end.node().empty()) {
    return ReportBadInput(end);
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
  verb.add_option("--log-every", options->log_every,
                  "Log the rate each so many steps (default 100; 0: never)")
      ->check(CLI::NonNegativeNumber);
  verb.add_flag("--announcements", options->announcements,
                "Log every point of the protocol (see: faultline list points)");
  verb.add_option("--param", options->parameters, "NAME=VALUE of the program; may be repeated");
  verb.footer(
      "Kill it at any moment and start it again: it resumes from its last checkpoint.\n"
      "Ctrl-C and SIGTERM save, close and exit with 130 and 143; a second one aborts at once.\n"
      "Examples:\n"
      "  faultline train counter --checkpoint-dir /tmp/counter --steps 1000 --save-steps 100\n"
      "  faultline train linear --checkpoint-dir /tmp/linear --steps 5000 --semantics strict");
  verb.callback([options, &exit_code] { exit_code = Train(*options); });
}

}  // namespace faultline::cli
