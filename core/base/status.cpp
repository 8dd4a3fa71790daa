#include "core/base/status.h"

#include <array>
#include <utility>

#include "core/base/assert.h"

namespace faultline {
namespace {

struct Name {
  Code code;
  std::string_view name;
};

constexpr std::array kNames = {
    Name{Code::kOk, "OK"},
    Name{Code::kCancelled, "CANCELLED"},
    Name{Code::kUnknown, "UNKNOWN"},
    Name{Code::kInvalidArgument, "INVALID_ARGUMENT"},
    Name{Code::kDeadlineExceeded, "DEADLINE_EXCEEDED"},
    Name{Code::kNotFound, "NOT_FOUND"},
    Name{Code::kAlreadyExists, "ALREADY_EXISTS"},
    Name{Code::kPermissionDenied, "PERMISSION_DENIED"},
    Name{Code::kResourceExhausted, "RESOURCE_EXHAUSTED"},
    Name{Code::kFailedPrecondition, "FAILED_PRECONDITION"},
    Name{Code::kAborted, "ABORTED"},
    Name{Code::kOutOfRange, "OUT_OF_RANGE"},
    Name{Code::kUnimplemented, "UNIMPLEMENTED"},
    Name{Code::kInternal, "INTERNAL"},
    Name{Code::kUnavailable, "UNAVAILABLE"},
    Name{Code::kDataLoss, "DATA_LOSS"},
    Name{Code::kUnauthenticated, "UNAUTHENTICATED"},
    Name{Code::kValueError, "ValueError"},
    Name{Code::kTypeError, "TypeError"},
    Name{Code::kRuntimeError, "RuntimeError"},
    Name{Code::kIOError, "IOError"},
    Name{Code::kStopIteration, "StopIteration"},
    Name{Code::kUserException, "UserException"},
};

constinit const std::string kEmpty;

}  // namespace

std::string_view CodeName(Code code) {
  for (const Name& entry : kNames) {
    if (entry.code == code) return entry.name;
  }
  FL_ASSERT(false, "code without a name: {}", static_cast<int>(code));
}

bool ParseCodeName(std::string_view name, Code* code) {
  for (const Name& entry : kNames) {
    if (entry.name == name) {
      *code = entry.code;
      return true;
    }
  }
  return false;
}

bool IsCanonical(Code code) { return static_cast<int>(code) < kCanonicalCodes; }

Status::Status(Code code, std::string message) {
  FL_ASSERT(code != Code::kOk, "an error needs a code other than OK: {}", message);
  rep_ = std::make_shared<const Rep>(Rep{code, std::move(message), {}, false, nullptr});
}

const std::string& Status::message() const { return rep_ ? rep_->message : kEmpty; }

const std::string& Status::node() const { return rep_ ? rep_->node : kEmpty; }

std::string Status::ToString() const {
  std::string text(CodeName(code()));
  if (!message().empty()) text += ": " + message();
  if (!node().empty()) text += " [node " + node() + "]";
  return text;
}

Status Status::WithNode(std::string node) const {
  FL_ASSERT(!ok(), "OK has no node: {}", node);
  Rep rep = *rep_;
  rep.node = std::move(node);
  Status result;
  result.rep_ = std::make_shared<const Rep>(std::move(rep));
  return result;
}

Status Status::WithMessage(std::string message) const {
  FL_ASSERT(!ok(), "OK has no message: {}", message);
  Rep rep = *rep_;
  rep.message = std::move(message);
  Status result;
  result.rep_ = std::make_shared<const Rep>(std::move(rep));
  return result;
}

Status Status::AsDerived() const {
  FL_ASSERT(!ok(), "OK is never derived");
  Rep rep = *rep_;
  rep.derived = true;
  Status result;
  result.rep_ = std::make_shared<const Rep>(std::move(rep));
  return result;
}

Status Status::WithOriginal(std::exception_ptr original) const {
  FL_ASSERT(!ok(), "OK was thrown by nobody");
  Rep rep = *rep_;
  rep.original = std::move(original);
  Status result;
  result.rep_ = std::make_shared<const Rep>(std::move(rep));
  return result;
}

bool IsPreemption(Code code) { return code == Code::kAborted || code == Code::kUnavailable; }

}  // namespace faultline
