#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/base/time.h"
#include "core/cluster/runtime_profile.h"
#include "core/env/cancel.h"
#include "core/exec/runtime.h"

namespace faultline::scenarios {

// The part that a process plays in its job.
enum class ProgramRole : std::uint8_t { kChief, kWorker, kServer };
// "chief", "worker", "server".
std::string_view RoleName(ProgramRole role);

// What every training program is told (scenario.proto, Program). Times and counts of 0 stand for
// the defaults named there.
struct TrainingSettings {
  std::int64_t steps = 0;
  std::int64_t save_every_steps = 0;
  double save_every_secs = 0;
  std::int64_t max_to_keep = 0;
  double max_wait_secs = 0;
  double step_secs = 0;
  std::int64_t input_steps = 0;
  double operation_timeout_secs = 0;
  // Steps between two reports of the rate; 0: none. Not set: that of monitored training sessions.
  std::optional<std::int64_t> log_every_steps = {};
};

// What a program of one process gets; the same in the simulator and on the operating system. Lives
// as long as the program runs.
struct ProgramContext {
  explicit ProgramContext(Runtime& process) : runtime(process) {}

  Runtime& runtime;
  std::string program;
  std::string node;
  ProgramRole role = ProgramRole::kChief;
  // Target of its sessions; empty: in process.
  std::string server_target;
  // Of a server: where it answers, "host:port".
  std::string address;
  // How this process talks to servers, and how a server answers.
  RuntimeProfile profile;
  TrainingSettings training;
  // All parameters of the program, with their defaults; values are of the declared type.
  std::map<std::string, std::string> parameters;
  std::string checkpoint_dir;
  // Read-only files of the project: "<data_dir>/digits/digits.csv".
  std::string data_dir;
  // When cancelled, training ends cleanly before its next step. May be null.
  CancelToken* stop = nullptr;
  // Speed of this process, for programs that stand for longer work (Spawner::Compute).
  std::int64_t operations_per_second = 1'000'000'000;

  // A parameter of that type, which the program has declared (asserted).
  std::int64_t IntParameter(const std::string& name) const;
  double RealParameter(const std::string& name) const;
  const std::string& TextParameter(const std::string& name) const;
};

enum class ParameterType : std::uint8_t { kInt, kReal, kText };
struct ParameterInfo {
  std::string name;
  ParameterType type = ParameterType::kText;
  std::string default_value;
  std::string text;
};

// Trains, waits or serves until done (DESIGN 2.1(11)). Runs on the root fiber of its process, may
// suspend and may throw; what it throws or returns is how the process ended.
using ProgramFunction = std::function<Status(ProgramContext&)>;

struct ProgramInfo {
  std::string name;
  std::string text;  // one line for `faultline list programs`
  std::vector<ParameterInfo> parameters;
  // Whether it reads files of ProgramContext::data_dir.
  bool needs_data = false;
  ProgramFunction run;

  // Null if it has none of that name.
  const ParameterInfo* FindParameter(std::string_view name) const;
};

// The programs that scenarios may name. A value: users add theirs to StandardPrograms().
class ProgramRegistry {
 public:
  // A program of the same name is replaced.
  void Add(ProgramInfo program);
  // Null if there is none of that name.
  const ProgramInfo* Find(std::string_view name) const;
  const std::vector<ProgramInfo>& all() const { return programs_; }
  // "counter, linear".
  std::string Names() const;

 private:
  std::vector<ProgramInfo> programs_;
};

// Counter and linear.
ProgramRegistry StandardPrograms();

// The text as a value of that type: an error says what was expected.
Status CheckParameter(const ParameterInfo& parameter, const std::string& value);

}  // namespace faultline::scenarios
