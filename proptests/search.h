#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "proptests/cases.h"
#include "scenarios/harness/harness.h"

namespace faultline::proptests {

// The scenarios' programs and data, loaded once by each test that asks.
scenarios::Assets TestAssets();

// Changes a scenario before it is run: a planted defect, another semantics.
using Twist = std::function<void(v1::Scenario&)>;

struct SearchOptions {
  Family family = Family::kLonelyChief;
  Twist twist = nullptr;
  int cases = 100;
  std::uint64_t seed = 1;
};

struct SearchResult {
  bool found = false;
  int cases = 0;  // tried until the first failure, or all
  // Cases in which no declared fault fired, or none was declared.
  int idle = 0;
  // How often each invariant was compared over all cases until the first failure.
  std::map<std::string, std::uint64_t> compared;
  CaseDraw smallest;
  v1::Scenario scenario;  // of the smallest case
  std::string reason;     // of its failure
};

// Looks for a case that does not pass, and shrinks it while its signature stays the same: the
// outcome and the invariants violated.
SearchResult Search(const SearchOptions& options, const scenarios::Assets& assets);

// What makes two failures the same.
std::string SignatureOf(const scenarios::RunOutcome& outcome);

}  // namespace faultline::proptests
