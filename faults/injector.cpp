#include "faults/injector.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "faults/fault_plan.h"
#include "faults/match.h"

namespace faultline::faults {
namespace {

Code CodeOf(const v1::Fault& fault) {
  Code code = Code::kUnknown;
  FL_ASSERT(ParseCodeName(fault.code(), &code), "unknown code {}", fault.code());
  return code;
}

bool KillsItsNode(const v1::Fault& fault) {
  return fault.kind() == v1::CRASH || fault.kind() == v1::POWER_FAIL || fault.kind() == v1::RESTART;
}

}  // namespace

// The calls of one node's sessions, over all of its incarnations.
class Injector::NodeStriker final : public SessionStriker {
 public:
  NodeStriker(Injector& injector, sim::Node& node) : injector_(injector), node_(node) {}

  Status BeforeCall(SessionCall& call) override {
    for (FaultState* state : injector_.StateOf(node_).calls) {
      if (!CallMatches(state->fault->call(), call.kind) || !injector_.CallIsDue(*state)) continue;
      if (state->fault->effect() == v1::AFTER) {
        call.strike_after = state->index;
        return Status();
      }
      return Struck(*state, call, "before");
    }
    return Status();
  }

  Status AfterCall(const SessionCall& call, const Status& outcome) override {
    if (call.strike_after < 0) return outcome;
    FaultState& state = injector_.faults_[static_cast<std::size_t>(call.strike_after)];
    if (outcome.ok()) return Struck(state, call, "after");
    state.left += 1;
    injector_.Missed(state, fmt::format("the call failed by itself: {}", outcome.ToString()));
    return outcome;
  }

 private:
  Status Struck(FaultState& state, const SessionCall& call, std::string_view when) {
    const Code code = CodeOf(*state.fault);
    injector_.simulator_.TraceFault(KindNameOf(*state.fault), node_.id(),
                                    {{"fault", state.name},
                                     {"call", v1::CallKind_Name(call.kind)},
                                     {"code", CodeName(code)},
                                     {"effect", when}});
    injector_.Verify(state, std::string(injector_.PhaseOf(node_)),
                     fmt::format("call {} of kind {} returned {} {} its effect", state.seen,
                                 v1::CallKind_Name(call.kind), CodeName(code), when));
    return Status(code, PlausibleMessage(code));
  }

  Injector& injector_;
  sim::Node& node_;
};

Injector::Injector(const v1::FaultPlan& plan, sim::Simulator& simulator)
    : simulator_(simulator), nodes_(simulator.nodes().size()) {
  faults_.resize(static_cast<std::size_t>(plan.faults_size()));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].striker = std::make_unique<NodeStriker>(*this, *simulator.nodes()[i]);
  }
  for (int i = 0; i < plan.faults_size(); ++i) {
    FaultState& state = faults_[static_cast<std::size_t>(i)];
    state.index = i;
    state.fault = &plan.faults(i);
    state.name = FaultName(plan, i);
    state.node = simulator.FindNode(state.fault->node());
    state.why_not = "its trigger never came";
    FL_ASSERT(state.node != nullptr, "fault {} strikes the unknown node {}", state.name,
              state.fault->node());
    Register(state);
  }
}

Injector::~Injector() = default;

// Sorts a fault under what has to be looked at for it, so that other events cost nothing.
void Injector::Register(FaultState& state) {
  NodeState& node = StateOf(*state.node);
  switch (state.fault->kind()) {
    case v1::ERROR:
      node.calls.push_back(&state);
      break;
    case v1::STORAGE_ERROR:
    case v1::TORN_SAVE:
      node.files.push_back(&state);
      break;
    default:
      break;
  }
  switch (state.fault->trigger().when_case()) {
    case v1::Trigger::kAtTurn:
      node.at_turn.push_back(&state);
      break;
    case v1::Trigger::kAtStep:
    case v1::Trigger::kAtPoint:
      node.at_announcement.push_back(&state);
      break;
    default:
      break;
  }
}

void Injector::Arm() {
  for (FaultState& state : faults_) {
    if (state.fault->trigger().when_case() != v1::Trigger::kAtSecs) continue;
    const Duration when = Duration::FromSeconds(state.fault->trigger().at_secs());
    simulator_.At(TimePoint() + when, [this, &state] { Trigger(state); });
  }
}

Duration Injector::StartDelayOf(const sim::Node& node) const {
  for (const FaultState& state : faults_) {
    if (state.node == &node && state.fault->kind() == v1::LATE_START) {
      return Duration::FromSeconds(state.fault->delay_secs());
    }
  }
  return Duration();
}

void Injector::NodeStarted(sim::Node& node) {
  for (FaultState& state : faults_) {
    if (state.node != &node || state.fault->kind() != v1::LATE_START) continue;
    if (!node.running() || node.incarnation() != 1) continue;
    simulator_.TraceFault(KindNameOf(*state.fault), node.id(), {{"fault", state.name}});
    Verify(state, "idle", fmt::format("first started at {:.3f} s", simulator_.now().seconds()));
  }
}

SessionStriker& Injector::StrikerOf(sim::Node& node) { return *StateOf(node).striker; }

std::string_view Injector::PhaseOf(const sim::Node& node) const {
  if (!node.running()) return "idle";
  const NodeState& state = nodes_[node.id()];
  return state.incarnation == node.incarnation() ? state.phases.phase() : "idle";
}

std::vector<NotFired> Injector::FindNotFired() const {
  std::vector<NotFired> missing;
  for (const FaultState& state : faults_) {
    if (state.activations > 0) continue;
    missing.push_back({state.index, state.name, v1::FaultKind_Name(state.fault->kind()),
                       state.node->name(), state.why_not});
  }
  return missing;
}

void Injector::OnTurn(sim::Node& node, std::uint64_t turn) {
  for (FaultState* state : StateOf(node).at_turn) {
    if (!state->triggered && state->fault->trigger().at_turn() == turn) Trigger(*state);
  }
}

bool Injector::RestartPending(const sim::Node& node) const {
  return nodes_[node.id()].restart_pending;
}

bool Injector::AnnouncementMatches(const FaultState& state, Point point,
                                   std::span<const Field> fields) {
  const v1::Trigger& trigger = state.fault->trigger();
  if (trigger.when_case() == v1::Trigger::kAtPoint) {
    return PointMatches(trigger.at_point(), point, fields);
  }
  // A worker whose variables are elsewhere only reports its steps; restoring a step finishes none.
  const bool written = point == Point::kGlobalStepWrite && TextOf(fields, "cause") == "update";
  return (written || point == Point::kProgress) && NumberOf(fields, "step") >= trigger.at_step();
}

void Injector::OnAnnounce(sim::Node& node, Point point, std::span<const Field> fields) {
  NodeState& here = StateOf(node);
  if (here.incarnation != node.incarnation()) {
    here.phases.Reset();
    here.incarnation = node.incarnation();
  }
  here.phases.OnAnnounce(point, fields);
  std::vector<FaultState*> due;
  for (FaultState* state : here.at_announcement) {
    if (state->triggered || !AnnouncementMatches(*state, point, fields)) continue;
    const v1::Trigger& trigger = state->fault->trigger();
    const std::uint64_t occurrence =
        trigger.when_case() == v1::Trigger::kAtPoint ? trigger.at_point().occurrence() : 1;
    state->seen += 1;
    if (state->seen >= std::max<std::uint64_t>(1, occurrence)) due.push_back(state);
  }
  // The death of this node unwinds from here: whatever else is due comes first.
  std::stable_partition(due.begin(), due.end(),
                        [](const FaultState* s) { return !KillsItsNode(*s->fault); });
  for (FaultState* state : due) {
    if (!KillsItsNode(*state->fault) || node.running()) Trigger(*state);
  }
}

bool Injector::CallIsDue(FaultState& state) {
  const v1::Trigger& trigger = state.fault->trigger();
  if (trigger.when_case() == v1::Trigger::kAtCall) {
    state.seen += 1;
    if (state.seen == trigger.at_call()) Trigger(state);
  } else if (state.triggered) {
    state.seen += 1;
  }
  if (state.left == 0) return false;
  state.left -= 1;
  return true;
}

sim::FileVerdict Injector::BeforeFile(sim::Node& node, const sim::FileCall& call) {
  NodeState& here = StateOf(node);
  for (FaultState* state : here.files) {
    const bool torn = state->fault->kind() == v1::TORN_SAVE;
    // A write of nothing cannot be torn.
    if (torn && (call.operation != sim::FileOperation::kAppend || call.size == 0)) continue;
    if (!FileCallMatches(*state->fault, call) || !CallIsDue(*state)) continue;
    if (torn) {
      here.tearing = state;
      here.size = call.size;
      here.kept = simulator_.choices().Stream("faults", "torn", state->name).Below(call.size);
      return {Status(), here.kept};
    }
    const Code code = CodeOf(*state->fault);
    const std::string_view operation = sim::FileOperationName(call.operation);
    simulator_.TraceFault(KindNameOf(*state->fault), node.id(),
                          {{"fault", state->name},
                           {"operation", operation},
                           {"path", call.path},
                           {"code", CodeName(code)}});
    Verify(*state, std::string(PhaseOf(node)),
           fmt::format("{} of {} returned {}", operation, call.path, CodeName(code)));
    return {Status(code, fmt::format("{}; {}", call.path, PlausibleFileReason(code))),
            std::nullopt};
  }
  return {};
}

Status Injector::AfterFile(sim::Node& node, const sim::FileCall& call, const Status& outcome) {
  NodeState& here = StateOf(node);
  if (here.tearing == nullptr || call.operation != sim::FileOperation::kAppend) return outcome;
  FaultState& state = *std::exchange(here.tearing, nullptr);
  Die(state, true,
      fmt::format("; {} of {} bytes of a write to {} were kept", here.kept, here.size, call.path));
  return outcome;
}

std::string_view KindNameOf(const v1::Fault& fault) { return v1::FaultKind_Name(fault.kind()); }

std::string PlausibleMessage(Code code) {
  switch (code) {
    case Code::kCancelled:
      return "Step was cancelled by an explicit call to `Session::Close()`.";
    case Code::kInvalidArgument:
      return "Incompatible shapes: [32] vs. [31]";
    case Code::kDeadlineExceeded:
      return "Deadline Exceeded";
    case Code::kNotFound:
      return "Resource localhost/queue/FIFOQueue does not exist.";
    case Code::kAlreadyExists:
      return "Resource localhost/queue already exists.";
    case Code::kPermissionDenied:
      return "Permission denied";
    case Code::kResourceExhausted:
      return "OOM when allocating tensor";
    case Code::kFailedPrecondition:
      return "The operation was rejected in this state.";
    case Code::kAborted:
      return "Session handle is not found. Possibly this master has restarted.";
    case Code::kOutOfRange:
      return "FIFOQueue is closed and has insufficient elements";
    case Code::kUnimplemented:
      return "The operation is not implemented here.";
    case Code::kInternal:
      return "Failed to fetch outputs of the step";
    case Code::kUnavailable:
      return "Socket closed";
    case Code::kDataLoss:
      return "Checksum does not match";
    case Code::kUnauthenticated:
      return "Credentials are missing or have expired";
    default:
      return "Unknown error";
  }
}

std::string PlausibleFileReason(Code code) {
  switch (code) {
    case Code::kNotFound:
      return "No such file or directory";
    case Code::kAlreadyExists:
      return "File exists";
    case Code::kPermissionDenied:
      return "Permission denied";
    case Code::kResourceExhausted:
      return "No space left on device";
    case Code::kUnavailable:
      return "Resource temporarily unavailable";
    case Code::kDeadlineExceeded:
      return "Connection timed out";
    case Code::kOutOfRange:
      return "Read less bytes than requested";
    default:
      return "Input/output error";
  }
}

}  // namespace faultline::faults
