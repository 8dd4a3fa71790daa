#include "core/env/file_error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace faultline {

// CK-105. EAGAIN equals EWOULDBLOCK and ENOTSUP equals EOPNOTSUPP here.
Code CodeOfErrno(int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case EPERM:
    case EACCES:
    case EROFS:
      return Code::kPermissionDenied;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case EBADF:
    case EBUSY:
    case EPIPE:
      return Code::kFailedPrecondition;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Code::kResourceExhausted;
    case EINVAL:
    case ENAMETOOLONG:
      return Code::kInvalidArgument;
    case ETIMEDOUT:
      return Code::kDeadlineExceeded;
    case EAGAIN:
    case EINTR:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOLINK:
    case ENOLCK:
      return Code::kUnavailable;
    case ESTALE:
    case EDEADLK:
      return Code::kAborted;
    case EFBIG:
    case EOVERFLOW:
      return Code::kOutOfRange;
    case EXDEV:
    case ENOSYS:
    case ENOTSUP:
      return Code::kUnimplemented;
    default:
      return Code::kUnknown;
  }
}

Status FileError(std::string_view path, int error) {
  const char* description = ::strerrordesc_np(error);  // never translated
  std::string message(path);
  message += "; ";
  message += description != nullptr ? description : "Unknown error " + std::to_string(error);
  return Status(CodeOfErrno(error), std::move(message));
}

}  // namespace faultline
