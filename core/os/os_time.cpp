#include "core/os/os_time.h"

#include <ctime>

#include <poll.h>

namespace faultline {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
// Turns between two looks for a signal while fibers are busy: each is a system call.
constexpr unsigned kTurnsPerLook = 64;

TimePoint Read(clockid_t clock) {
  timespec now;
  ::clock_gettime(clock, &now);
  return TimePoint::FromNanoseconds(now.tv_sec * kNanosecondsPerSecond + now.tv_nsec);
}

}  // namespace

TimePoint OsTime::Now() { return Read(CLOCK_MONOTONIC); }

TimePoint OsTime::WallNow() { return Read(CLOCK_REALTIME); }

void OsTime::AdvanceTo(TimePoint next) {
  timespec timeout{};
  if (next != TimePoint::Max()) {
    const std::int64_t left = (next - Now()).nanoseconds();
    if (left <= 0) return;
    timeout = {.tv_sec = left / kNanosecondsPerSecond, .tv_nsec = left % kNanosecondsPerSecond};
  }
  pollfd wake = {.fd = stop_ != nullptr ? stop_->descriptor() : -1, .events = POLLIN, .revents = 0};
  // A signal that is not ours may end it early; the kernel then comes again.
  ::ppoll(&wake, 1, next == TimePoint::Max() ? nullptr : &timeout, nullptr);
  if (wake.revents != 0) stop_->Check();
}

void OsTime::Poll() {
  if (stop_ != nullptr && ++polls_ % kTurnsPerLook == 0) stop_->Check();
}

}  // namespace faultline
