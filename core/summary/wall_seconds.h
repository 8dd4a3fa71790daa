#pragma once

#include <cstdint>

#include "core/base/time.h"

namespace faultline {

// A wall time as files hold it. The fraction is rounded by itself, so that whole and half seconds
// are exact.
inline double WallSeconds(TimePoint time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return static_cast<double>(time.nanoseconds() / kSecond) +
         static_cast<double>(time.nanoseconds() % kSecond) * 1e-9;
}

}  // namespace faultline
