#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "scenarios/harness/program.h"
#include "scenarios/harness/scenario.pb.h"

namespace faultline::scenarios {

struct ParseScenarioOptions {
  // Printed in errors; if it is a file's name, the scenario must bear that name. May be empty.
  std::string path;
  // Programs that a scenario may name.
  const ProgramRegistry& programs;
};

// A scenario from protobuf text. Everything is checked, syntax and meaning: unknown fields, numbers
// that are no numbers, text that is no UTF-8, names that name nothing. The error is one line,
// INVALID_ARGUMENT "path:line:column: field: expected ..., found ...", for the first problem.
Result<v1::Scenario> ParseScenario(std::string_view text, const ParseScenarioOptions& options);
// The same of a file of this machine. NOT_FOUND names the file.
Result<v1::Scenario> LoadScenario(const std::string& path, const ProgramRegistry& programs);

// Protobuf text that ParseScenario accepts.
std::string PrintScenario(const v1::Scenario& scenario);

}  // namespace faultline::scenarios
