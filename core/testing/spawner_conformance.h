#pragma once

#include "core/env/env.h"

namespace faultline::testing {

// What every Spawner promises, and Event, Mutex and CancelToken on top of it. Call it in a fiber of
// `env`.
void SpawnerConformance(Env& env);

}  // namespace faultline::testing
