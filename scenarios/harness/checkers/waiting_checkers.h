#pragma once

#include <map>
#include <optional>
#include <string>

#include "scenarios/harness/checker.h"
#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {

// The waiting creation of one process, as both checkers of waiting follow it.
struct Waiting {
  TimePoint start;
  Duration max_wait;
  Duration recovery_wait;
  TimePoint poll_start;
  Duration longest_poll;
  std::optional<TimePoint> sleeping_since;
  // Set while the event that ends a sleep is looked at: how long it was.
  std::optional<Duration> slept;
  // Something struck this node meanwhile (pause, slow-down), so that times mean nothing.
  bool disturbed = false;
};

// Follows WaitStart, polls and WaitEnd of every process.
class WaitTracker {
 public:
  // The waiting that `event` belongs to, after it was taken in; null if there is none. On WaitEnd
  // it is still there.
  Waiting* OnEvent(const sim::TraceEvent& event);
  void Forget(Who who) { waitings_.erase(who); }
  const std::map<Who, Waiting>& waitings() const { return waitings_; }
  std::map<Who, Waiting>& waitings() { return waitings_; }

 private:
  std::map<Who, Waiting> waitings_;
};

// INV-49: a waiting creation polls exactly on its grid and ends by success, by a propagated error,
// or by DEADLINE_EXCEEDED at a time in (M - r, M + d].
class WaitingIsBoundedChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-49"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  WaitTracker tracker_;
};

// INV-50: if the model becomes and stays ready at t <= M - r - d, the worker returns by t + r + 2d.
class WaitingIsNotTooShortChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-50"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  WaitTracker tracker_;
  std::optional<TimePoint> ready_since_;
};

// INV-53: between two creation attempts without an acknowledged run between them time passes.
class NoHotLoopChecker : public Checker {
 public:
  explicit NoHotLoopChecker(const RunFacts& facts) : facts_(facts) {}
  std::string_view invariant() const override { return "INV-53"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  const RunFacts facts_;
  // Creation attempts since the last acknowledged run.
  struct Fruitless {
    TimePoint last;
    int attempts = 0;
  };
  std::map<Who, Fruitless> fruitless_;
};

}  // namespace faultline::scenarios
