#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proptests/hook_properties.h"

namespace faultline::proptests {

// A property of cases: plays one and says what it saw.
using CaseProperty = std::function<Verdict(const SessionDraw&)>;
// The property of that name, played with `options`.
CaseProperty PropertyOfCases(const std::string& id, const PlayOptions& options);
std::vector<std::string> PropertyIds();

struct Quarry {
  bool found = false;
  int cases = 0;  // tried until the first failure, or all
  std::uint64_t compared = 0;
  SessionDraw smallest;
  std::string violation;  // of the smallest
};
// Looks for a case that violates the property, and shrinks it.
Quarry Hunt(const CaseProperty& property, int cases, std::uint64_t seed);

// What came of several cases.
struct Campaign {
  int cases = 0;
  std::uint64_t events = 0;
  std::map<std::string, std::uint64_t> compared;  // by property
  std::map<std::pair<Call, bool>, int> struck;    // errors that came: call, after its effect
  std::map<Code, int> codes;                      // of these
  std::string failed;                             // the first property that did not hold
  Quarry quarry;                                  // then
};
// Every property for this case; P-10, which plays it three times more, if asked.
void JudgeCase(const SessionDraw& draw, bool orders, Campaign* campaign);
// Every property over the same random cases; stops at the first that does not hold, and shrinks.
Campaign RunCampaign(int cases, std::uint64_t seed);

}  // namespace faultline::proptests
