#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/base/status.h"
#include "scenarios/harness/data_files.h"
#include "scenarios/harness/program.h"
#include "scenarios/harness/scenario.pb.h"

namespace faultline::scenarios {

struct OsRunOptions {
  v1::Program program;
  v1::SemanticsSpec semantics;
  std::string profile;  // empty: retry
  std::string checkpoint_dir;
  std::string data_root = DefaultDataRoot();
  // Steps between two log lines with the rate; 0: none. Not set: 100.
  std::optional<std::int64_t> log_every_steps;
  // Every announcement of the core as a log line.
  bool log_announcements = false;
  // Hears of every finished step.
  std::function<void(std::int64_t step)> progress;
  // Hears of every session that has restored a checkpoint.
  std::function<void(const std::string& checkpoint)> restored;
  // Hears once of the first SIGINT or SIGTERM; the next one ends the process as usual.
  std::function<void(int signal)> interrupted;
  // Called before a line is written to the error stream.
  std::function<void()> before_log;
};

// Trains one program as chief of a job of one process on this machine: the same programs,
// composition and core as in the simulator, on the operating system's clock and files.
// INVALID_ARGUMENT for an unknown program or parameter; CANCELLED after a signal, when the program
// has ended cleanly; else what the program ended with. Call it from main, not from a fiber.
Status RunOnOs(const OsRunOptions& options, const ProgramRegistry& programs);

}  // namespace faultline::scenarios
