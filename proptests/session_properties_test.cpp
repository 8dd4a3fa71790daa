#include <iterator>
#include <set>
#include <span>
#include <string>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "proptests/session_hunt.h"

// The session layer keeps IV-1 to IV-12 and P-1 to P-7, P-9 and P-10 over random lives: errors of
// every code at every call, threads that fail and linger, clocks that jump, hooks in any order.

namespace faultline::proptests {
namespace {

// Under sanitizers a case costs eight times as much, so that a part must do.
#ifdef __SANITIZE_ADDRESS__
constexpr int kShare = 5;
#else
constexpr int kShare = 1;
#endif

// RC_PARAMS="seed=... max_success=..." makes larger campaigns.
const rc::detail::TestParams& Params() { return rc::detail::configuration().testParams; }
int CasesOr(int otherwise) {
  return Params().maxSuccess == rc::detail::TestParams().maxSuccess ? otherwise
                                                                    : Params().maxSuccess;
}

void Holds(const Campaign& campaign) {
  BOOST_TEST(campaign.failed.empty(), campaign.failed << ": " << campaign.quarry.violation << "\n"
                                                      << WordsOf(campaign.quarry.smallest));
  std::string counts;
  for (const auto& [id, compared] : campaign.compared)
    counts += fmt::format(" {} {}", id, compared);
  BOOST_TEST_MESSAGE(campaign.cases << " cases, " << campaign.events
                                    << " events; compared:" << counts);
}

BOOST_AUTO_TEST_SUITE(session_properties)

BOOST_AUTO_TEST_CASE(every_property_holds_over_random_lives) {
  const int cases = CasesOr(1500 / kShare);
  const Campaign campaign = RunCampaign(cases, Params().seed);
  Holds(campaign);
  BOOST_REQUIRE(campaign.failed.empty());
  BOOST_TEST(campaign.cases >= cases);
  for (const std::string& id : PropertyIds()) {
    BOOST_TEST(campaign.compared.at(id) > 0U, id << " compared nothing");
  }
  for (int call = 0; cases >= 1000 && call < kCalls; ++call) {
    const auto which = static_cast<Call>(call);
    const bool came =
        campaign.struck.contains({which, false}) || campaign.struck.contains({which, true});
    BOOST_TEST(came, CallName(which) << " was not struck");
  }
}

// A life in which each call is made more than once: a restore, recoveries, saves and two ends.
SessionDraw BusyDraw(Role role, bool recovers) {
  SessionDraw draw;
  draw.role = static_cast<int>(role);
  draw.singular = recovers ? 0 : 3;
  draw.lives = 1;
  draw.max_wait = 100;
  draw.late = 40;
  draw.listeners = 2;
  draw.limit = 6;
  draw.patience = 1;
  draw.hooks = {0, 2, 1, 3};  // plain, saver, stop, summary
  return draw;
}

// ER-4, MS-5, WS-13 and their kin: what any error does, wherever it strikes.
BOOST_AUTO_TEST_CASE(every_code_at_every_call_before_and_after_its_effect) {
  struct Setup {
    SessionDraw draw;
    int nth;
  };
  const Setup setups[] = {{BusyDraw(Role::kSavingChief, true), 0},
                          {BusyDraw(Role::kSavingChief, true), 1},
                          {BusyDraw(Role::kSavingChief, false), 0},
                          {BusyDraw(Role::kServerChief, true), 1},
                          {BusyDraw(Role::kWorker, true), 0}};
  Campaign campaign;
  int expected = 0;
  for (int call = 0; call < kCalls; ++call) {
    const auto which = static_cast<Call>(call);
    for (const Code code : StrikeCodes(which)) {
      for (const bool after : {false, true}) {
        for (const Setup& setup : std::span(setups).first(std::size(setups) / kShare)) {
          ++expected;
          SessionDraw draw = setup.draw;
          draw.strikes = {StrikeOn(which, setup.nth, code, after)};
          JudgeCase(draw, false, &campaign);
        }
      }
    }
  }
  Holds(campaign);
  BOOST_TEST(campaign.struck.size() == 2U * kCalls);
  std::set<Code> codes;
  for (const auto& [code, times] : campaign.codes) codes.insert(code);
  BOOST_TEST(codes.size() == 22U);  // 16 canonical, 4 usage, StopIteration, a foreign exception
  BOOST_TEST(campaign.cases == expected);
  int struck = 0;
  for (const auto& [where, times] : campaign.struck) struck += times;
  BOOST_TEST_MESSAGE(struck << " errors came");
  BOOST_TEST(struck * 4 > campaign.cases * 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::proptests
