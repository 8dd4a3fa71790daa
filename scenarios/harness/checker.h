#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/semantics.h"
#include "core/base/time.h"
#include "sim/trace.h"

namespace faultline::scenarios {

// What a checker may know of a run besides its events.
struct RunFacts {
  Semantics semantics;
  bool strict = false;  // base semantics
  std::string profile;
  // By NodeId.
  std::vector<std::string> node_names;
  std::vector<std::string> node_roles;  // "chief", "worker", "server"
  std::int64_t target_steps = 0;
  bool private_disks = false;
  bool input_ends = false;
};

struct Found {
  TimePoint time;
  sim::NodeId node = sim::kWorld;
  std::string text;
  // Rule ids that allow it under the semantics of this run; empty: it fails the run.
  std::string allowed_by;
};

// Decides one invariant from the events of a run, streamed while it goes on: never from live
// objects, never from the injector's word (DESIGN 2.1(12)). It counts what it compared, so that a
// run in which it saw nothing is known to be vacuous.
class Checker {
 public:
  virtual ~Checker() = default;
  // "INV-13".
  virtual std::string_view invariant() const = 0;
  virtual void OnEvent(const sim::TraceEvent& event) = 0;
  // After the last event.
  virtual void Finish(TimePoint end) = 0;

  std::uint64_t comparisons() const { return comparisons_; }
  const std::vector<Found>& violations() const { return violations_; }
  // Rule ids that allow all of the violations together; empty if one of them is not allowed, or if
  // there is none.
  std::string allowed_by() const;

 protected:
  void Compared() { ++comparisons_; }
  void Violated(TimePoint time, sim::NodeId node, std::string text, std::string allowed_by = "") {
    violations_.push_back({time, node, std::move(text), std::move(allowed_by)});
  }

 private:
  std::uint64_t comparisons_ = 0;
  std::vector<Found> violations_;
};

// One fresh checker of every invariant that this project checks, in the order of their numbers.
std::vector<std::unique_ptr<Checker>> MakeCheckers(const RunFacts& facts);

// For `faultline list invariants`.
struct InvariantInfo {
  std::string_view id;
  std::string_view statement;
};
std::vector<InvariantInfo> ListInvariants();

}  // namespace faultline::scenarios
