#pragma once

#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/base/status.h"

namespace faultline {

// A value or the error that took its place. Asking for what is not there is a defect and asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {
    FL_ASSERT(!std::get<1>(state_).ok(), "a Result needs a value or an error, not OK");
  }

  bool ok() const { return state_.index() == 0; }
  // OK when there is a value.
  Status status() const { return ok() ? Status() : std::get<1>(state_); }

  T& value() & {
    Check();
    return std::get<0>(state_);
  }
  const T& value() const& {
    Check();
    return std::get<0>(state_);
  }
  T&& value() && {
    Check();
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void Check() const {
    FL_ASSERT(ok(), "value of a failed Result: {}", std::get<1>(state_).ToString());
  }
  std::variant<T, Status> state_;
};

}  // namespace faultline

#define FL_CONCAT_INNER_(a, b) a##b
#define FL_CONCAT_(a, b) FL_CONCAT_INNER_(a, b)

// Leaves the function with the error of `expression` (a Status), if it has one.
#define FL_RETURN_IF_ERROR(expression)             \
  do {                                             \
    ::faultline::Status fl_status_ = (expression); \
    if (!fl_status_.ok()) return fl_status_;       \
  } while (false)

// `FL_ASSIGN_OR_RETURN(auto x, F())`: takes the value of a Result or leaves with its error.
#define FL_ASSIGN_OR_RETURN(target, expression) \
  FL_ASSIGN_OR_RETURN_INNER_(FL_CONCAT_(fl_result_, __LINE__), target, expression)
#define FL_ASSIGN_OR_RETURN_INNER_(result, target, expression) \
  auto result = (expression);                                  \
  if (!result.ok()) return result.status();                    \
  target = std::move(result).value()
