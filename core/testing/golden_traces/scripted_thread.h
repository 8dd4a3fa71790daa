#pragma once

#include <memory>
#include <string>

#include "core/session/coordinator.h"
#include "core/testing/golden_traces/trace_world.h"

namespace faultline::testing {

// A thread of a scenario: ends at the time `ends_at`, or `ends_after_stop` seconds after the stop
// of `coordinator`, or never. The coordinator, if it is needed, outlives it.
std::shared_ptr<Task> StartScriptedThread(TraceWorld& world, const Params& params,
                                          const std::string& name, Coordinator* coordinator);

}  // namespace faultline::testing
