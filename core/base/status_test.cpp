#include "core/base/status.h"

#include <set>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/base/result.h"
#include "core/base/unwind.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

BOOST_AUTO_TEST_SUITE(status)

BOOST_AUTO_TEST_CASE(er_1_canonical_codes_have_their_numbers_and_names) {
  const char* const names[] = {"OK",
                               "CANCELLED",
                               "UNKNOWN",
                               "INVALID_ARGUMENT",
                               "DEADLINE_EXCEEDED",
                               "NOT_FOUND",
                               "ALREADY_EXISTS",
                               "PERMISSION_DENIED",
                               "RESOURCE_EXHAUSTED",
                               "FAILED_PRECONDITION",
                               "ABORTED",
                               "OUT_OF_RANGE",
                               "UNIMPLEMENTED",
                               "INTERNAL",
                               "UNAVAILABLE",
                               "DATA_LOSS",
                               "UNAUTHENTICATED"};
  for (int i = 0; i < kCanonicalCodes; ++i) {
    BOOST_TEST(CodeName(static_cast<Code>(i)) == names[i]);
    BOOST_TEST(IsCanonical(static_cast<Code>(i)));
  }
}

BOOST_AUTO_TEST_CASE(mp_2_usage_errors_match_no_canonical_code) {
  for (const Code code : {Code::kValueError, Code::kTypeError, Code::kRuntimeError, Code::kIOError,
                          Code::kStopIteration, Code::kUserException}) {
    BOOST_TEST(!IsCanonical(code));
    BOOST_TEST(!IsPreemption(code));
  }
}

BOOST_AUTO_TEST_CASE(names_are_invertible) {
  std::set<std::string_view> seen;
  for (int i = 0; i < 256; ++i) {
    const bool used = i < kCanonicalCodes || (i >= 101 && i <= 104) || i == 110 || i == 120;
    if (!used) continue;
    const Code code = static_cast<Code>(i);
    Code parsed = Code::kOk;
    BOOST_TEST(ParseCodeName(CodeName(code), &parsed));
    BOOST_TEST(parsed == code);
    BOOST_TEST(seen.insert(CodeName(code)).second);
  }
  Code untouched = Code::kAborted;
  BOOST_TEST(!ParseCodeName("aborted", &untouched));
  BOOST_TEST(!ParseCodeName("", &untouched));
  BOOST_TEST(untouched == Code::kAborted);
}

BOOST_AUTO_TEST_CASE(er_4_only_aborted_and_unavailable_are_preemptions) {
  for (int i = 0; i < kCanonicalCodes; ++i) {
    const bool expected = i == 10 || i == 14;
    BOOST_TEST(IsPreemption(static_cast<Code>(i)) == expected);
  }
}

BOOST_AUTO_TEST_CASE(ok_is_the_default_and_never_an_error) {
  const Status ok;
  BOOST_TEST(ok.ok());
  BOOST_TEST(ok.code() == Code::kOk);
  BOOST_TEST(ok.message() == "");
  BOOST_TEST(ok.ToString() == "OK");
  BOOST_CHECK_THROW(Status(Code::kOk, "no error"), AssertionFailed);
  BOOST_CHECK_THROW(ok.AsDerived(), AssertionFailed);
}

BOOST_AUTO_TEST_CASE(a_copy_with_a_change_leaves_the_original_alone) {
  const Status status(Code::kAborted, "text");
  const Status changed = status.WithNode("save/Assign").AsDerived().WithMessage("other");
  BOOST_TEST(changed.ToString() == "ABORTED: other [node save/Assign]");
  BOOST_TEST(changed.derived());
  BOOST_TEST(status.ToString() == "ABORTED: text");
  BOOST_TEST(!status.derived());
  BOOST_TEST(status.WithNode("x") == status);
  BOOST_TEST((changed != status));
  BOOST_TEST((Status(Code::kUnknown, "text") != status));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(result)

Result<int> Half(int n) {
  if (n % 2 != 0) return Status(Code::kInvalidArgument, std::to_string(n) + " is odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  FL_ASSIGN_OR_RETURN(const int half, Half(n));
  return Half(half);
}

Status Check(int n) {
  FL_RETURN_IF_ERROR(Quarter(n).status());
  return Status();
}

BOOST_AUTO_TEST_CASE(a_value_or_the_error_that_took_its_place) {
  BOOST_TEST(*Quarter(12) == 3);
  BOOST_TEST(Quarter(12).status() == Status());
  BOOST_TEST(Quarter(6).status() == Status(Code::kInvalidArgument, "3 is odd"));
  BOOST_TEST(Check(7) == Status(Code::kInvalidArgument, "7 is odd"));
  BOOST_TEST(Check(8) == Status());
}

BOOST_AUTO_TEST_CASE(asking_for_what_is_not_there_asserts) {
  BOOST_CHECK_THROW(Half(3).value(), AssertionFailed);
  BOOST_CHECK_THROW(Result<int>{Status()}, AssertionFailed);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
