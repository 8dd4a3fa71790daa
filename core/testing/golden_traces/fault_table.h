#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/testing/golden_traces/json.h"

namespace faultline::testing {

// Which occurrences of something are meant: a number, a list of numbers, "all", or "5+".
class Occurrences {
 public:
  // BadCase for anything else.
  static Occurrences Of(const Json& n, const std::string& where);
  bool Contains(std::int64_t n) const;

 private:
  std::vector<std::int64_t> listed_;
  std::optional<std::int64_t> from_;
};

// What happens to one call instead of, or after, its effect.
struct TraceFault {
  std::string on;
  Occurrences n;
  Status error;                                    // OK: a report
  bool after = false;                              // the call has been executed all the same
  std::optional<std::vector<std::string>> report;  // the answer of a ready check
};

// The faults of a scenario. Counts the occurrences of everything, from 1, over all sessions.
class FaultTable {
 public:
  // `faults` is the field of the case, or null.
  explicit FaultTable(const Json& faults);
  // Notes one occurrence and returns its fault: the first of the list that fits, or null.
  const TraceFault* Next(const std::string& what);

 private:
  std::vector<TraceFault> faults_;
  std::map<std::string, std::int64_t> seen_;
};

}  // namespace faultline::testing
