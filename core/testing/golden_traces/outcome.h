#pragma once

#include "core/testing/golden_traces/trace_world.h"

namespace faultline::testing {

// The state at the end of a scenario: time, raw sessions, and what is in each directory, read by
// our own readers. In a fiber.
Json OutcomeOf(TraceWorld& world);

}  // namespace faultline::testing
