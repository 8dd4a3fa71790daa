#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/trace.h"

namespace faultline::sim {

// The verdict on two runs that should have been the same.
struct Certificate {
  bool equal = true;
  // Number of the first event that differs; 0 when equal. When the event itself could not be seen
  // (`exact` false), the first of a block of Trace::kPrefixEvents that holds it.
  std::uint64_t event = 0;
  bool exact = false;
  // The two events, rendered; "(no event)" where a run had ended.
  std::string first;
  std::string second;
  RunHashes first_hashes;
  RunHashes second_hashes;

  // One sentence for people: which event differs and what it was in each run.
  std::string Describe() const;
};

// Compares two finished runs by their hashes, prefix hashes and kept events.
Certificate CompareRuns(const TraceRecord& first, const TraceRecord& second);

// Runs twice and compares. When the first difference lies in no kept event, runs again with a
// window around it (at most three more pairs), so that the mismatch can be named.
using RecordedRun = std::function<TraceRecord(const TraceOptions&)>;
Certificate Certify(const RecordedRun& run, const TraceOptions& options = {});

}  // namespace faultline::sim
