#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/semantics.h"
#include "scenarios/harness/harness.h"
#include "scenarios/harness/job_pool.h"
#include "scenarios/harness/scenario_text.h"

namespace faultline::scenarios {
namespace {

const std::vector<std::string> kFolders = {"suites/fast", "field", "negative"};

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  const std::string root = std::string(FL_SOURCE_DIR) + "/scenarios/" + folder;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() == ".textproto") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Loaded {
  std::string path;
  v1::Scenario scenario;
};

// Every scenario that this build can run: those with planted defects need a build that has them.
std::vector<Loaded> LoadAll(const Assets& assets) {
  std::vector<Loaded> all;
  for (const std::string& folder : kFolders) {
    for (const std::string& path : FilesIn(folder)) {
      if (!HasMutants() && path.find("/defect_") != std::string::npos) continue;
      Result<v1::Scenario> scenario = LoadScenario(path, assets.programs);
      BOOST_TEST(scenario.ok(), scenario.status().message());
      if (scenario.ok()) all.push_back({path, std::move(*scenario)});
    }
  }
  return all;
}

Assets TestAssets() {
  Result<Assets> assets = LoadAssets();
  BOOST_REQUIRE_MESSAGE(assets.ok(), assets.status().ToString());
  return std::move(*assets);
}

std::string Explain(const RunOutcome& outcome) {
  std::string text = outcome.report.outcome() + " at step " +
                     std::to_string(outcome.report.final_step()) + " after " +
                     std::to_string(outcome.report.virtual_secs()) + " s";
  for (const std::string& reason : outcome.report.reasons()) text += "\n    " + reason;
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(suites)

BOOST_AUTO_TEST_CASE(the_suites_are_as_large_as_promised) {
  BOOST_TEST(FilesIn("suites/fast").size() >= 16U);
  BOOST_TEST(FilesIn("field").size() >= 3U);
  BOOST_TEST(FilesIn("negative").size() >= 5U);
}

BOOST_AUTO_TEST_CASE(every_scenario_meets_its_expectation_twice_alike) {
  const Assets assets = TestAssets();
  const std::vector<Loaded> all = LoadAll(assets);
  std::vector<RunOutcome> outcomes(all.size());
  RunJobs(all.size(), 0, [&](std::size_t i) {
    RunSettings settings;
    settings.path = all[i].path;
    settings.certify = true;
    const double start = RealSeconds();
    outcomes[i] = RunScenario(all[i].scenario, assets, settings);
    outcomes[i].report.set_real_secs(RealSeconds() - start);
  });
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_TEST((outcomes[i].outcome == sim::Outcome::kPassed),
               all[i].path << ": " << Explain(outcomes[i]));
    BOOST_REQUIRE(outcomes[i].certificate.has_value());
    BOOST_TEST_MESSAGE(outcomes[i].report.real_secs()
                       << " s, " << outcomes[i].report.events() << " events, "
                       << outcomes[i].report.virtual_secs() << " virtual s: " << all[i].path);
    BOOST_TEST(outcomes[i].certificate->equal,
               all[i].path << ": " << outcomes[i].certificate->Describe());
  }
}

BOOST_AUTO_TEST_CASE(every_expectation_fails_without_the_faults) {
  const Assets assets = TestAssets();
  std::vector<Loaded> all = LoadAll(assets);
  std::erase_if(all, [](const Loaded& l) { return l.scenario.faults().faults_size() == 0; });
  std::vector<RunOutcome> outcomes(all.size());
  RunJobs(all.size(), 0, [&](std::size_t i) {
    v1::Scenario calm = all[i].scenario;
    calm.clear_faults();
    outcomes[i] = RunScenario(calm, assets, {});
  });
  BOOST_TEST(all.size() > 20U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_TEST(!outcomes[i].expectation_met, all[i].path << ": " << Explain(outcomes[i]));
  }
}

BOOST_AUTO_TEST_CASE(every_expectation_about_semantics_fails_under_the_other) {
  const Assets assets = TestAssets();
  int swapped = 0;
  for (const Loaded& loaded : LoadAll(assets)) {
    const std::string& name = loaded.scenario.name();
    if (!name.ends_with("_tf") && !name.ends_with("_strict")) continue;
    ++swapped;
    RunSettings settings;
    settings.semantics = loaded.scenario.semantics().base() == v1::STRICT ? v1::TF : v1::STRICT;
    const RunOutcome outcome = RunScenario(loaded.scenario, assets, settings);
    BOOST_TEST(!outcome.expectation_met, name << ": " << Explain(outcome));
  }
  BOOST_TEST(swapped >= 6);
}

BOOST_AUTO_TEST_CASE(every_planted_defect_is_missed_when_it_is_not_planted) {
  const Assets assets = TestAssets();
  int planted = 0;
  for (const Loaded& loaded : LoadAll(assets)) {
    if (loaded.scenario.name().find("defect_") != 0) continue;
    ++planted;
    v1::Scenario sound = loaded.scenario;
    sound.mutable_semantics()->clear_on();
    const RunOutcome outcome = RunScenario(sound, assets, {});
    BOOST_TEST(!outcome.expectation_met, loaded.path << ": " << Explain(outcome));
  }
  BOOST_TEST((planted >= 3 || !HasMutants()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::scenarios
