#pragma once

#include "scenarios/harness/program.h"

namespace faultline::scenarios {

// Counts steps and does nothing else: the smallest job that can lose work.
ProgramInfo CounterProgram();

}  // namespace faultline::scenarios
