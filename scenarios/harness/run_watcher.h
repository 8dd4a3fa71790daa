#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "sim/trace.h"

namespace faultline::scenarios {

// What a model was worth when a program ended cleanly.
struct FinalValues {
  std::int64_t step = 0;
  std::uint64_t digest = 0;
  friend bool operator==(const FinalValues&, const FinalValues&) = default;
};

// How the last incarnation of a node ended.
struct NodeOutcome {
  std::uint32_t incarnations = 0;
  // "OK", the name of a code, "died", "running", or "not started".
  std::string code = "not started";
  std::string message;
};

// Keeps of the events of a run what its expectation is judged by.
class RunWatcher final : public sim::TraceSink {
 public:
  void OnEvent(const sim::TraceEvent& event) override;

  std::uint64_t recoveries() const { return recoveries_; }
  // Of the program that ended cleanly last, the chief's before all others.
  const std::optional<FinalValues>& final_values() const { return final_; }
  // The step at a clean end, else the last that was written; -1: none.
  std::int64_t final_step() const { return final_ ? final_->step : last_step_; }
  NodeOutcome OutcomeOf(sim::NodeId node) const;

 private:
  std::uint64_t recoveries_ = 0;
  std::int64_t last_step_ = -1;
  std::optional<FinalValues> final_;
  bool chief_was_clean_ = false;
  std::map<sim::NodeId, std::string> roles_;
  std::map<sim::NodeId, NodeOutcome> nodes_;
};

}  // namespace faultline::scenarios
