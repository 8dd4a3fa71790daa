#include "faults/fault_plan.h"

#include <string>
#include <vector>

#include <google/protobuf/text_format.h>
#include <boost/test/unit_test.hpp>

#include "faults/match.h"

namespace faultline::faults {
namespace {

v1::FaultPlan Plan(const std::string& text) {
  v1::FaultPlan plan;
  BOOST_REQUIRE_MESSAGE(google::protobuf::TextFormat::ParseFromString(text, &plan), text);
  return plan;
}

std::string ErrorOf(const std::string& text) {
  return ValidatePlan(Plan(text), {"chief", "ps"}).message();
}

struct Case {
  std::string plan;
  std::string error;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fault_plan)

BOOST_AUTO_TEST_CASE(every_kind_has_a_valid_form) {
  const std::vector<std::string> good = {
      R"(kind: CRASH node: "chief" trigger { at_step: 1 })",
      R"(kind: POWER_FAIL node: "chief" unsynced: LOSE_ALL trigger { at_turn: 1 })",
      R"(kind: RESTART node: "chief" delay_secs: 1 trigger { at_secs: 0 })",
      R"(kind: PAUSE node: "chief" duration_secs: 1 trigger { at_secs: 1 })",
      R"(kind: SLOW_DOWN node: "chief" factor: 2 duration_secs: 1 trigger { at_secs: 1 })",
      R"(kind: LATE_START node: "chief" delay_secs: 1)",
      R"(kind: ERROR node: "chief" call: RUN code: "ABORTED" times: 2 trigger { at_call: 1 })",
      R"(kind: BREAK_CONNECTION node: "chief" peer: "ps" trigger { at_secs: 1 })",
      R"(kind: PARTITION node: "chief" one_way: true trigger { at_point { point: "RunStart" } })",
      R"(kind: STORAGE_ERROR node: "chief" file_call: READ path: "*" code: "DATA_LOSS"
         trigger { at_call: 1 })",
      R"(kind: TORN_SAVE node: "chief" file_call: APPEND unsynced: KEEP_ALL
         trigger { at_call: 1 })",
  };
  BOOST_TEST(good.size() == ListFaultKinds().size());
  for (std::size_t i = 0; i < good.size(); ++i) {
    const std::string error = ErrorOf("faults {" + good[i] + "}");
    BOOST_TEST(error == "", good[i] << ": " << error);
    BOOST_TEST(good[i].find(std::string(ListFaultKinds()[i].name)) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(every_error_names_the_field_and_what_was_expected) {
  const std::vector<Case> cases = {
      {R"(node: "chief" trigger { at_step: 1 })", "faults[0].kind: expected a kind of fault"},
      {R"(kind: CRASH trigger { at_step: 1 })", "faults[0].node: expected the name of a node"},
      {R"(kind: CRASH node: "chief")", "faults[0].trigger: expected one of at_secs"},
      {R"(kind: CRASH node: "chief" trigger { at_step: 0 })",
       "faults[0].trigger.at_step: expected"},
      {R"(kind: CRASH node: "chief" trigger { at_turn: 0 })",
       "faults[0].trigger.at_turn: expected"},
      {R"(kind: CRASH node: "chief" trigger { at_secs: -1 })",
       "faults[0].trigger.at_secs: expected"},
      {R"(kind: CRASH node: "chief" trigger { at_secs: nan })",
       "faults[0].trigger.at_secs: expect"},
      {R"(kind: CRASH node: "chief" trigger { at_call: 1 })",
       "faults[0].trigger.at_call: expected"},
      {R"(kind: CRASH node: "chief" trigger { at_point { point: "Nowhere" } })",
       "faults[0].trigger.at_point.point: expected the name of a protocol point"},
      {R"(kind: CRASH node: "chief" trigger { at_point { point: "RunStart" value: "x" } })",
       "faults[0].trigger.at_point.field: expected"},
      {R"(kind: CRASH node: "chief" peer: "ps" trigger { at_step: 1 })",
       "faults[0].peer: expected nothing"},
      {R"(kind: PARTITION node: "chief" peer: "chief" trigger { at_step: 1 })",
       "faults[0].peer: expected the name of another node"},
      {R"(kind: PAUSE node: "chief" duration_secs: -1 trigger { at_step: 1 })",
       "faults[0].duration_secs: expected zero or more seconds"},
      {R"(kind: SLOW_DOWN node: "chief" factor: 0.5 trigger { at_step: 1 })",
       "faults[0].factor: expected a factor above 1"},
      {R"(kind: RESTART node: "chief" trigger { at_step: 1 })",
       "faults[0].delay_secs: expected a positive number of seconds"},
      {R"(kind: LATE_START node: "chief" delay_secs: 1 trigger { at_step: 1 })",
       "faults[0].trigger: expected nothing"},
      {R"(kind: ERROR node: "chief" code: "ABORTED" trigger { at_call: 1 })",
       "faults[0].call: expected the kind of call"},
      {R"(kind: ERROR node: "chief" call: RUN code: "ValueError" trigger { at_call: 1 })",
       "faults[0].code: expected the name of a canonical error code"},
      {R"(kind: TORN_SAVE node: "chief" file_call: RENAME trigger { at_call: 1 })",
       "faults[0].file_call: expected APPEND"},
  };
  for (const Case& c : cases) {
    const std::string error = ErrorOf("faults {" + c.plan + "}");
    BOOST_TEST(error.find(c.error) == 0U, c.plan << "\n  gave: " << error);
  }
}

BOOST_AUTO_TEST_CASE(names_and_late_starts_are_unique) {
  const std::string crash = R"(kind: CRASH node: "chief" trigger { at_step: 1 })";
  BOOST_TEST(ErrorOf("faults { name: 'a' " + crash + " } faults { name: 'a' " + crash + " }")
                 .find("faults[1].name: expected a name that no other fault has") == 0U);
  const std::string late = R"(faults { kind: LATE_START node: "ps" delay_secs: 1 })";
  BOOST_TEST(ErrorOf(late + late).find("faults[1].node: expected a node without") == 0U);
  BOOST_TEST(FaultName(Plan(late + late), 1) == "LATE_START#2");
}

BOOST_AUTO_TEST_CASE(globs_match_as_in_a_shell_but_across_slashes) {
  BOOST_TEST(GlobMatches("", ""));
  BOOST_TEST(GlobMatches("*", "/ckpt/a"));
  BOOST_TEST(GlobMatches("/ckpt/*.index", "/ckpt/m-4.index"));
  BOOST_TEST(GlobMatches("*m-?.in*", "/ckpt/m-4.index"));
  BOOST_TEST(!GlobMatches("*m-?.in", "/ckpt/m-4.index"));
  BOOST_TEST(!GlobMatches("/ckpt", "/ckpt/a"));
  BOOST_TEST(!GlobMatches("a?", "a"));
}

BOOST_AUTO_TEST_CASE(a_run_matches_run_and_its_own_kind_only) {
  BOOST_TEST(CallMatches(v1::RUN, v1::UPDATE));
  BOOST_TEST(CallMatches(v1::RUN, v1::RUN));
  BOOST_TEST(CallMatches(v1::SAVE, v1::SAVE));
  BOOST_TEST(!CallMatches(v1::SAVE, v1::UPDATE));
  BOOST_TEST(!CallMatches(v1::RUN, v1::OPEN));
  BOOST_TEST(!CallMatches(v1::RUN, v1::CLOSE));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::faults
