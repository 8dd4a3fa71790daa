#pragma once

#include <string>
#include <vector>

#include "core/testing/golden_traces/json.h"

namespace faultline::testing {

// A case of a folder, read and checked.
struct TraceCase {
  std::string name;
  Json scenario;
};

// From the text of a file. BadCase, telling file and field, for what is no case or holds an action,
// hook, fault or field that the driver does not know.
TraceCase ParseCase(const std::string& file, const std::string& text);
// All `*.json` of a folder, sorted by name. BadCase if one is bad or there is none.
std::vector<TraceCase> ReadCases(const std::string& folder);

}  // namespace faultline::testing
