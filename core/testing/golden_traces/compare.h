#pragma once

#include <string>
#include <vector>

#include "core/testing/golden_traces/json.h"

namespace faultline::testing {

struct ComparisonOptions {
  // Times after a join are upper bounds.
  bool t_upper_bound = false;
};

// The first difference between the events that a case expects and those that happened, with the
// three events before it; empty if there is none. All events and all of their fields count.
// Integers and texts are equal, floats within 1e-5 of their size, times within a microsecond.
std::string FirstDifference(const Json& expected, const std::vector<Json>& happened,
                            const ComparisonOptions& options = {});
// The same for the outcome.
std::string OutcomeDifference(const Json& expected, const Json& happened,
                              const ComparisonOptions& options = {});

}  // namespace faultline::testing
