// The driver itself: whatever differs from a case must be reported.

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/testing/golden_traces/compare.h"
#include "core/testing/golden_traces/params.h"
#include "core/testing/golden_traces/run_case.h"

namespace faultline::testing {
namespace {

const char* const kCases = FL_SOURCE_DIR "/core/session/testdata/traces";

TraceCase ReadOne(const std::string& name) {
  const std::string path = std::string(kCases) + "/" + name + ".json";
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return ParseCase(path, text.str());
}

// What the driver says of a case after a change of it.
std::string Verdict(const std::string& name, const std::function<void(Json&)>& change) {
  GraphStore graphs(std::string(kCases) + "/graphs");
  TraceCase changed = ReadOne(name);
  change(changed.scenario);
  return RunCase(changed, graphs);
}

// Place of the n-th event of a kind, counted from 1.
std::size_t Find(const Json& scenario, const std::string& kind, int n = 1) {
  const Json& trace = scenario["trace"];
  for (std::size_t i = 0; i < trace.size(); ++i) {
    if (trace[i]["e"] == kind && --n == 0) return i;
  }
  BOOST_FAIL("no such event: " + kind);
  return 0;
}

bool Tells(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

std::string BadText(const std::function<void()>& body) {
  try {
    body();
  } catch (const BadCase& bad) {
    return bad.text;
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_traces_driver)

BOOST_AUTO_TEST_CASE(an_unchanged_case_passes) {
  BOOST_TEST(Verdict("ms_recover_run", [](Json&) {}) == "");
  BOOST_TEST(Verdict("sm_wait_for_chief", [](Json&) {}) == "");
  BOOST_TEST(Verdict("cr_chief_file_every_time", [](Json&) {}) == "");
}

BOOST_AUTO_TEST_CASE(a_wrong_event_is_reported_with_the_three_before_it) {
  std::size_t place = 0;
  const std::string verdict = Verdict("ms_recover_run", [&](Json& scenario) {
    place = Find(scenario, "hook", 5);
    scenario["trace"][place]["hook"] = "B";
  });
  BOOST_TEST(Tells(verdict, "first difference at event " + std::to_string(place)));
  BOOST_TEST(Tells(verdict, "hook is \"A\" instead of \"B\""));
  for (std::size_t i = place - 3; i < place; ++i) {
    BOOST_TEST(Tells(verdict, "\n" + std::string(i < 10 ? "      " : "     ") + std::to_string(i)));
  }
}

BOOST_AUTO_TEST_CASE(missing_additional_and_swapped_events_are_reported) {
  BOOST_TEST(Verdict("ms_recover_run", [](Json& scenario) {
               scenario["trace"].erase(Find(scenario, "close"));
             }) != "");
  BOOST_TEST(Verdict("ms_recover_run", [](Json& scenario) {
               scenario["trace"].push_back({{"e", "close"}, {"s", 2}});
             }) != "");
  BOOST_TEST(Tells(Verdict("ms_recover_run",
                           [](Json& scenario) {
                             Json& trace = scenario["trace"];
                             trace.erase(trace.size() - 1);
                           }),
                   "instead of the end"));
  BOOST_TEST(Verdict("ms_recover_run", [](Json& scenario) {
               Json& trace = scenario["trace"];
               const std::size_t first = Find(scenario, "hook");
               std::swap(trace[first], trace[first + 1]);
             }) != "");
}

BOOST_AUTO_TEST_CASE(wrong_sleeps_and_times_are_reported) {
  BOOST_TEST(Tells(
      Verdict("sm_wait_for_chief",
              [](Json& scenario) { scenario["trace"][Find(scenario, "sleep")]["secs"] = 30.5; }),
      "secs is 30.0 instead of 30.5"));
  BOOST_TEST(Tells(
      Verdict("sm_wait_for_chief",
              [](Json& scenario) { scenario["trace"][Find(scenario, "open", 2)]["t"] = 30.001; }),
      "t is 30.0 instead of 30.001"));
  BOOST_TEST(Tells(
      Verdict("sm_wait_for_chief", [](Json& scenario) { scenario["outcome"]["end_time"] = 91; }),
      "outcome: end_time is 90.0 instead of 91"));
}

BOOST_AUTO_TEST_CASE(wrong_values_types_and_additional_fields_are_reported) {
  const auto last_return = [](Json& scenario) -> Json& {
    return scenario["trace"][scenario["trace"].size() - 1];
  };
  const auto verdict = [&](const Json& value) {
    return Verdict("sm_wait_for_chief",
                   [&](Json& scenario) { last_return(scenario)["value"] = value; });
  };
  BOOST_TEST(verdict({6, 6, 18}) == "");
  BOOST_TEST(verdict({6, 6, 19}) != "");
  BOOST_TEST(verdict({6, 6}) != "");
  BOOST_TEST(verdict({6.0, 6.0, 18.0}) != "");
  BOOST_TEST(Tells(
      Verdict("sm_wait_for_chief", [&](Json& scenario) { last_return(scenario).erase("value"); }),
      "which is not expected"));
}

BOOST_AUTO_TEST_CASE(a_wrong_error_tag_or_text_is_reported) {
  BOOST_TEST(Verdict("ms_scope_precedence", [](Json&) {}) == "");
  BOOST_TEST(Tells(Verdict("ms_scope_precedence",
                           [](Json& scenario) {
                             for (Json& event : scenario["trace"]) {
                               if (event["e"] == "raise" && event.contains("tag")) {
                                 event["tag"] = "another one";
                               }
                             }
                           }),
                   "instead of \"another one\""));
  BOOST_TEST(Tells(Verdict("sm_wait_timeout_cost",
                           [](Json& scenario) {
                             scenario["program"][2]["tells"] = {"17 seconds"};
                             Json& trace = scenario["trace"];
                             trace[trace.size() - 1]["tells"] = {"17 seconds"};
                           }),
                   "does_not_tell"));
}

BOOST_AUTO_TEST_CASE(a_wrong_file_state_or_record_is_reported) {
  const std::string name = "mts_restart";
  BOOST_TEST(Verdict(name, [](Json&) {}) == "");
  const auto verdict = [&](const std::function<void(Json & dir)>& change) {
    return Verdict(name, [&](Json& scenario) { change(scenario["outcome"]["dirs"]["D"]); });
  };
  BOOST_TEST(Tells(verdict([](Json& dir) { dir["files"].push_back("model.ckpt-9.index"); }),
                   "outcome: dirs.D.files"));
  BOOST_TEST(verdict([](Json& dir) { dir["files"].erase(0); }) != "");
  BOOST_TEST(Tells(verdict([](Json& dir) { dir["latest"] = "model.ckpt-2"; }), "D.latest"));
  BOOST_TEST(Tells(verdict([](Json& dir) { dir["all"].erase(0); }), "D.all"));
  BOOST_TEST(Tells(verdict([](Json& dir) { dir["events"][1][5]["step"] = 3; }),
                   "D.events[1][5].step is 2 instead of 3"));
  BOOST_TEST(Verdict(name, [](Json& scenario) {
               scenario["outcome"]["sessions_left_open"] = Json::array();
             }) != "");
}

// Builds without planted defects have none to catch.
BOOST_AUTO_TEST_CASE(every_planted_defect_of_the_layer_is_caught_by_a_case) {
  GraphStore graphs(std::string(kCases) + "/graphs");
  const std::vector<TraceCase> cases = ReadCases(kCases);
  for (const Deviation& row : Deviations()) {
    if (!row.mutant) continue;
    if (row.name == "thaw_on_recovery") continue;  // no case looks at the graph that late
    Semantics semantics = Semantics::Tf();
    semantics.*row.field = true;
    const bool caught = std::any_of(cases.begin(), cases.end(), [&](const TraceCase& one) {
      return !RunCase(one, graphs, semantics).empty();
    });
    BOOST_TEST(caught, row.name);
  }
}

BOOST_AUTO_TEST_CASE(floats_may_differ_by_rounding_and_bounded_times_may_be_earlier) {
  const Json expected =
      Json::array({{{"e", "do"}, {"do", "join"}}, {{"e", "ret"}, {"t", 3.0}, {"value", 1.0}}});
  const auto differs = [&](double t, double value, bool bound) {
    return !FirstDifference(expected, {expected[0], {{"e", "ret"}, {"t", t}, {"value", value}}},
                            {.t_upper_bound = bound})
                .empty();
  };
  BOOST_TEST(!differs(3.0, 1.000001, false));
  BOOST_TEST(differs(3.0, 1.0001, false));
  BOOST_TEST(differs(2.3, 1.0, false));
  BOOST_TEST(!differs(2.3, 1.0, true));
  BOOST_TEST(differs(3.1, 1.0, true));
}

BOOST_AUTO_TEST_CASE(bad_input_names_file_and_field) {
  const auto text = [](const std::function<void(Json&)>& change) {
    Json scenario = ReadOne("ms_recover_run").scenario;
    change(scenario);
    return BadText([&] { (void)ParseCase("x.json", scenario.dump()); });
  };
  BOOST_TEST(text([](Json&) {}) == "");
  BOOST_TEST(BadText([] { (void)ParseCase("x.json", "{"); }).starts_with("x.json: "));
  BOOST_TEST(text([](Json& scenario) { scenario.erase("trace"); }) ==
             "x.json: case.trace: a value is expected");
  BOOST_TEST(text([](Json& scenario) { scenario["program"][0]["do"] = "dance"; }) ==
             "x.json: case.program[0].do: a kind of action is expected");
  BOOST_TEST(text([](Json& scenario) { scenario["program"][0]["speed"] = 1; }) ==
             "x.json: case.program[0].speed: an unknown field");
  BOOST_TEST(text([](Json& scenario) { scenario["program"][1]["hooks"][1]["type"] = "H"; }) ==
             "x.json: case.program[1].hooks[1].type: a type of hook is expected");
  BOOST_TEST(text([](Json& scenario) { scenario["faults"][0]["on"] = "luck"; }) ==
             "x.json: case.faults[0].on: something that can fail is expected");
  BOOST_TEST(text([](Json& scenario) { scenario["faults"][0]["n"] = "often"; }) != "");
}

BOOST_AUTO_TEST_CASE(the_program_tells_bad_folders) {
  std::ostringstream out;
  std::ostringstream errors;
  BOOST_TEST(RunFolder("/no/such/folder", "", out, errors) == 2);
  BOOST_TEST(out.str() == "");
  BOOST_TEST(errors.str().starts_with("golden_traces: /no/such/folder: "));
  BOOST_TEST(errors.str().find('\n') == errors.str().size() - 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::testing
