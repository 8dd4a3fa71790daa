#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "scenarios/harness/harness.h"
#include "scenarios/harness/scenario.pb.h"

namespace CLI {
class App;
}  // namespace CLI

namespace faultline::cli {

// Exit codes of the command, by class of failure.
inline constexpr int kPassed = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kStuck = 3;
inline constexpr int kCrashed = 4;
inline constexpr int kNotDeterministic = 5;
inline constexpr int kVacuous = 6;

// The code of a campaign: that of its worst run.
int WorseOf(int a, int b);

// One verb each: adds its options to the command. `exit_code` is set when the verb runs.
void AddRun(CLI::App& app, int& exit_code);
void AddReplay(CLI::App& app, int& exit_code);
void AddList(CLI::App& app, int& exit_code);
void AddCertify(CLI::App& app, int& exit_code);
void AddTrain(CLI::App& app, int& exit_code);

// ---- shared by the verbs ----

// A scenario and the file that holds it.
struct LoadedScenario {
  std::string path;
  v1::Scenario scenario;
};
// Files as they are, folders by their *.textproto files in order of name. The first problem ends
// it.
Result<std::vector<LoadedScenario>> LoadScenarios(const std::vector<std::string>& paths,
                                                  const scenarios::Assets& assets);

// "A..B" or "A"; INVALID_ARGUMENT says what was expected.
struct SeedRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
Result<SeedRange> ParseSeeds(const std::string& text);
// "tf" or "strict".
Result<v1::SemanticsBase> ParseSemantics(const std::string& text);

// One line on the error stream; returns kBadInput.
int ReportBadInput(const Status& status);
bool IsTerminal(int descriptor);
// Writes a file of this machine, through a temporary name: nothing half-written stays.
Status WriteOutput(const std::string& path, const std::string& content);

}  // namespace faultline::cli
