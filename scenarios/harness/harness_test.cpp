#include "scenarios/harness/harness.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "scenarios/harness/cluster.h"
#include "scenarios/harness/job_pool.h"
#include "scenarios/harness/scenario_text.h"

namespace faultline::scenarios {
namespace {

Assets TestAssets() {
  Result<Assets> assets = LoadAssets();
  BOOST_REQUIRE_MESSAGE(assets.ok(), assets.status().ToString());
  return std::move(*assets);
}

v1::Scenario Parse(const Assets& assets, const std::string& rest) {
  const std::string text = R"(
    name: "case" description: "a case" seed: 7
    program { name: "counter" steps: 6 save_every_steps: 2 step_secs: 1 }
    nodes { name: "chief" role: CHIEF }
  )" + rest;
  Result<v1::Scenario> scenario = ParseScenario(text, {"", assets.programs});
  BOOST_REQUIRE_MESSAGE(scenario.ok(), scenario.status().ToString());
  return std::move(*scenario);
}

constexpr const char* kCrash = R"(
  supervisor { restart_after_secs: 5 }
  faults { faults { kind: CRASH node: "chief" trigger { at_step: 4 } } }
)";

bool HasReason(const RunOutcome& outcome, const std::string& part) {
  for (const std::string& reason : outcome.report.reasons()) {
    if (reason.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harness)

BOOST_AUTO_TEST_CASE(a_crashed_counter_restores_and_ends_at_its_target) {
  const Assets assets = TestAssets();
  const v1::Scenario scenario =
      Parse(assets, std::string(kCrash) + "expect { final_step: 6 applicable: 'INV-2' }");
  RunSettings settings;
  settings.certify = true;
  const RunOutcome outcome = RunScenario(scenario, assets, settings);
  BOOST_TEST(outcome.report.outcome() == "passed");
  BOOST_TEST(outcome.exit_code() == 0);
  BOOST_REQUIRE(outcome.certificate.has_value());
  BOOST_TEST(outcome.certificate->equal, outcome.certificate->Describe());
  BOOST_REQUIRE(outcome.report.nodes_size() == 1);
  BOOST_TEST(outcome.report.nodes(0).incarnations() == 2U);
  BOOST_REQUIRE(outcome.report.faults_size() == 1);
  BOOST_TEST(outcome.report.faults(0).fired());
  BOOST_TEST(outcome.report.faults(0).phase() == "train");
  BOOST_REQUIRE(outcome.report.recoveries_size() == 1);
  BOOST_TEST(outcome.report.recoveries(0).detect_secs() == 5.0);
  BOOST_TEST(outcome.report.recoveries(0).restore_secs() > 0.0);
  bool told = false;
  for (const v1::TimelineEntry& entry : outcome.report.timeline()) {
    told = told || entry.text().find("restored from /ckpt/model.ckpt-2") != std::string::npos;
  }
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(a_fault_that_does_not_fire_makes_the_run_vacuous) {
  const Assets assets = TestAssets();
  const v1::Scenario scenario =
      Parse(assets, R"(faults { faults { kind: CRASH node: "chief" trigger { at_step: 100 } } })");
  const RunOutcome outcome = RunScenario(scenario, assets, {});
  BOOST_TEST(outcome.report.outcome() == "vacuous");
  BOOST_TEST(outcome.exit_code() == 6);
  BOOST_TEST(outcome.expectation_met);
  BOOST_TEST(HasReason(outcome, "did not fire"));
}

BOOST_AUTO_TEST_CASE(an_invariant_that_compares_nothing_makes_the_run_vacuous) {
  const Assets assets = TestAssets();
  const v1::Scenario scenario = Parse(assets, "expect { no_faults: true applicable: 'INV-49' }");
  const RunOutcome outcome = RunScenario(scenario, assets, {});
  BOOST_TEST(outcome.report.outcome() == "vacuous");
  BOOST_TEST(HasReason(outcome, "INV-49 is declared applicable and compared nothing"));
}

BOOST_AUTO_TEST_CASE(a_scenario_without_faults_must_say_so) {
  const Assets assets = TestAssets();
  BOOST_TEST(RunScenario(Parse(assets, ""), assets, {}).report.outcome() == "vacuous");
  BOOST_TEST(
      RunScenario(Parse(assets, "expect { no_faults: true }"), assets, {}).report.outcome() ==
      "passed");
}

BOOST_AUTO_TEST_CASE(what_differs_from_the_expectation_is_told) {
  const Assets assets = TestAssets();
  const v1::Scenario scenario = Parse(assets, std::string(kCrash) + R"(
      expect { final_step: 7 recoveries: 3 within_secs: 1 violations: "INV-2"
               ends { node: "chief" code: "ABORTED" } })");
  const RunOutcome outcome = RunScenario(scenario, assets, {});
  BOOST_TEST(outcome.report.outcome() == "failed");
  BOOST_TEST(outcome.exit_code() == 1);
  BOOST_TEST(!outcome.expectation_met);
  BOOST_TEST(HasReason(outcome, "expected the final step 7, found 6"));
  BOOST_TEST(HasReason(outcome, "expected 3 recoveries, found 0"));
  BOOST_TEST(HasReason(outcome, "expected the run to end within 1 s"));
  BOOST_TEST(HasReason(outcome, "expected a violation of INV-2, found none"));
  BOOST_TEST(HasReason(outcome, "expected chief to end with ABORTED, found OK"));
}

BOOST_AUTO_TEST_CASE(a_budget_that_is_used_up_is_a_stuck_run) {
  const Assets assets = TestAssets();
  const RunOutcome outcome = RunScenario(
      Parse(assets, "expect { no_faults: true } budget { virtual_secs: 3 }"), assets, {});
  BOOST_TEST(outcome.report.outcome() == "stuck");
  BOOST_TEST(outcome.exit_code() == 3);
}

BOOST_AUTO_TEST_CASE(a_dead_chief_without_supervisor_stays_dead) {
  const Assets assets = TestAssets();
  const v1::Scenario scenario = Parse(assets, R"(
      faults { faults { kind: CRASH node: "chief" trigger { at_step: 4 } } }
      expect { ends { node: "chief" code: "OK" } })");
  const RunOutcome outcome = RunScenario(scenario, assets, {});
  BOOST_TEST(outcome.report.outcome() == "failed");
  BOOST_TEST(HasReason(outcome, "expected chief to end with OK, found died"));
}

BOOST_AUTO_TEST_CASE(a_replay_file_repeats_the_run_of_another_seed) {
  const Assets assets = TestAssets();
  const v1::Scenario scenario = Parse(assets, kCrash);
  RunSettings settings;
  settings.seed = 99;
  settings.semantics = v1::STRICT;
  const RunOutcome first = RunScenario(scenario, assets, settings);
  const std::string text = PrintScenario(MakeReplay(scenario, settings, "build"));
  const Result<v1::Scenario> replay = ParseScenario(text, {"", assets.programs});
  BOOST_REQUIRE_MESSAGE(replay.ok(), replay.status().ToString());
  const RunOutcome again = RunScenario(*replay, assets, {});
  BOOST_TEST(again.report.decisions_hash() == first.report.decisions_hash());
  BOOST_TEST(again.report.values_hash() == first.report.values_hash());
  BOOST_TEST(RunScenario(scenario, assets, {}).report.decisions_hash() !=
             first.report.decisions_hash());
}

BOOST_AUTO_TEST_CASE(an_override_changes_its_draw_and_one_that_never_comes_is_told) {
  const Assets assets = TestAssets();
  v1::Scenario scenario = Parse(assets, "expect { no_faults: true }");
  Cluster cluster(scenario, {assets.programs, *assets.data, {}, {}, nullptr});
  cluster.Run();
  const std::vector<std::string> streams = cluster.simulator().choices().StreamNames();
  BOOST_REQUIRE(!streams.empty());
  const RunOutcome plain = RunScenario(scenario, assets, {});
  v1::Override* o = scenario.add_overrides();
  o->set_stream(streams.front());
  o->set_index(0);
  o->set_value(12345);
  const RunOutcome changed = RunScenario(scenario, assets, {});
  BOOST_TEST(changed.report.decisions_hash() != plain.report.decisions_hash());
  BOOST_TEST(changed.report.outcome() == "passed");
  o->set_index(1'000'000);
  const RunOutcome unused = RunScenario(scenario, assets, {});
  BOOST_TEST(unused.report.outcome() == "vacuous");
  BOOST_TEST(HasReason(unused, "names a draw that never came"));
}

BOOST_AUTO_TEST_CASE(hashes_are_the_same_at_any_number_of_jobs) {
  const Assets assets = TestAssets();
  const v1::Scenario scenario = Parse(assets, kCrash);
  std::vector<std::vector<std::uint64_t>> hashes;
  for (const int jobs : {1, 2, 4}) {
    std::vector<std::uint64_t> all(12);
    RunJobs(6, jobs, [&](std::size_t i) {
      RunSettings settings;
      settings.seed = i;
      const RunOutcome outcome = RunScenario(scenario, assets, settings);
      all[2 * i] = outcome.report.decisions_hash();
      all[2 * i + 1] = outcome.report.values_hash();
    });
    hashes.push_back(std::move(all));
  }
  BOOST_TEST(hashes[0] == hashes[1], boost::test_tools::per_element());
  BOOST_TEST(hashes[0] == hashes[2], boost::test_tools::per_element());
  BOOST_TEST(hashes[0][0] != hashes[0][2]);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::scenarios
