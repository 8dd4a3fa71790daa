#include "core/base/error.h"

#include "core/base/assert.h"

namespace faultline {

void ThrowStatus(const Status& status) {
  FL_ASSERT(!status.ok(), "OK cannot be thrown");
  if (status.original()) std::rethrow_exception(status.original());
  switch (status.code()) {
    case Code::kCancelled:
      throw CancelledError(status);
    case Code::kUnknown:
      throw UnknownError(status);
    case Code::kInvalidArgument:
      throw InvalidArgumentError(status);
    case Code::kDeadlineExceeded:
      throw DeadlineExceededError(status);
    case Code::kNotFound:
      throw NotFoundError(status);
    case Code::kAlreadyExists:
      throw AlreadyExistsError(status);
    case Code::kPermissionDenied:
      throw PermissionDeniedError(status);
    case Code::kResourceExhausted:
      throw ResourceExhaustedError(status);
    case Code::kFailedPrecondition:
      throw FailedPreconditionError(status);
    case Code::kAborted:
      throw AbortedError(status);
    case Code::kOutOfRange:
      throw OutOfRangeError(status);
    case Code::kUnimplemented:
      throw UnimplementedError(status);
    case Code::kInternal:
      throw InternalError(status);
    case Code::kUnavailable:
      throw UnavailableError(status);
    case Code::kDataLoss:
      throw DataLossError(status);
    case Code::kUnauthenticated:
      throw UnauthenticatedError(status);
    case Code::kValueError:
      throw ValueError(status);
    case Code::kTypeError:
      throw TypeError(status);
    case Code::kRuntimeError:
      throw RuntimeError(status);
    case Code::kIOError:
      throw IOError(status);
    case Code::kStopIteration:
      throw StopIteration();
    case Code::kOk:
    case Code::kUserException:
      break;
  }
  FL_ASSERT(false, "a status that cannot be thrown: {}", status.ToString());
}

Status StatusFromException(std::exception_ptr exception) {
  FL_ASSERT(exception != nullptr, "no exception given");
  Status status;
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    status = error.status();
  } catch (const StopIteration&) {
    status = Status(Code::kStopIteration, "");
  } catch (const std::exception& error) {
    status = Status(Code::kUserException, error.what());
  } catch (const Unwind&) {
    throw;
  } catch (...) {
    status = Status(Code::kUserException, "an exception that is no std::exception");
  }
  return status.WithOriginal(std::move(exception));
}

}  // namespace faultline
