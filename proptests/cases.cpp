#include "proptests/cases.h"

#include <array>
#include <ostream>
#include <string_view>

namespace faultline::proptests {
namespace {

constexpr double kRestartAfterSecs = 5;

// Codes that a supervised or recovering job must survive: the first two by its own recovery.
constexpr std::array kCodes = {"ABORTED", "UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED"};
constexpr std::array kCalls = {v1::UPDATE, v1::SAVE, v1::RESTORE, v1::INIT, v1::READY_CHECK};
constexpr std::array kFileCalls = {v1::CREATE, v1::APPEND, v1::RENAME, v1::OPEN_FILE, v1::SYNC};

// The trigger of a fault of a process.
void SetMoment(const FaultDraw& draw, int steps, v1::Trigger& trigger, int late = 0) {
  switch (draw.moment % 4) {
    case 0:
      trigger.set_at_step(1 + draw.when % steps);
      break;
    case 1:
      trigger.set_at_turn(static_cast<std::uint64_t>(1 + draw.when));
      break;
    case 2: {
      v1::AtPoint& at = *trigger.mutable_at_point();
      at.set_point("SaveSubStep");
      at.set_occurrence(static_cast<std::uint64_t>(1 + draw.when));
      break;
    }
    default:  // also when a late chief has come
      trigger.set_at_secs(draw.detail % 2 * late + 0.01 * draw.when);
      break;
  }
}

void MakeCallError(const FaultDraw& draw, v1::Fault& fault) {
  const auto detail = static_cast<std::size_t>(draw.detail);
  fault.set_kind(v1::ERROR);
  fault.set_call(kCalls[detail % kCalls.size()]);
  fault.set_code(kCodes[detail / kCalls.size() % kCodes.size()]);
  fault.set_effect(draw.detail / 20 % 2 == 0 ? v1::BEFORE : v1::AFTER);
  fault.mutable_trigger()->set_at_call(static_cast<std::uint64_t>(1 + draw.when % 8));
}

void MakeStorageError(const FaultDraw& draw, v1::Fault& fault) {
  const auto detail = static_cast<std::size_t>(draw.detail);
  fault.set_kind(v1::STORAGE_ERROR);
  fault.set_file_call(kFileCalls[detail % kFileCalls.size()]);
  fault.set_code(kCodes[detail / kFileCalls.size() % kCodes.size()]);
  fault.mutable_trigger()->set_at_call(static_cast<std::uint64_t>(1 + draw.when % 20));
}

void MakeProcessFault(v1::FaultKind kind, const FaultDraw& draw, int steps, v1::Fault& fault,
                      int late = 0) {
  fault.set_kind(kind);
  SetMoment(draw, steps, *fault.mutable_trigger(), late);
  if (kind == v1::RESTART) fault.set_delay_secs(0.5 + draw.detail % 8);
  if (kind == v1::PAUSE || kind == v1::SLOW_DOWN) fault.set_duration_secs(1 + draw.detail % 40);
  if (kind == v1::SLOW_DOWN) fault.set_factor(2 + draw.detail % 30);
  if (kind == v1::POWER_FAIL) fault.set_unsynced(draw.detail % 2 == 0 ? v1::LOSE_ALL : v1::DRAWN);
}

void AddChiefFault(const FaultDraw& draw, int steps, v1::FaultPlan& plan) {
  v1::Fault& fault = *plan.add_faults();
  fault.set_node("chief");
  constexpr std::array kKinds = {v1::CRASH, v1::POWER_FAIL, v1::RESTART, v1::PAUSE, v1::SLOW_DOWN};
  const int kind = draw.kind % 7;
  if (kind == 5) return MakeCallError(draw, fault);
  if (kind == 6) return MakeStorageError(draw, fault);
  MakeProcessFault(kKinds[static_cast<std::size_t>(kind)], draw, steps, fault);
}

void AddClusterFault(const FaultDraw& draw, const CaseDraw& about, v1::FaultPlan& plan) {
  v1::Fault& fault = *plan.add_faults();
  fault.set_node(draw.node % 2 == 0 ? "chief" : "worker");
  constexpr std::array kKinds = {v1::CRASH, v1::RESTART, v1::PAUSE, v1::SLOW_DOWN};
  const int kind = draw.kind % 6;
  if (kind < 4) {
    const v1::FaultKind what = kKinds[static_cast<std::size_t>(kind)];
    return MakeProcessFault(what, draw, about.steps, fault, about.late);
  }
  fault.set_kind(kind == 4 ? v1::BREAK_CONNECTION : v1::PARTITION);
  fault.set_peer("server");
  if (kind == 5) fault.set_duration_secs(1 + draw.detail % 40);
  SetMoment(draw, about.steps, *fault.mutable_trigger(), about.late);
}

void AddNode(v1::Scenario& scenario, std::string name, v1::Role role, std::string server,
             double delay = 0) {
  v1::NodeSpec& node = *scenario.add_nodes();
  node.set_name(std::move(name));
  node.set_role(role);
  node.set_server(std::move(server));
  node.set_start_delay_secs(delay);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const FaultDraw& fault) {
  return out << "{kind " << fault.kind << ", node " << fault.node << ", moment " << fault.moment
             << ", when " << fault.when << ", detail " << fault.detail << "}";
}

std::ostream& operator<<(std::ostream& out, const CaseDraw& draw) {
  out << "steps " << draw.steps << ", save_every " << draw.save_every << ", seed " << draw.seed
      << ", late " << draw.late << ", faults";
  for (const FaultDraw& fault : draw.faults) out << " " << fault;
  return out;
}

v1::Scenario MakeScenario(Family family, const CaseDraw& draw) {
  v1::Scenario scenario;
  scenario.set_seed(static_cast<std::uint64_t>(draw.seed));
  scenario.mutable_program()->set_steps(draw.steps);
  scenario.mutable_program()->set_save_every_steps(draw.save_every);
  v1::Supervisor& supervisor = *scenario.mutable_supervisor();
  supervisor.set_restart_after_secs(kRestartAfterSecs);
  supervisor.set_restart_failed(true);
  // Far more than the faults of a case: a job that dies for ever ends soon.
  supervisor.set_max_restarts(12);
  scenario.mutable_expect()->set_no_faults(draw.faults.empty());
  scenario.mutable_budget()->set_virtual_secs(3600);
  if (family == Family::kLonelyChief) {
    scenario.set_name("lonely_chief");
    scenario.set_description("A chief with its own variables comes through these faults unharmed.");
    scenario.mutable_program()->set_name("linear");
    scenario.mutable_semantics()->set_base(v1::STRICT);
    AddNode(scenario, "chief", v1::CHIEF, "");
    scenario.mutable_expect()->set_same_values_as_undisturbed(true);
    for (const FaultDraw& fault : draw.faults) {
      AddChiefFault(fault, draw.steps, *scenario.mutable_faults());
    }
  } else {
    scenario.set_name("chief_and_waiter");
    scenario.set_description("A worker waits for the chief; both train on a server that lives.");
    scenario.mutable_program()->set_name("counter");
    AddNode(scenario, "server", v1::SERVER, "");
    AddNode(scenario, "chief", v1::CHIEF, "server", draw.late);
    AddNode(scenario, "worker", v1::WORKER, "server");
    for (const FaultDraw& fault : draw.faults) {
      AddClusterFault(fault, draw, *scenario.mutable_faults());
    }
  }
  return scenario;
}

}  // namespace faultline::proptests

namespace rc {

using faultline::proptests::CaseDraw;
using faultline::proptests::FaultDraw;

namespace {

// The whole range at every size: RapidCheck scales ranges by the size of the case.
Gen<int> Any(int end) { return gen::resize(kNominalSize, gen::inRange(0, end)); }

}  // namespace

Gen<FaultDraw> Arbitrary<FaultDraw>::arbitrary() {
  return gen::build<FaultDraw>(
      gen::set(&FaultDraw::kind, Any(42)), gen::set(&FaultDraw::node, Any(2)),
      gen::set(&FaultDraw::moment, Any(4)), gen::set(&FaultDraw::when, Any(200)),
      gen::set(&FaultDraw::detail, Any(40)));
}

Gen<CaseDraw> Arbitrary<CaseDraw>::arbitrary() {
  // Containers shrink by leaving elements out; the size bounds how many there are.
  const auto faults =
      gen::resize(4, gen::container<std::vector<FaultDraw>>(gen::arbitrary<FaultDraw>()));
  const auto from = [](int first, int count) {
    return gen::map(Any(count), [first](int value) { return first + value; });
  };
  return gen::build<CaseDraw>(
      gen::set(&CaseDraw::steps, from(4, 12)), gen::set(&CaseDraw::save_every, from(1, 5)),
      gen::set(&CaseDraw::seed, Any(1'000'000)), gen::set(&CaseDraw::late, Any(100)),
      gen::set(&CaseDraw::faults, faults));
}

}  // namespace rc
