#include "scenarios/harness/scenario_text.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace faultline::scenarios {
namespace {

// Line 1 .. 12; the cases below change one of them.
std::vector<std::string> GoodLines() {
  return {
      R"(name: "good")",
      R"(description: "a chief crashes and resumes")",
      R"(program { name: "counter" steps: 12 save_every_steps: 4 })",
      R"(nodes { name: "chief" role: CHIEF })",
      R"(supervisor { restart_after_secs: 5 })",
      R"(faults {)",
      R"(  faults { kind: CRASH node: "chief" trigger { at_step: 7 } })",
      R"(})",
      R"(expect { outcome: PASSED)",
      R"(  final_step: 12)",
      R"(})",
      R"(budget { virtual_secs: 100 })",
  };
}

std::string Join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string ErrorOf(const std::string& text, const std::string& path = "dir/good.textproto") {
  const ProgramRegistry programs = StandardPrograms();
  const Result<v1::Scenario> parsed = ParseScenario(text, {path, programs});
  return parsed.ok() ? "" : parsed.status().message();
}

struct Case {
  int line;
  std::string instead;
  std::string error;  // a part of it
};

void Check(const Case& c) {
  std::vector<std::string> lines = GoodLines();
  lines[static_cast<std::size_t>(c.line) - 1] = c.instead;
  const std::string error = ErrorOf(Join(lines));
  BOOST_TEST_CONTEXT("line " << c.line << ": " << c.instead << "\n  gave: " << error) {
    BOOST_TEST(error.find(c.error) != std::string::npos);
    BOOST_TEST(error.find('\n') == std::string::npos);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scenario_text)

BOOST_AUTO_TEST_CASE(a_good_scenario_is_read_and_written_alike) {
  const ProgramRegistry programs = StandardPrograms();
  const Result<v1::Scenario> first =
      ParseScenario(Join(GoodLines()), {"dir/good.textproto", programs});
  BOOST_REQUIRE_MESSAGE(first.ok(), first.status().ToString());
  BOOST_TEST(first->faults().faults(0).trigger().at_step() == 7);
  const std::string printed = PrintScenario(*first);
  const Result<v1::Scenario> again = ParseScenario(printed, {"good.textproto", programs});
  BOOST_REQUIRE_MESSAGE(again.ok(), again.status().ToString());
  BOOST_TEST(again->SerializeAsString() == first->SerializeAsString());
}

BOOST_AUTO_TEST_CASE(errors_of_syntax_tell_line_column_and_what_was_expected) {
  const std::vector<Case> cases = {
      {3, R"(program { name: "counter" stepz: 12 })", "good.textproto:3:27: "},
      {3, R"(program { name: "counter" stepz: 12 })", "has no field \"stepz\""},
      {3, R"(program { name: "counter" steps: "x" })", "expected integer, found"},
      {3, R"(program { name: "counter" steps: 99999999999999999999 })", "3:34: "},
      {4, R"(nodes { name: "chief" role: KING })", "4:29: "},
      {4, R"(nodes { name: "chief" role: KING })", "KING"},
      {1, R"(name: "good" name: "good")", "1:"},
      {7, R"(  faults { kind: CRASH node: "chief" trigger { at_step: 7 at_turn: 8 } })", "7:"},
      {12, R"(budget { virtual_secs: 100)", "the end of the file"},
  };
  for (const Case& c : cases) Check(c);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_none_and_text_that_is_none_are_refused) {
  Check({12, "budget { virtual_secs: 1e400 }", "12:10: budget.virtual_secs: expected a finite"});
  Check({12, "budget { virtual_secs: nan }", "12:10: budget.virtual_secs: expected a finite"});
  Check({12, "budget { virtual_secs: -1 }", "12:10: budget.virtual_secs: expected zero or more"});
  Check({2, "description: \"caf\xe9 crashes\"", "2:18: expected UTF-8"});
  Check({2, "description: \"\xed\xa0\x80\"", "2:15: expected UTF-8"});
}

BOOST_AUTO_TEST_CASE(errors_of_meaning_tell_line_column_field_and_what_was_expected) {
  const std::vector<Case> cases = {
      {1, R"(name: "other")", "1:1: name: expected the name of the file, \"good\""},
      {2, R"()", "1:1: description: expected a text"},
      {3, R"(program { name: "tower" steps: 1 })",
       "3:11: program.name: expected the name of a pro"},
      {3, R"(program { name: "counter" })", "3:1: program.steps: expected a positive number"},
      {3, R"(program { name: "counter" steps: 2 save_every_steps: 1 save_every_secs: 1 })",
       "3:56: program.save_every_secs: expected only one"},
      {3, R"(program { name: "counter" steps: 2 parameters { name: "batch" value: "1" } })",
       "3:49: program.parameters[0].name: expected a parameter of counter (it has none)"},
      {3, R"(program { name: "linear" steps: 2 parameters { name: "batch" value: "many" } })",
       "3:62: program.parameters[0].value: expected a whole number, found \"many\""},
      {4, R"(nodes { name: "chief" role: CHIEF server: "ps" })",
       "4:35: nodes[0].server: expected the name of a SERVER node, found \"ps\""},
      {4, R"(nodes { name: "Chief!" role: CHIEF })", "4:9: nodes[0].name: expected a name"},
      {4, R"(nodes { name: "chief" })", "4:1: nodes[0].role: expected CHIEF, WORKER or SERVER"},
      {4, R"(nodes { name: "chief" role: WORKER })", "4:1: nodes[0]: expected `server`"},
      {4, R"(nodes { name: "chief" role: SERVER })", "4:1: nodes[0]: expected a CHIEF or a WORKER"},
      {5, R"(supervisor { max_restarts: 2 })", "5:1: supervisor: expected restart_after_secs"},
      {5, R"(semantics { on: "no_such_switch" })",
       "5:13: semantics.on[0]: expected the name of a swi"},
      {5, R"(profile: "fast")", "5:1: profile: expected classic or retry"},
      {7, R"(faults { node: "chief" trigger { at_step: 7 } })", "faults[0].kind: expected a kind"},
      {7, R"(faults { kind: CRASH node: "king" trigger { at_step: 7 } })",
       "7:22: faults.faults[0].node: expected the name of a node (chief), found \"king\""},
      {7, R"(faults { kind: CRASH node: "chief" })",
       "7:1: faults.faults[0].trigger: expected one of"},
      {7, R"(faults { kind: CRASH node: "chief" trigger { at_call: 7 } })",
       "faults.faults[0].trigger.at_call: expected another trigger"},
      {7, R"(faults { kind: CRASH node: "chief" code: "ABORTED" trigger { at_step: 7 } })",
       "7:36: faults.faults[0].code: expected nothing"},
      {7, R"(faults { kind: ERROR node: "chief" call: RUN code: "OK" trigger { at_call: 7 } })",
       "7:46: faults.faults[0].code: expected the name of a canonical error code"},
      {7, R"(faults { kind: CRASH node: "chief" trigger { at_point { point: "Save" } } })",
       "trigger.at_point.point: expected the name of a protocol point"},
      {7, R"(faults { kind: SLOW_DOWN node: "chief" factor: 1 trigger { at_secs: 1 } })",
       "7:40: faults.faults[0].factor: expected a factor above 1"},
      {10, R"(violations: "INV-999")", "10:1: expect.violations[0]: expected an invariant"},
      {10, R"(ends { node: "king" code: "OK" })",
       "10:8: expect.ends[0].node: expected the name of a no"},
      {10, R"(ends { node: "chief" code: "FINE" })",
       "10:22: expect.ends[0].code: expected OK or the"},
      {10, R"(no_faults: true)", "10:1: expect.no_faults: expected no faults in the plan"},
      {10, R"(stuck_waiting_for: "x")", "10:1: expect.stuck_waiting_for: expected nothing"},
      {9, R"(expect { outcome: FAILED)",
       "9:10: expect.outcome: expected `violations` beside FAILED"},
  };
  for (const Case& c : cases) Check(c);
}

BOOST_AUTO_TEST_CASE(the_first_problem_of_several_is_told) {
  std::vector<std::string> lines = GoodLines();
  lines[9] = R"(violations: "INV-999")";
  lines[3] = R"(nodes { name: "Chief" role: CHIEF })";
  const std::string error = ErrorOf(Join(lines));
  BOOST_TEST(error.find("good.textproto:4:9: ") != std::string::npos, error);
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_named) {
  const ProgramRegistry programs = StandardPrograms();
  const Result<v1::Scenario> loaded = LoadScenario("/no/such.textproto", programs);
  BOOST_REQUIRE(!loaded.ok());
  BOOST_TEST((loaded.status().code() == Code::kNotFound));
  BOOST_TEST(loaded.status().message().find("/no/such.textproto") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::scenarios
