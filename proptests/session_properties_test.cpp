#include <map>
#include <string>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "core/base/semantics.h"
#include "proptests/session_hunt.h"

// The session layer keeps IV-1 to IV-12 and P-1 to P-7, P-9 and P-10 over random lives: errors of
// every code at every call, threads that fail and linger, clocks that jump, hooks in any order.

namespace faultline::proptests {
namespace {

// RC_PARAMS="seed=... max_success=..." makes larger campaigns.
const rc::detail::TestParams& Params() { return rc::detail::configuration().testParams; }
int CasesOr(int otherwise) {
  return Params().maxSuccess == rc::detail::TestParams().maxSuccess ? otherwise
                                                                    : Params().maxSuccess;
}

BOOST_AUTO_TEST_SUITE(session_properties)

BOOST_AUTO_TEST_CASE(every_property_holds_over_random_lives) {
  const int cases = CasesOr(800);
  const Campaign campaign = RunCampaign(cases, Params().seed);
  BOOST_TEST(campaign.failed.empty(), campaign.failed << ": " << campaign.quarry.violation << "\n"
                                                      << WordsOf(campaign.quarry.smallest));
  BOOST_REQUIRE(campaign.failed.empty());
  BOOST_TEST(campaign.cases >= cases);
  std::string counts;
  for (const std::string& id : PropertyIds()) {
    const std::uint64_t compared = campaign.compared.contains(id) ? campaign.compared.at(id) : 0;
    BOOST_TEST(compared > 0U, id << " compared nothing");
    counts += fmt::format(" {} {}", id, compared);
  }
  BOOST_TEST_MESSAGE(campaign.cases << " cases, " << campaign.events
                                    << " events; compared:" << counts);
  // Every call was struck, and with every code.
  for (int call = 0; call < kCalls; ++call) {
    const auto which = static_cast<Call>(call);
    if (which == Call::kClose || which == Call::kBeforeSave || which == Call::kAfterSave) continue;
    BOOST_TEST(campaign.struck.contains(which), CallName(which) << " was not struck");
  }
  for (int code = 1; code < kCanonicalCodes; ++code) {
    const auto which = static_cast<Code>(code);
    BOOST_TEST(campaign.codes.contains(which), CodeName(which) << " did not come");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::proptests
