#include "faults/fault_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/env/observer.h"

namespace faultline::faults {
namespace {

// What a kind makes use of beside name, kind, node and trigger.
enum Uses : unsigned {
  kPeer = 1U << 0U,
  kDuration = 1U << 1U,
  kFactor = 1U << 2U,
  kDelay = 1U << 3U,
  kOneWay = 1U << 4U,
  kCall = 1U << 5U,
  kCode = 1U << 6U,
  kTimes = 1U << 7U,
  kFile = 1U << 8U,
  kUnsynced = 1U << 9U,
};

unsigned UsesOf(v1::FaultKind kind) {
  switch (kind) {
    case v1::POWER_FAIL:
      return kUnsynced;
    case v1::RESTART:
      return kDelay;
    case v1::PAUSE:
      return kDuration;
    case v1::SLOW_DOWN:
      return kDuration | kFactor;
    case v1::LATE_START:
      return kDelay;
    case v1::ERROR:
      return kCall | kCode | kTimes;
    case v1::BREAK_CONNECTION:
      return kPeer;
    case v1::PARTITION:
      return kPeer | kDuration | kOneWay;
    case v1::STORAGE_ERROR:
      return kCode | kTimes | kFile;
    case v1::TORN_SAVE:
      return kFile | kUnsynced;
    default:
      return 0;
  }
}

// Collects the problems of one fault.
class FaultCheck {
 public:
  FaultCheck(const v1::FaultPlan& plan, int index, const std::vector<std::string>& nodes,
             std::vector<PlanProblem>& problems)
      : fault_(plan.faults(index)), index_(index), nodes_(nodes), problems_(problems) {}

  void Run() {
    if (!v1::FaultKind_IsValid(fault_.kind()) || fault_.kind() == v1::FAULT_KIND_UNSPECIFIED) {
      Add({"kind"}, "expected a kind of fault, such as CRASH");
      return;
    }
    CheckNodes();
    CheckUnused();
    CheckNumbers();
    CheckCall();
    CheckTrigger();
  }

 private:
  bool Uses(unsigned what) const { return (UsesOf(fault_.kind()) & what) != 0; }
  void Add(std::vector<std::string> field, std::string text) {
    problems_.push_back({index_, std::move(field), std::move(text)});
  }
  bool IsNode(const std::string& name) const {
    return std::find(nodes_.begin(), nodes_.end(), name) != nodes_.end();
  }
  std::string NodeNames() const { return fmt::format("{}", fmt::join(nodes_, ", ")); }

  void CheckNodes() {
    if (!IsNode(fault_.node())) {
      Add({"node"}, fmt::format("expected the name of a node ({}), found \"{}\"", NodeNames(),
                                fault_.node()));
    }
    if (fault_.peer().empty()) return;
    if (!IsNode(fault_.peer()) || fault_.peer() == fault_.node()) {
      Add({"peer"}, fmt::format("expected the name of another node ({}), found \"{}\"", NodeNames(),
                                fault_.peer()));
    }
  }

  void Unused(bool set, unsigned what, const char* field) {
    if (!set || Uses(what)) return;
    Add({field}, fmt::format("expected nothing: a fault of kind {} has no {}",
                             v1::FaultKind_Name(fault_.kind()), field));
  }

  void CheckUnused() {
    Unused(!fault_.peer().empty(), kPeer, "peer");
    Unused(fault_.duration_secs() != 0, kDuration, "duration_secs");
    Unused(fault_.factor() != 0, kFactor, "factor");
    Unused(fault_.delay_secs() != 0, kDelay, "delay_secs");
    Unused(fault_.one_way(), kOneWay, "one_way");
    Unused(fault_.call() != v1::CALL_KIND_UNSPECIFIED, kCall, "call");
    Unused(!fault_.code().empty(), kCode, "code");
    Unused(fault_.effect() != v1::BEFORE, kCall, "effect");
    Unused(fault_.times() != 0, kTimes, "times");
    Unused(fault_.file_call() != v1::ANY_FILE_CALL, kFile, "file_call");
    Unused(!fault_.path().empty(), kFile, "path");
    Unused(fault_.unsynced() != v1::DRAWN, kUnsynced, "unsynced");
  }

  // Also refuses NaN, for which no comparison is true.
  void CheckSecs(const char* field, double value, bool positive) {
    const bool good = value < 1e9 && (positive ? value > 0 : value >= 0);
    if (good) return;
    Add({field}, fmt::format("expected {} seconds below 1e9, found {}",
                             positive ? "a positive number of" : "zero or more", value));
  }

  void CheckNumbers() {
    if (Uses(kDuration)) CheckSecs("duration_secs", fault_.duration_secs(), false);
    if (Uses(kDelay)) CheckSecs("delay_secs", fault_.delay_secs(), true);
    const bool factor_good = fault_.factor() > 1 && fault_.factor() <= 1e6;
    if (Uses(kFactor) && !factor_good) {
      Add({"factor"},
          fmt::format("expected a factor above 1 and at most 1e6, found {}", fault_.factor()));
    }
  }

  void CheckCall() {
    if (Uses(kCode)) {
      Code code{};
      if (!ParseCodeName(fault_.code(), &code) || !IsCanonical(code) || code == Code::kOk) {
        Add({"code"}, fmt::format("expected the name of a canonical error code, such as ABORTED, "
                                  "found \"{}\"",
                                  fault_.code()));
      }
    }
    if (Uses(kCall) && fault_.call() == v1::CALL_KIND_UNSPECIFIED) {
      Add({"call"}, "expected the kind of call that fails, such as UPDATE");
    }
    const bool appends =
        fault_.file_call() == v1::APPEND || fault_.file_call() == v1::ANY_FILE_CALL;
    if (fault_.kind() == v1::TORN_SAVE && !appends) {
      Add({"file_call"}, "expected APPEND or nothing: only a write can be torn");
    }
  }

  void CheckTrigger() {
    const v1::Trigger& trigger = fault_.trigger();
    if (fault_.kind() == v1::LATE_START) {
      if (trigger.when_case() != v1::Trigger::WHEN_NOT_SET) {
        Add({"trigger"}, "expected nothing: a late start happens at the start");
      }
      return;
    }
    switch (trigger.when_case()) {
      case v1::Trigger::WHEN_NOT_SET:
        Add({"trigger"}, "expected one of at_secs, at_step, at_call, at_point, at_turn");
        return;
      case v1::Trigger::kAtSecs:
        if (!(trigger.at_secs() >= 0 && trigger.at_secs() < 1e9)) {
          Add({"trigger", "at_secs"},
              fmt::format("expected zero or more seconds below 1e9, found {}", trigger.at_secs()));
        }
        return;
      case v1::Trigger::kAtStep:
        if (trigger.at_step() < 1) Add({"trigger", "at_step"}, "expected a step from 1 on");
        return;
      case v1::Trigger::kAtCall:
        CheckAtCall(trigger.at_call());
        return;
      case v1::Trigger::kAtPoint:
        CheckAtPoint(trigger.at_point());
        return;
      case v1::Trigger::kAtTurn:
        if (trigger.at_turn() < 1) Add({"trigger", "at_turn"}, "expected a turn from 1 on");
        return;
    }
  }

  void CheckAtCall(std::uint64_t call) {
    if (call < 1) Add({"trigger", "at_call"}, "expected a call from 1 on");
    if (!Uses(kCall | kFile)) {
      Add({"trigger", "at_call"},
          fmt::format("expected another trigger: a fault of kind {} does not say which calls count",
                      v1::FaultKind_Name(fault_.kind())));
    }
  }

  void CheckAtPoint(const v1::AtPoint& at) {
    Point point{};
    if (!ParsePointName(at.point(), &point)) {
      Add({"trigger", "at_point", "point"},
          fmt::format("expected the name of a protocol point, such as SaveStart, found \"{}\"",
                      at.point()));
      return;
    }
    if (at.field().empty() && !at.value().empty()) {
      Add({"trigger", "at_point", "field"}, "expected the name of the field that has this value");
    }
  }

  const v1::Fault& fault_;
  const int index_;
  const std::vector<std::string>& nodes_;
  std::vector<PlanProblem>& problems_;
};

// Two late starts of one node, or one name twice, say two things at once.
void CheckTogether(const v1::FaultPlan& plan, std::vector<PlanProblem>& problems) {
  std::set<std::string> names;
  std::set<std::string> late;
  for (int i = 0; i < plan.faults_size(); ++i) {
    const v1::Fault& fault = plan.faults(i);
    if (!names.insert(FaultName(plan, i)).second) {
      problems.push_back({i,
                          {"name"},
                          fmt::format("expected a name that no other fault has, found "
                                      "\"{}\"",
                                      FaultName(plan, i))});
    }
    if (fault.kind() == v1::LATE_START && !late.insert(fault.node()).second) {
      problems.push_back({i, {"node"}, "expected a node without another late start"});
    }
  }
}

}  // namespace

std::vector<PlanProblem> FindPlanProblems(const v1::FaultPlan& plan,
                                          const std::vector<std::string>& nodes) {
  std::vector<PlanProblem> problems;
  for (int i = 0; i < plan.faults_size(); ++i) FaultCheck(plan, i, nodes, problems).Run();
  CheckTogether(plan, problems);
  return problems;
}

Status ValidatePlan(const v1::FaultPlan& plan, const std::vector<std::string>& nodes) {
  const std::vector<PlanProblem> problems = FindPlanProblems(plan, nodes);
  if (problems.empty()) return Status();
  const PlanProblem& first = problems.front();
  std::string where = fmt::format("faults[{}]", first.fault);
  for (const std::string& part : first.field) where += "." + part;
  return Status(Code::kInvalidArgument, fmt::format("{}: {}", where, first.text));
}

std::string FaultName(const v1::FaultPlan& plan, int index) {
  const v1::Fault& fault = plan.faults(index);
  if (!fault.name().empty()) return fault.name();
  return fmt::format("{}#{}", v1::FaultKind_Name(fault.kind()), index + 1);
}

std::vector<FaultKindInfo> ListFaultKinds() {
  return {
      {v1::CRASH, "CRASH", "the process dies; its peers see a reset"},
      {v1::POWER_FAIL, "POWER_FAIL", "it dies and loses unsynced data; its peers see nothing"},
      {v1::RESTART, "RESTART", "it crashes and starts again after delay_secs"},
      {v1::PAUSE, "PAUSE", "it stands still for duration_secs"},
      {v1::SLOW_DOWN, "SLOW_DOWN", "it works `factor` times slower for duration_secs"},
      {v1::LATE_START, "LATE_START", "it first starts delay_secs after the others"},
      {v1::ERROR, "ERROR", "a call of a session returns `code`, before or after its effect"},
      {v1::BREAK_CONNECTION, "BREAK_CONNECTION", "the connection to `peer` breaks; both live on"},
      {v1::PARTITION, "PARTITION", "messages to and from `peer` stand still for duration_secs"},
      {v1::STORAGE_ERROR, "STORAGE_ERROR", "a file operation returns `code`"},
      {v1::TORN_SAVE, "TORN_SAVE", "a write keeps only a part and the process loses its power"},
  };
}

}  // namespace faultline::faults
