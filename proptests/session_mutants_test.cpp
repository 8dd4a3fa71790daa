#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "core/base/semantics.h"
#include "proptests/session_hunt.h"

// Every property of session layer and hooks can fail: with a planted defect it finds a case, which
// shrinks to something small and holds without the defect.

namespace faultline::proptests {
namespace {

struct Planted {
  std::string property;
  PlayOptions options;
  std::string name() const {
    if (!options.mutant.empty()) return options.mutant;
    return options.late_stop ? "a stop hook that looks too late" : "a hook that moves the step";
  }
};

std::vector<Planted> AllPlanted() {
  std::vector<Planted> all = {
      {"P-5", {.late_stop = true}},
      {"P-10", {.moving_logger = true}},
  };
  const std::vector<std::pair<std::string, std::string>> rows = {{"IV-1", "begin_on_recovery"},
                                                                 {"IV-1", "after_run_twice"},
                                                                 {"IV-2", "run_twice"},
                                                                 {"IV-3", "local_init_unasked"},
                                                                 {"IV-3", "init_after_restore"},
                                                                 {"IV-4", "hand_out_unready"},
                                                                 {"IV-5", "keep_failed_session"},
                                                                 {"IV-6", "recover_on_internal"},
                                                                 {"IV-7", "poll_off_the_grid"},
                                                                 {"IV-8", "restore_oldest"},
                                                                 {"IV-9", "stop_one_early"},
                                                                 {"IV-10", "thaw_on_recovery"},
                                                                 {"IV-11", "forget_thread_error"},
                                                                 {"IV-12", "overlong_join"},
                                                                 {"P-1", "silent_listener"},
                                                                 {"P-2", "save_off_the_timer"},
                                                                 {"P-3", "no_save_at_end"},
                                                                 {"P-4", "stop_one_early"},
                                                                 {"P-6", "run_twice"},
                                                                 {"P-7", "start_after_summaries"},
                                                                 {"P-9", "after_run_twice"}};
  for (const auto& [property, mutant] : rows) all.push_back({property, {.mutant = mutant}});
  return all;
}

// How much there is in a case beside the simplest.
std::size_t SizeOf(const SessionDraw& draw) {
  return draw.hooks.size() + draw.actions.size() + draw.strikes.size() + draw.threads.size();
}

BOOST_AUTO_TEST_SUITE(session_mutants)

BOOST_AUTO_TEST_CASE(planted_defects) {
  if (!HasMutants()) return;
  for (const Planted& planted : AllPlanted()) {
    BOOST_TEST_CONTEXT(planted.property << " with " << planted.name()) {
      const Quarry quarry = Hunt(PropertyOfCases(planted.property, planted.options), 2000, 20);
      BOOST_TEST(quarry.found, "not found in " << quarry.cases << " cases");
      if (!quarry.found) continue;
      BOOST_TEST_MESSAGE(fmt::format("{} finds {} after {} cases: {}\n  {}", planted.property,
                                     planted.name(), quarry.cases, quarry.violation,
                                     WordsOf(quarry.smallest)));
      BOOST_TEST(SizeOf(quarry.smallest) <= 5U, WordsOf(quarry.smallest));
      const Verdict sound = PropertyOfCases(planted.property, {})(quarry.smallest);
      BOOST_TEST(sound.violation.empty(), sound.violation);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::proptests
