#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/base/time.h"
#include "core/env/cancel.h"

namespace faultline {

// A wait that only housekeeping keeps alive (a periodic log line, a keep-alive) counts as no
// progress: a simulated run in which nothing else is left is stuck (DESIGN 2.1(3)).
enum class WaitKind : std::uint8_t { kProgress, kHousekeeping };

// What every wait in the code base takes (DESIGN 2.1(4)).
struct WaitOptions {
  // What is waited for, in words: "checkpoint state of /ckpt". Shown for stuck runs. Copied.
  std::string_view what;
  TimePoint deadline = TimePoint::Max();
  // May be null. Must outlive the wait.
  CancelToken* cancel = nullptr;
  WaitKind kind = WaitKind::kProgress;
};

enum class WaitOutcome : std::uint8_t { kWoken, kDeadline, kCancelled };

// A queue of waiting fibers, the one primitive below Event, Mutex and every blocking call.
class WaitQueue {
 public:
  virtual ~WaitQueue() = default;
  // Suspends until woken, until the deadline, or until cancelled. Wakes are not remembered: check
  // the condition, then wait, in a loop. Returns kCancelled at once if already cancelled and
  // kDeadline if the deadline has passed. Unwinds with NodeCrashed when the process crashes.
  virtual WaitOutcome Wait(const WaitOptions& options) = 0;
  // Wakes the fiber that waits longest, or all. Never suspends.
  virtual void WakeOne() = 0;
  virtual void WakeAll() = 0;
};

// A fiber seen from outside (MP-8).
class Task {
 public:
  virtual ~Task() = default;
  virtual const std::string& name() const = 0;
  // True once the body has returned.
  virtual bool finished() const = 0;
  // Suspends until finished, the deadline or cancellation.
  virtual WaitOutcome Join(const WaitOptions& options) = 0;
};

// Starts fibers and lets them wait. All calls come from fibers of this process.
class Spawner {
 public:
  virtual ~Spawner() = default;
  // Starts a fiber that runs `body`. The caller goes on; the body starts later. An exception that
  // leaves the body, but for a crash, ends the run (simulator) or the process.
  virtual std::shared_ptr<Task> Spawn(std::string name, std::function<void()> body) = 0;
  virtual std::unique_ptr<WaitQueue> MakeWaitQueue() = 0;
  // Lets other ready fibers run.
  virtual void Yield() = 0;
  // Accounts for `operations` units of computing, about one multiplication and addition each. In
  // the simulator time passes by the node's speed; on the operating system it only yields. May
  // suspend.
  virtual void Compute(std::int64_t operations) = 0;
  // True while a crash unwinds the calling fiber: destructors then have nothing to save.
  virtual bool Unwinding() const = 0;
};

struct Env;

// Suspends for `duration`, or less when `cancel` (may be null) is cancelled. Zero and negative
// durations only yield.
WaitOutcome SleepFor(Env& env, std::string_view what, Duration duration,
                     CancelToken* cancel = nullptr);

}  // namespace faultline
