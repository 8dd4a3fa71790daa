#include <algorithm>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "proptests/search.h"
#include "scenarios/harness/scenario_text.h"

namespace faultline::proptests {
namespace {

// A counterexample as a file's text, ready to be run.
std::string Shown(const SearchResult& result) {
  return result.reason + "\nafter " + std::to_string(result.cases) + " cases; smallest:\n" +
         scenarios::PrintScenario(result.scenario);
}

// No counterexample, and not because nothing happened.
void HoldsOverRandomFaults(const SearchOptions& options, const std::vector<std::string>& compared) {
  SearchResult result = Search(options, TestAssets());
  BOOST_TEST(!result.found, Shown(result));
  BOOST_TEST(result.cases >= options.cases);
  BOOST_TEST_MESSAGE(result.idle << " of " << result.cases << " cases were idle");
  BOOST_TEST(result.idle * 2 < result.cases);
  for (const std::string& invariant : compared) {
    BOOST_TEST(result.compared[invariant] > 0U, invariant << " compared nothing");
  }
}

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_AUTO_TEST_CASE(strict_chief_ends_with_undisturbed_weights_whatever_happens) {
  HoldsOverRandomFaults({.family = Family::kLonelyChief, .cases = 150, .seed = 7},
                        {"INV-1",  "INV-2",  "INV-5",  "INV-6",  "INV-13", "INV-14",     "INV-23",
                         "INV-24", "INV-25", "INV-26", "INV-27", "INV-29", "INV-32",     "INV-36",
                         "INV-40", "INV-41", "INV-42", "INV-43", "INV-53", "same-values"});
}

BOOST_AUTO_TEST_CASE(chief_and_waiter_keep_every_invariant) {
  HoldsOverRandomFaults({.family = Family::kChiefAndWaiter, .cases = 150, .seed = 7},
                        {"INV-1", "INV-2", "INV-13", "INV-24", "INV-25", "INV-32", "INV-36",
                         "INV-40", "INV-41", "INV-43", "INV-49", "INV-50"});
}

void AddError(v1::Scenario& scenario, const std::string& code, v1::CallKind call, std::uint64_t nth,
              v1::Effect effect) {
  v1::Fault& fault = *scenario.mutable_faults()->add_faults();
  fault.set_kind(v1::ERROR);
  fault.set_node("chief");
  fault.set_call(call);
  fault.set_code(code);
  fault.set_effect(effect);
  fault.mutable_trigger()->set_at_call(nth);
}

// Every canonical code on every kind of call, before and after its effect: only ABORTED and
// UNAVAILABLE recover (ER-4); OUT_OF_RANGE ends a loop quietly (ER-5); all else ends the program.
// A restore happens in a recovery, for which another fault provides.
v1::Scenario ErrorScenario(const std::string& code, v1::CallKind call, std::uint64_t nth,
                           v1::Effect effect) {
  CaseDraw draw;
  draw.steps = 6;
  draw.save_every = 2;
  v1::Scenario scenario = MakeScenario(Family::kLonelyChief, draw);
  scenario.clear_supervisor();
  scenario.mutable_semantics()->set_base(v1::TF);
  scenario.mutable_expect()->Clear();
  if (call == v1::RESTORE) AddError(scenario, "ABORTED", v1::UPDATE, 4, v1::BEFORE);
  AddError(scenario, code, call, nth, effect);
  return scenario;
}

BOOST_AUTO_TEST_CASE(only_aborted_and_unavailable_recover) {
  struct Place {
    v1::CallKind call;
    std::uint64_t nth;
    bool in_run;  // within a user's run, recovery included, or within the first creation
  };
  const Place places[] = {{v1::OPEN, 1, false},       {v1::INIT, 1, false},
                          {v1::LOCAL_INIT, 1, false}, {v1::READY_CHECK, 1, false},
                          {v1::SAVE, 1, false},       {v1::UPDATE, 3, true},
                          {v1::SAVE, 2, true},        {v1::RESTORE, 1, true}};
  const scenarios::Assets assets = TestAssets();
  int fired = 0;
  for (int number = 1; number < kCanonicalCodes; ++number) {
    const Code code = static_cast<Code>(number);
    for (const Place& place : places) {
      for (const v1::Effect effect : {v1::BEFORE, v1::AFTER}) {
        v1::Scenario scenario =
            ErrorScenario(std::string(CodeName(code)), place.call, place.nth, effect);
        const bool goes_on = IsPreemption(code) || (place.in_run && code == Code::kOutOfRange);
        v1::NodeEnd& end = *scenario.mutable_expect()->add_ends();
        end.set_node("chief");
        end.set_code(goes_on ? "OK" : std::string(CodeName(code)));
        // The saver's end hook then finds a closed session.
        if (place.call == v1::RESTORE && code == Code::kOutOfRange) end.set_code("RuntimeError");
        if (IsPreemption(code)) scenario.mutable_expect()->set_final_step(6);
        // An error that passes for the end of input ends training before its target (INV-34).
        if (end.code() == "OK" && code == Code::kOutOfRange) {
          scenario.mutable_expect()->add_violations("INV-43");
        }
        const scenarios::RunOutcome outcome = scenarios::RunScenario(scenario, assets);
        BOOST_TEST(outcome.report.outcome() == "passed",
                   outcome.report.outcome()
                       << ": "
                       << (outcome.report.reasons_size() > 0 ? outcome.report.reasons(0) : "")
                       << "\n"
                       << scenarios::PrintScenario(scenario));
        const auto& faults = outcome.report.faults();
        fired += std::ranges::all_of(faults, [](const auto& fault) { return fault.fired(); });
      }
    }
  }
  BOOST_TEST(fired == 16 * 8 * 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::proptests
