#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "faults/fault_plan.pb.h"

namespace faultline::faults {

// What is wrong with a plan: which fault, which of its fields, and what was expected there.
struct PlanProblem {
  int fault = 0;
  // Path below the fault: {"trigger", "at_secs"}; empty when the fault as a whole is wrong.
  std::vector<std::string> field;
  std::string text;
};

// All problems of a plan for these nodes, in order. A field that the fault's kind does not use must
// be unset: it would say something that does not happen.
std::vector<PlanProblem> FindPlanProblems(const v1::FaultPlan& plan,
                                          const std::vector<std::string>& nodes);

// The first problem as INVALID_ARGUMENT "faults[2].trigger.at_secs: expected ..."; OK if none.
Status ValidatePlan(const v1::FaultPlan& plan, const std::vector<std::string>& nodes);

// The fault's name; if it has none, its kind and position in the plan: "CRASH#2" (from 1).
std::string FaultName(const v1::FaultPlan& plan, int index);

// What each kind does, for `faultline list faults`.
struct FaultKindInfo {
  v1::FaultKind kind;
  std::string_view name;
  std::string_view text;
};
std::vector<FaultKindInfo> ListFaultKinds();

}  // namespace faultline::faults
