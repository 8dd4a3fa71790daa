#pragma once

#include <string>
#include <vector>

#include "scenarios/harness/program.h"
#include "scenarios/harness/scenario.pb.h"

namespace faultline::scenarios {

// A field of a message, and which of several if it is repeated (-1: not).
struct FieldStep {
  std::string name;
  int index = -1;
};
using FieldPath = std::vector<FieldStep>;

struct ScenarioProblem {
  FieldPath path;
  std::string text;  // "expected ..., found ..."
};

// What is wrong with the meaning of a scenario, in the order of checking. `stem`: the name that it
// must bear; empty: any.
std::vector<ScenarioProblem> FindProblems(const v1::Scenario& scenario, const std::string& stem,
                                          const ProgramRegistry& programs);

}  // namespace faultline::scenarios
