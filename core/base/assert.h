#pragma once

#include <sstream>
#include <string>
#include <string_view>

namespace faultline::internal {

// Replaces each "{}" of `format` by the next value, printed with operator<<.
template <class... Values>
std::string FormatValues(std::string_view format, const Values&... values) {
  std::ostringstream out;
  [[maybe_unused]] auto emit = [&](const auto& value) {
    const std::size_t hole = format.find("{}");
    out << format.substr(0, hole);
    if (hole == std::string_view::npos) {
      format = {};
      return;
    }
    out << value;
    format.remove_prefix(hole + 2);
  };
  (emit(values), ...);
  out << format;
  return out.str();
}

[[noreturn]] void FailAssertion(const char* file, int line, const char* condition,
                                const std::string& text);

}  // namespace faultline::internal

// A defect of ours if `condition` is false: always on, prints values, unwinds the fiber with
// AssertionFailed. FL_ASSERT(n > 0, "n is {}", n).
#define FL_ASSERT(condition, ...)              \
  ((condition)                                 \
       ? static_cast<void>(0)                  \
       : ::faultline::internal::FailAssertion( \
             __FILE__, __LINE__, #condition, ::faultline::internal::FormatValues("" __VA_ARGS__)))
