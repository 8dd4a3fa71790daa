#include <string>

#include <boost/test/unit_test.hpp>

#include "core/base/semantics.h"
#include "proptests/search.h"
#include "scenarios/harness/scenario_text.h"

// Planted defects must be found by the properties, and every finding must come back as a small file
// that fails the same way.

namespace faultline::proptests {
namespace {

void IsCaught(const std::string& mutant, Family family) {
  if (!HasMutants()) return;
  const scenarios::Assets assets = TestAssets();
  const auto plant = [&](v1::Scenario& scenario) { scenario.mutable_semantics()->add_on(mutant); };
  const SearchResult result = Search({.family = family, .twist = plant, .cases = 300}, assets);
  BOOST_REQUIRE_MESSAGE(result.found, mutant << " was not found in " << result.cases << " cases");
  BOOST_TEST_MESSAGE(mutant << ": found after " << result.cases << " cases: " << result.reason
                            << "; smallest case has " << result.smallest.faults.size()
                            << " faults");
  BOOST_TEST(result.smallest.faults.size() <= 2U);

  // The file is accepted and shows the failure.
  const std::string text = scenarios::PrintScenario(result.scenario);
  const auto parsed = scenarios::ParseScenario(text, {"", assets.programs});
  BOOST_REQUIRE_MESSAGE(parsed.ok(), parsed.status().message() << "\n" << text);
  const scenarios::RunOutcome again = scenarios::RunScenario(parsed.value(), assets);
  BOOST_TEST(!again.expectation_met, text);
  BOOST_TEST(again.report.reasons(0) == result.reason);

  // Without the defect the same case passes.
  v1::Scenario mended = parsed.value();
  mended.mutable_semantics()->clear_on();
  BOOST_TEST(scenarios::RunScenario(mended, assets).expectation_met, text);
}

BOOST_AUTO_TEST_SUITE(mutants)

BOOST_AUTO_TEST_CASE(init_after_restore_is_caught) {
  IsCaught("init_after_restore", Family::kLonelyChief);
}
BOOST_AUTO_TEST_CASE(state_before_checkpoint_is_caught) {
  IsCaught("state_before_checkpoint", Family::kLonelyChief);
}
BOOST_AUTO_TEST_CASE(recover_on_internal_is_caught) {
  IsCaught("recover_on_internal", Family::kLonelyChief);
}
BOOST_AUTO_TEST_CASE(poll_off_the_grid_is_caught) {
  IsCaught("poll_off_the_grid", Family::kChiefAndWaiter);
}
BOOST_AUTO_TEST_CASE(begin_on_recovery_is_caught) {
  IsCaught("begin_on_recovery", Family::kLonelyChief);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::proptests
