#pragma once

#include "core/env/env.h"

namespace faultline::testing {

// What every Clock promises, as Boost.Test assertions. Call it in a fiber of `env`; takes some ten
// milliseconds of its time.
void ClockConformance(Env& env);

}  // namespace faultline::testing
