#include "reports/text_report.h"

#include <string>

#include <boost/test/unit_test.hpp>

#include "reports/junit_report.h"
#include "reports/run_report.pb.h"

namespace faultline::reports {
namespace {

v1::CampaignReport Sample() {
  v1::CampaignReport campaign;
  campaign.set_real_secs(0.5);
  v1::RunReport& passed = *campaign.add_runs();
  passed.set_scenario("chief_crash");
  passed.set_seed(7);
  passed.set_outcome("passed");
  passed.set_virtual_secs(75.25);
  passed.set_final_step(12);
  v1::FaultRecord& fault = *passed.add_faults();
  fault.set_kind("CRASH");
  fault.set_phase("train");
  fault.set_fired(true);
  for (int i = 1; i <= 10; ++i) {
    v1::RecoveryRecord& recovery = *passed.add_recoveries();
    recovery.set_detect_secs(i);
    recovery.set_restore_secs(0.5);
  }
  v1::TimelineEntry& first = *passed.add_timeline();
  first.set_at_secs(1);
  first.set_node("chief");
  first.set_text("process dies");
  first.set_kind("fault");
  v1::TimelineEntry& second = *passed.add_timeline();
  second.set_at_secs(31);
  second.set_node("chief");
  second.set_incarnation(2);
  second.set_text("restores step 8");

  v1::RunReport& failed = *campaign.add_runs();
  failed.set_scenario("server_lost");
  failed.set_outcome("failed");
  failed.add_reasons("INV-13 <violated> & lost");
  failed.set_command("faultline run x.textproto --seed 3");
  v1::InvariantRecord& record = *failed.add_invariants();
  record.set_invariant("INV-13");
  record.set_comparisons(4);
  record.add_violations();
  return campaign;
}

BOOST_AUTO_TEST_SUITE(text_report)

BOOST_AUTO_TEST_CASE(seconds_read_as_people_say_them) {
  BOOST_TEST(FormatSeconds(1.5) == "1.500 s");
  BOOST_TEST(FormatSeconds(75.25) == "1 min 15.2 s");
  BOOST_TEST(FormatSeconds(7260) == "2 h 1 min");
}

BOOST_AUTO_TEST_CASE(failure_names_reason_and_command) {
  const v1::CampaignReport campaign = Sample();
  BOOST_TEST(RenderFailure(campaign.runs(0)) == "");
  const std::string text = RenderFailure(campaign.runs(1));
  BOOST_TEST(text.find("INV-13 <violated> & lost") != std::string::npos);
  BOOST_TEST(text.find("repeat: faultline run x.textproto --seed 3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(coverage_counts_only_faults_that_fired) {
  v1::CampaignReport campaign = Sample();
  campaign.mutable_runs(1)->add_faults()->set_kind("PAUSE");
  const std::string text = RenderCoverage(campaign);
  BOOST_TEST(text.find("CRASH") != std::string::npos);
  BOOST_TEST(text.find("PAUSE") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(recoveries_show_quantiles_of_each_phase) {
  const std::string text = RenderRecoveries(Sample());
  BOOST_TEST(text.find("detect                   5.000 s       9.000 s      10.000 s") !=
             std::string::npos);
  BOOST_TEST(text.find("10 recoveries") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(invariants_separate_violations_from_allowed_ones) {
  v1::CampaignReport campaign = Sample();
  BOOST_TEST(RenderInvariants(campaign).find(
                 "INV-13               4       1           1         0") != std::string::npos);
  campaign.mutable_runs(1)->mutable_invariants(0)->set_allowed_by("RF-91");
  BOOST_TEST(RenderInvariants(campaign).find("0         1   by RF-91") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(timeline_shows_gaps_and_incarnations) {
  const std::string text = RenderTimeline(Sample().runs(0));
  BOOST_TEST(text.find("... 30.000 s pass") != std::string::npos);
  BOOST_TEST(text.find("chief #2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(totals_count_outcomes) {
  BOOST_TEST(RenderTotals(Sample()) ==
             "1 passed, 1 failed of 2 runs; 1 min 15.2 s of virtual time in 0.5 s\n");
}

BOOST_AUTO_TEST_CASE(junit_escapes_and_counts) {
  const std::string xml = RenderJunit(Sample());
  BOOST_TEST(xml.find("tests=\"2\" failures=\"1\" errors=\"0\"") != std::string::npos);
  BOOST_TEST(xml.find("INV-13 &lt;violated&gt; &amp; lost") != std::string::npos);
  BOOST_TEST(xml.find("<violated>") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::reports
