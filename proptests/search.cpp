#include "proptests/search.h"

#include <algorithm>
#include <optional>

#include <rapidcheck.h>

#include "core/base/error.h"
#include "scenarios/harness/scenario_text.h"

namespace faultline::proptests {
namespace {

bool AnyFired(const v1::RunReport& report) {
  return std::any_of(report.faults().begin(), report.faults().end(),
                     [](const v1::FaultRecord& fault) { return fault.fired(); });
}

}  // namespace

scenarios::Assets TestAssets() {
  auto assets = scenarios::LoadAssets();
  ThrowIfError(assets.status());
  return std::move(assets).value();
}

std::string SignatureOf(const scenarios::RunOutcome& outcome) {
  std::string signature = outcome.report.outcome();
  for (const v1::InvariantRecord& record : outcome.report.invariants()) {
    if (record.violations_size() > 0 && record.allowed_by().empty()) {
      signature += " " + record.invariant();
    }
  }
  return signature;
}

SearchResult Search(const SearchOptions& options, const scenarios::Assets& assets) {
  SearchResult result;
  std::optional<std::string> signature;
  const auto property = [&] {
    const CaseDraw draw = *rc::gen::arbitrary<CaseDraw>();
    v1::Scenario scenario = MakeScenario(options.family, draw);
    if (options.twist) options.twist(scenario);
    const scenarios::RunOutcome outcome = scenarios::RunScenario(scenario, assets);
    if (!result.found) {
      ++result.cases;
      result.idle += !AnyFired(outcome.report);
      for (const v1::InvariantRecord& record : outcome.report.invariants()) {
        result.compared[record.invariant()] += record.comparisons();
      }
    }
    // Faults that did not come to their moment make a case idle, not wrong.
    if (outcome.expectation_met) return;
    const std::string now = SignatureOf(outcome);
    if (signature && *signature != now) return;
    signature = now;
    result.found = true;
    result.smallest = draw;
    result.scenario = std::move(scenario);
    result.reason = outcome.report.reasons_size() > 0 ? outcome.report.reasons(0) : now;
    RC_FAIL(result.reason);
  };
  rc::detail::TestParams params;
  params.seed = options.seed;
  params.maxSuccess = options.cases;
  (void)rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);
  return result;
}

}  // namespace faultline::proptests
