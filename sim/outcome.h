#pragma once

#include <cstdint>
#include <string_view>

namespace faultline::sim {

// How a scenario ended, as the harness judges it. Each has an exit code of the command (DESIGN 9).
enum class Outcome : std::uint8_t { kPassed, kFailed, kStuck, kCrashed, kVacuous };

// "passed", "failed", "stuck", "crashed", "vacuous".
std::string_view OutcomeName(Outcome outcome);
bool ParseOutcomeName(std::string_view name, Outcome* outcome);
// 0, 1, 3, 4, 6.
int OutcomeExitCode(Outcome outcome);

// How a run of the simulator ended, before anybody has judged what it did.
enum class RunEnd : std::uint8_t {
  kFinished,     // the program of every node has ended
  kStopped,      // somebody asked for the end
  kStuck,        // nothing but housekeeping can ever happen again
  kTimeBudget,   // the budget of virtual time is used up
  kEventBudget,  // the budget of events is used up
  kNoProgress,   // too many events without time moving
  kCrashed,      // an assertion failed, or a foreign exception left a fiber
};

// "finished", "stopped", "stuck", "time budget", "event budget", "no progress", "crashed".
std::string_view RunEndName(RunEnd end);

}  // namespace faultline::sim
