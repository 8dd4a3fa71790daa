#pragma once

#include <ostream>

#include "core/base/status.h"
#include "core/base/time.h"
#include "core/env/observer.h"
#include "core/env/spawner.h"

// How Boost.Test shows our values: BOOST_TEST(status.code() == Code::kNotFound).
namespace faultline {

inline std::ostream& boost_test_print_type(std::ostream& out, Code code) {
  return out << CodeName(code);
}
inline std::ostream& boost_test_print_type(std::ostream& out, const Status& status) {
  return out << status.ToString();
}
inline std::ostream& boost_test_print_type(std::ostream& out, Duration duration) {
  return out << duration.nanoseconds() << " ns";
}
inline std::ostream& boost_test_print_type(std::ostream& out, TimePoint time) {
  return out << "t=" << time.nanoseconds() << " ns";
}
inline std::ostream& boost_test_print_type(std::ostream& out, Point point) {
  return out << PointName(point);
}
inline std::ostream& boost_test_print_type(std::ostream& out, WaitOutcome outcome) {
  switch (outcome) {
    case WaitOutcome::kWoken:
      return out << "woken";
    case WaitOutcome::kDeadline:
      return out << "deadline";
    case WaitOutcome::kCancelled:
      return out << "cancelled";
  }
  return out;
}

}  // namespace faultline
