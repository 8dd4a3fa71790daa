#include "core/base/error.h"

#include <functional>
#include <map>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/base/assert.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

// True if throwing `status` gives exactly `Class`.
template <class Class>
bool Throws(const Status& status) {
  bool exact = false;
  try {
    ThrowStatus(status);
  } catch (const Class& error) {
    exact = typeid(error) == typeid(Class);
  } catch (const std::exception&) {
    exact = false;
  }
  return exact;
}

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(er_1_the_table_of_exceptions_is_invertible) {
  const std::map<Code, std::function<bool(const Status&)>> table = {
      {Code::kCancelled, Throws<CancelledError>},
      {Code::kUnknown, Throws<UnknownError>},
      {Code::kInvalidArgument, Throws<InvalidArgumentError>},
      {Code::kDeadlineExceeded, Throws<DeadlineExceededError>},
      {Code::kNotFound, Throws<NotFoundError>},
      {Code::kAlreadyExists, Throws<AlreadyExistsError>},
      {Code::kPermissionDenied, Throws<PermissionDeniedError>},
      {Code::kResourceExhausted, Throws<ResourceExhaustedError>},
      {Code::kFailedPrecondition, Throws<FailedPreconditionError>},
      {Code::kAborted, Throws<AbortedError>},
      {Code::kOutOfRange, Throws<OutOfRangeError>},
      {Code::kUnimplemented, Throws<UnimplementedError>},
      {Code::kInternal, Throws<InternalError>},
      {Code::kUnavailable, Throws<UnavailableError>},
      {Code::kDataLoss, Throws<DataLossError>},
      {Code::kUnauthenticated, Throws<UnauthenticatedError>},
      {Code::kValueError, Throws<ValueError>},
      {Code::kTypeError, Throws<TypeError>},
      {Code::kRuntimeError, Throws<RuntimeError>},
      {Code::kIOError, Throws<IOError>}};
  for (const auto& [code, throws] : table) {
    const Status status = Status(code, "text").WithNode("node");
    BOOST_TEST(throws(status), CodeName(code) << " gives another class");
    const Status back = CallUser([&, &thrown = status] { ThrowStatus(thrown); });
    BOOST_TEST(back == status);
    BOOST_TEST(back.node() == "node");
  }
}

BOOST_AUTO_TEST_CASE(mp_2_usage_errors_are_no_operation_errors) {
  BOOST_TEST((!std::is_base_of_v<OpError, ValueError>));
  BOOST_TEST((!std::is_base_of_v<OpError, RuntimeError>));
  BOOST_TEST((std::is_base_of_v<OpError, AbortedError>));
}

BOOST_AUTO_TEST_CASE(ws_26_what_a_user_threw_keeps_its_identity) {
  struct Own : std::exception {
    explicit Own(int n) : number(n) {}
    const char* what() const noexcept override { return "own"; }
    int number;
  };
  const Status status = CallUser([] { throw Own(7); });
  BOOST_TEST(status.code() == Code::kUserException);
  BOOST_TEST(status.message() == "own");
  BOOST_CHECK_EXCEPTION(ThrowStatus(status), Own, [](const Own& own) { return own.number == 7; });
  const Status odd = CallUser([] { throw 5; });
  BOOST_TEST(odd.code() == Code::kUserException);
  BOOST_CHECK_THROW(ThrowStatus(odd), int);
}

BOOST_AUTO_TEST_CASE(mp_3_stop_iteration_is_no_error) {
  const Status status = CallUser([] { throw StopIteration(); });
  BOOST_TEST(status.code() == Code::kStopIteration);
  BOOST_CHECK_THROW(ThrowStatus(status), StopIteration);
}

BOOST_AUTO_TEST_CASE(mp_4_crashes_and_failed_assertions_pass) {
  BOOST_CHECK_THROW(CallUser([] { throw NodeCrashed(); }), NodeCrashed);
  BOOST_CHECK_THROW(CallUser([] { FL_ASSERT(1 > 2, "planted"); }), AssertionFailed);
  BOOST_TEST(CallUser([] {}) == Status());
}

BOOST_AUTO_TEST_CASE(a_failed_assertion_tells_where_and_prints_values) {
  const int n = -3;
  BOOST_CHECK_EXCEPTION(FL_ASSERT(n > 0, "n is {}, {}", n, "too small"), AssertionFailed,
                        [](const AssertionFailed& failed) {
                          return failed.message.find("error_test.cpp:") != std::string::npos &&
                                 failed.message.find("n > 0: n is -3, too small") !=
                                     std::string::npos;
                        });
  BOOST_CHECK_THROW(ThrowStatus(Status()), AssertionFailed);
  ThrowIfError(Status());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
