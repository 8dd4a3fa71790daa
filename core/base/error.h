#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "core/base/unwind.h"

namespace faultline {

// What the public API throws. Each class stands for one code and the mapping is invertible (ER-1).

// Common base, so that a user can ask any of our exceptions for its status.
class Error : public std::runtime_error {
 public:
  explicit Error(Status status)
      : std::runtime_error(status.ToString()), status_(std::move(status)) {}
  const Status& status() const { return status_; }
  Code code() const { return status_.code(); }

 private:
  Status status_;
};

// An error with a canonical code: it came from executing a graph or from talking to a server.
class OpError : public Error {
 public:
  using Error::Error;
};

#define FL_DEFINE_ERROR(Class, Base, Kind)                                          \
  class Class : public Base {                                                       \
   public:                                                                          \
    explicit Class(std::string message) : Base(Status(Kind, std::move(message))) {} \
    explicit Class(Status status) : Base(std::move(status)) {}                      \
  };

FL_DEFINE_ERROR(CancelledError, OpError, Code::kCancelled)
FL_DEFINE_ERROR(UnknownError, OpError, Code::kUnknown)
FL_DEFINE_ERROR(InvalidArgumentError, OpError, Code::kInvalidArgument)
FL_DEFINE_ERROR(DeadlineExceededError, OpError, Code::kDeadlineExceeded)
FL_DEFINE_ERROR(NotFoundError, OpError, Code::kNotFound)
FL_DEFINE_ERROR(AlreadyExistsError, OpError, Code::kAlreadyExists)
FL_DEFINE_ERROR(PermissionDeniedError, OpError, Code::kPermissionDenied)
FL_DEFINE_ERROR(ResourceExhaustedError, OpError, Code::kResourceExhausted)
FL_DEFINE_ERROR(FailedPreconditionError, OpError, Code::kFailedPrecondition)
FL_DEFINE_ERROR(AbortedError, OpError, Code::kAborted)
FL_DEFINE_ERROR(OutOfRangeError, OpError, Code::kOutOfRange)
FL_DEFINE_ERROR(UnimplementedError, OpError, Code::kUnimplemented)
FL_DEFINE_ERROR(InternalError, OpError, Code::kInternal)
FL_DEFINE_ERROR(UnavailableError, OpError, Code::kUnavailable)
FL_DEFINE_ERROR(DataLossError, OpError, Code::kDataLoss)
FL_DEFINE_ERROR(UnauthenticatedError, OpError, Code::kUnauthenticated)
// Usage errors: they carry no canonical code (MP-2).
FL_DEFINE_ERROR(ValueError, Error, Code::kValueError)
FL_DEFINE_ERROR(TypeError, Error, Code::kTypeError)
FL_DEFINE_ERROR(RuntimeError, Error, Code::kRuntimeError)
FL_DEFINE_ERROR(IOError, Error, Code::kIOError)

#undef FL_DEFINE_ERROR

// Control flow, no error (MP-3): a step function that wants the loop to end throws it (SF-4).
class StopIteration : public std::exception {
 public:
  const char* what() const noexcept override { return "StopIteration"; }
};

// The one place that turns an error into an exception. Rethrows what a user's code had thrown, if
// the status was made from it (WS-26). `status` must not be OK.
[[noreturn]] void ThrowStatus(const Status& status);
inline void ThrowIfError(const Status& status) {
  if (!status.ok()) ThrowStatus(status);
}

// The one place that turns an exception into a Status; the exception stays attached to it. An
// Unwind is not an error: it is thrown on.
Status StatusFromException(std::exception_ptr exception);

// The one function that calls a user's code (hooks, listeners, init functions, step functions,
// bodies of scopes, programs). It keeps whatever the code threw and returns after the handler has
// been left, so that the caller may suspend. Crashes and failed assertions pass (MP-4).
template <class Body>
Status CallUser(Body&& body) {
  std::exception_ptr kept;
  try {
    std::forward<Body>(body)();
  } catch (const Unwind&) {
    throw;
  } catch (...) {
    kept = std::current_exception();
  }
  return kept ? StatusFromException(std::move(kept)) : Status();
}

}  // namespace faultline
