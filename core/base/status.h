#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace faultline {

// What went wrong. 0..16 are the canonical codes of ER-1. The values above 100 are kinds of trouble
// that carry no canonical code (MP-2, MP-3), so that no test for a canonical code can match them.
enum class Code : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
  kValueError = 101,     // usage: a value that this call cannot accept
  kTypeError = 102,      // usage: a thing of the wrong type
  kRuntimeError = 103,   // usage: the call is wrong in this state
  kIOError = 104,        // usage: a file that cannot be used
  kStopIteration = 110,  // control flow (MP-3), not an error
  kUserException = 120,  // anything else that a user's code threw; kept and rethrown unchanged
};

inline constexpr int kCanonicalCodes = 17;

// "ABORTED", "ValueError", ... Never empty.
std::string_view CodeName(Code code);
// The inverse of CodeName; false if `name` names no code.
bool ParseCodeName(std::string_view name, Code* code);
// True for the codes of ER-1, kOk included.
bool IsCanonical(Code code);

// The result of an operation: OK (one null pointer, cheap) or an error. A value: copy it, compare
// its code, print it, store it. What a user's code threw stays attached, so that raising it again
// keeps its identity (WS-26).
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message);

  bool ok() const { return rep_ == nullptr; }
  Code code() const { return rep_ ? rep_->code : Code::kOk; }
  const std::string& message() const;
  // Name of the failing graph node; empty when not known (ER-3).
  const std::string& node() const;
  // True for the consequence of another error (a cancelled sibling), which never wins (RF-37).
  bool derived() const { return rep_ && rep_->derived; }
  // What a user's code threw, if this status was made from it; null otherwise.
  std::exception_ptr original() const { return rep_ ? rep_->original : nullptr; }
  // "ABORTED: text [node]" for people; "OK" when ok.
  std::string ToString() const;

  Status WithNode(std::string node) const;
  Status WithMessage(std::string message) const;
  Status AsDerived() const;
  Status WithOriginal(std::exception_ptr original) const;

  // Same code and message. Node, derivation and original do not count.
  friend bool operator==(const Status& a, const Status& b) {
    return a.code() == b.code() && a.message() == b.message();
  }

 private:
  struct Rep {
    Code code;
    std::string message;
    std::string node;
    bool derived = false;
    std::exception_ptr original;
  };
  std::shared_ptr<const Rep> rep_;
};

// ABORTED or UNAVAILABLE: the only codes that lead to recovery (ER-4).
bool IsPreemption(Code code);
inline bool IsPreemption(const Status& status) { return IsPreemption(status.code()); }

}  // namespace faultline
