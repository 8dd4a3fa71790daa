#include <array>
#include <set>
#include <string>

#include "scenarios/harness/checker.h"
#include "scenarios/harness/checkers/checkpoint_checkers.h"
#include "scenarios/harness/checkers/creation_checkers.h"
#include "scenarios/harness/checkers/error_checkers.h"
#include "scenarios/harness/checkers/hook_checkers.h"
#include "scenarios/harness/checkers/step_checkers.h"
#include "scenarios/harness/checkers/waiting_checkers.h"

namespace faultline::scenarios {
namespace {

constexpr auto kInvariants = std::to_array<InvariantInfo>({
    {"INV-1", "only a chief's creation that did not restore initialises, once per session"},
    {"INV-2", "a session that loaded a checkpoint never initialises"},
    {"INV-5", "a state file that cannot be read is not taken for an absent one"},
    {"INV-6", "once a checkpoint was acknowledged the model is not initialised again"},
    {"INV-13", "an acknowledged checkpoint can be restored completely"},
    {"INV-14", "the state file never names an incomplete checkpoint"},
    {"INV-23", "begin once per hook, before the first session, never on recovery"},
    {"INV-24", "after_create_session once per hook and created session, before any run"},
    {"INV-25", "before_run and after_run are paired, attempt by attempt"},
    {"INV-26", "end once per hook at a clean close, else never"},
    {"INV-27", "the graph of every session is that of the first"},
    {"INV-29", "a closed session refuses run and close"},
    {"INV-32", "recovery from exactly ABORTED and UNAVAILABLE"},
    {"INV-33", "the error that ends a session is its root cause"},
    {"INV-36", "no acknowledged update is lost but by a roll-back to the newest checkpoint"},
    {"INV-40", "the global step counts applied increments, each after the updates of its step"},
    {"INV-41", "the global step falls only by a restore or an initialisation"},
    {"INV-42", "counters outside of the model agree with it"},
    {"INV-43", "training ends at its target, with a stated excess"},
    {"INV-49", "waiting polls on its grid and ends within its limit"},
    {"INV-50", "a model that is ready in time is seen in time"},
    {"INV-53", "time passes between failed creations, the more the longer they fail"},
});

}  // namespace

std::string Checker::allowed_by() const {
  std::set<std::string> rules;
  for (const Found& found : violations_) {
    if (found.allowed_by.empty()) return "";
    rules.insert(found.allowed_by);
  }
  std::string text;
  for (const std::string& rule : rules) text += (text.empty() ? "" : " ") + rule;
  return text;
}

std::vector<InvariantInfo> ListInvariants() { return {kInvariants.begin(), kInvariants.end()}; }

std::vector<std::unique_ptr<Checker>> MakeCheckers(const RunFacts& facts) {
  std::vector<std::unique_ptr<Checker>> all;
  all.push_back(std::make_unique<InitExclusiveChecker>());
  all.push_back(std::make_unique<RecoveredNeverInitialisesChecker>());
  all.push_back(std::make_unique<AbsentIsNotUnreadableChecker>(facts));
  all.push_back(std::make_unique<NoInitOverProgressChecker>(facts));
  all.push_back(std::make_unique<AcknowledgedIsDurableChecker>(facts));
  all.push_back(std::make_unique<PointerNeverDanglesChecker>(facts));
  all.push_back(std::make_unique<BeginOnceChecker>());
  all.push_back(std::make_unique<AfterCreateChecker>());
  all.push_back(std::make_unique<PairingChecker>());
  all.push_back(std::make_unique<EndOnCleanCloseChecker>());
  all.push_back(std::make_unique<GraphFrozenChecker>());
  all.push_back(std::make_unique<CloseIsFinalChecker>());
  all.push_back(std::make_unique<RecoverySetChecker>(facts));
  all.push_back(std::make_unique<RootCauseChecker>(facts));
  all.push_back(std::make_unique<BoundedLossChecker>(facts));
  all.push_back(std::make_unique<StepArithmeticChecker>());
  all.push_back(std::make_unique<StepAcrossRollbackChecker>());
  all.push_back(std::make_unique<CountersAgreeChecker>(facts));
  all.push_back(std::make_unique<StopTargetChecker>(facts));
  all.push_back(std::make_unique<WaitingIsBoundedChecker>());
  all.push_back(std::make_unique<WaitingIsNotTooShortChecker>());
  all.push_back(std::make_unique<NoHotLoopChecker>(facts));
  return all;
}

}  // namespace faultline::scenarios
