#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace faultline {

// A span of time in whole nanoseconds. It carries its unit, so a bare number is never a time.
class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration Nanoseconds(std::int64_t n) { return Duration(n); }
  static constexpr Duration Microseconds(std::int64_t n) { return Duration(n * 1000); }
  static constexpr Duration Milliseconds(std::int64_t n) { return Duration(n * 1'000'000); }
  static constexpr Duration Seconds(std::int64_t n) { return Duration(n * 1'000'000'000); }
  // Rounded to the nearest nanosecond; clamped to Max() and -Max().
  static constexpr Duration FromSeconds(double seconds) {
    const double ns = seconds * 1e9;
    if (ns >= 9.2e18) return Max();
    if (ns <= -9.2e18) return Duration(-Max().ns_);
    return Duration(static_cast<std::int64_t>(ns < 0 ? ns - 0.5 : ns + 0.5));
  }
  // "For ever" where a wait takes a duration.
  static constexpr Duration Max() { return Duration(std::numeric_limits<std::int64_t>::max()); }

  constexpr std::int64_t nanoseconds() const { return ns_; }
  constexpr double seconds() const { return static_cast<double>(ns_) * 1e-9; }

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return Duration(a.ns_ + b.ns_); }
  friend constexpr Duration operator-(Duration a, Duration b) { return Duration(a.ns_ - b.ns_); }
  friend constexpr Duration operator-(Duration a) { return Duration(-a.ns_); }
  friend constexpr Duration operator*(Duration a, std::int64_t k) { return Duration(a.ns_ * k); }
  friend constexpr Duration operator/(Duration a, std::int64_t k) { return Duration(a.ns_ / k); }
  constexpr Duration& operator+=(Duration b) { return *this = *this + b; }
  constexpr Duration& operator-=(Duration b) { return *this = *this - b; }

 private:
  constexpr explicit Duration(std::int64_t ns) : ns_(ns) {}
  std::int64_t ns_ = 0;
};

// A moment, in nanoseconds since the epoch of the clock that gave it.
class TimePoint {
 public:
  constexpr TimePoint() = default;
  static constexpr TimePoint FromNanoseconds(std::int64_t n) { return TimePoint(n); }
  // "Never" where a wait takes a deadline.
  static constexpr TimePoint Max() { return TimePoint(std::numeric_limits<std::int64_t>::max()); }

  constexpr std::int64_t nanoseconds() const { return ns_; }
  constexpr double seconds() const { return static_cast<double>(ns_) * 1e-9; }

  friend constexpr auto operator<=>(TimePoint, TimePoint) = default;
  // Saturates at Max(), so that "now + for ever" is never.
  friend constexpr TimePoint operator+(TimePoint t, Duration d) {
    if (d.nanoseconds() > 0 && t.ns_ > Max().ns_ - d.nanoseconds()) return Max();
    return TimePoint(t.ns_ + d.nanoseconds());
  }
  friend constexpr TimePoint operator-(TimePoint t, Duration d) {
    return TimePoint(t.ns_ - d.nanoseconds());
  }
  friend constexpr Duration operator-(TimePoint a, TimePoint b) {
    return Duration::Nanoseconds(a.ns_ - b.ns_);
  }

 private:
  constexpr explicit TimePoint(std::int64_t ns) : ns_(ns) {}
  std::int64_t ns_ = 0;
};

}  // namespace faultline
