#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include "scenarios/harness/scenario.pb.h"

namespace faultline::proptests {

// One fault, as small numbers, so that shrinking makes it simpler: what they mean depends on the
// family. Every combination is valid.
struct FaultDraw {
  int kind = 0;
  int node = 0;
  int moment = 0;  // which kind of trigger
  int when = 0;    // its argument
  int detail = 0;  // code, effect, call, duration
  friend bool operator==(const FaultDraw&, const FaultDraw&) = default;
};

// A whole case: training length, save interval, schedule and faults shrink together.
struct CaseDraw {
  int steps = 1;
  int save_every = 1;
  int seed = 0;
  int late = 0;  // how late the chief starts, in seconds
  std::vector<FaultDraw> faults;
  friend bool operator==(const CaseDraw&, const CaseDraw&) = default;
};
std::ostream& operator<<(std::ostream& out, const FaultDraw& fault);
std::ostream& operator<<(std::ostream& out, const CaseDraw& draw);

// What a case is about.
enum class Family : std::uint8_t {
  // One chief with its variables in process and a supervisor; STRICT. Any fault of processes, calls
  // and storage that such a job must survive.
  kLonelyChief,
  // A server that lives, a chief and a waiting worker; TF. Faults of chief, worker and links.
  kChiefAndWaiter,
};

// The scenario of a case, with the expectation that its family holds: that all programs end well
// and no invariant is violated but as the rules allow; of a lonely chief also that its final values
// are those of the run without faults.
v1::Scenario MakeScenario(Family family, const CaseDraw& draw);

}  // namespace faultline::proptests

namespace rc {

template <>
struct Arbitrary<faultline::proptests::FaultDraw> {
  static Gen<faultline::proptests::FaultDraw> arbitrary();
};
template <>
struct Arbitrary<faultline::proptests::CaseDraw> {
  static Gen<faultline::proptests::CaseDraw> arbitrary();
};

}  // namespace rc
