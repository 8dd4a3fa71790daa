#pragma once

#include "scenarios/harness/program.h"

namespace faultline::scenarios {

// Linear regression on the digits images: how much ink the right half of a digit has, told from the
// pixels of its left half. The batch of a step is a function of the global step, so a run that
// resumes from a checkpoint ends with the same bits as one that was never disturbed.
ProgramInfo LinearProgram();

}  // namespace faultline::scenarios
