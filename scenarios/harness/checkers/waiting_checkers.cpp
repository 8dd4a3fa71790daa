#include "scenarios/harness/checkers/waiting_checkers.h"

#include <algorithm>

#include <fmt/format.h>

namespace faultline::scenarios {
namespace {

// Anything that the harness or a fault does to a node or link makes times of waiting meaningless.
bool Disturbs(const sim::TraceEvent& event) {
  if (event.kind == sim::EventKind::kFault) return true;
  return event.kind == sim::EventKind::kLifecycle && event.name != "exit";
}

}  // namespace

Waiting* WaitTracker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Who who = WhoOf(event);
  if (IsPoint(event, Point::kWaitStart)) {
    Waiting waiting;
    waiting.start = event.time;
    waiting.poll_start = event.time;
    waiting.max_wait = Duration::Nanoseconds(fields.Int("max_wait_ns"));
    waiting.recovery_wait = Duration::Nanoseconds(fields.Int("recovery_wait_ns"));
    waitings_[who] = waiting;
  }
  if (Disturbs(event)) {
    for (auto& [owner, waiting] : waitings_) {
      if (event.node == sim::kWorld || event.node == owner.first) waiting.disturbed = true;
    }
  }
  const auto found = waitings_.find(who);
  if (found == waitings_.end()) return nullptr;
  Waiting& waiting = found->second;
  waiting.slept.reset();
  if (IsPoint(event, Point::kWaitForReady)) {
    waiting.sleeping_since = event.time;
    waiting.longest_poll = std::max(waiting.longest_poll, event.time - waiting.poll_start);
  } else if (IsPoint(event, Point::kSessionOpen)) {
    waiting.poll_start = event.time;
    if (waiting.sleeping_since) waiting.slept = event.time - *waiting.sleeping_since;
    waiting.sleeping_since.reset();
  } else if (IsPoint(event, Point::kWaitEnd) && !waiting.sleeping_since) {
    waiting.longest_poll = std::max(waiting.longest_poll, event.time - waiting.poll_start);
  }
  return &waiting;
}

void WaitingIsBoundedChecker::OnEvent(const sim::TraceEvent& event) {
  Waiting* waiting = tracker_.OnEvent(event);
  if (waiting == nullptr) return;
  if (waiting->slept) {
    Compared();
    const Duration slept = *waiting->slept;
    if (slept != waiting->recovery_wait && !waiting->disturbed) {
      Violated(event.time, event.node,
               fmt::format("polls {:.3f} s after the last poll, {:.3f} s is the grid",
                           slept.seconds(), waiting->recovery_wait.seconds()));
    }
  } else if (IsPoint(event, Point::kWaitEnd)) {
    if (EventFields(event).Text("code") == "DEADLINE_EXCEEDED" && !waiting->disturbed &&
        waiting->max_wait < Duration::Max()) {
      Compared();
      const Duration waited = event.time - waiting->start;
      const bool first_poll = waiting->max_wait < waiting->recovery_wait;
      const bool too_early = !first_poll && waited <= waiting->max_wait - waiting->recovery_wait;
      const bool too_late = waited > waiting->max_wait + waiting->longest_poll;
      if (too_early || too_late) {
        Violated(event.time, event.node,
                 fmt::format("gives up after {:.3f} s of at most {:.3f} s, polling each {:.3f} s",
                             waited.seconds(), waiting->max_wait.seconds(),
                             waiting->recovery_wait.seconds()));
      }
    }
    tracker_.Forget(WhoOf(event));
  }
}

void WaitingIsBoundedChecker::Finish(TimePoint end) {
  for (const auto& [who, waiting] : tracker_.waitings()) {
    if (waiting.disturbed || waiting.max_wait == Duration::Max()) continue;
    const TimePoint limit = waiting.start + waiting.max_wait + waiting.recovery_wait;
    if (end > limit) {
      Violated(end, who.first, "still waits after its limit");
    }
  }
}

void WaitingIsNotTooShortChecker::OnEvent(const sim::TraceEvent& event) {
  Waiting* waiting = tracker_.OnEvent(event);
  const EventFields fields(event);
  if (IsPoint(event, Point::kCreateDone) && fields.Text("role") == "chief" &&
      fields.Text("code") == "OK") {
    if (!ready_since_) ready_since_ = event.time;
  } else if (Disturbs(event)) {
    // The server may have lost the model: what is ready must be seen anew.
    ready_since_.reset();
  }
  if (waiting == nullptr || !IsPoint(event, Point::kWaitEnd)) return;
  if (!waiting->disturbed && ready_since_) {
    const TimePoint ready = std::max(*ready_since_, waiting->start);
    const Duration needed = waiting->recovery_wait + waiting->longest_poll;
    const bool in_time = waiting->max_wait == Duration::Max() ||
                         ready - waiting->start <= waiting->max_wait - needed;
    if (in_time) {
      Compared();
      const TimePoint limit = ready + needed + waiting->longest_poll;
      if (fields.Text("code") == "DEADLINE_EXCEEDED") {
        Violated(event.time, event.node, "gives up although the model has been ready in time");
      } else if (event.time > limit) {
        Violated(event.time, event.node,
                 fmt::format("sees the model ready {:.3f} s after it became so",
                             (event.time - ready).seconds()));
      }
    }
  }
  tracker_.Forget(WhoOf(event));
}

void WaitingIsNotTooShortChecker::Finish(TimePoint end) {
  if (!ready_since_) return;
  for (const auto& [who, waiting] : tracker_.waitings()) {
    if (waiting.disturbed) continue;
    // Whoever still waits has had a poll on every tick of the grid.
    const TimePoint ready = std::max(*ready_since_, waiting.start);
    const Duration slack = waiting.longest_poll * 2 + Duration::Seconds(1);
    Compared();
    if (end > ready + waiting.recovery_wait + slack) {
      Violated(end, who.first, "still waits although the model has been ready");
    }
  }
}

void NoHotLoopChecker::OnEvent(const sim::TraceEvent& event) {
  // What must pass before the second attempt; twice that before the third, and so on.
  constexpr Duration kLeast = Duration::Milliseconds(100);
  constexpr Duration kMost = Duration::Seconds(5);
  const Who who = WhoOf(event);
  if (IsPoint(event, Point::kCreateAttempt)) {
    // The first recovery after good work may come at once; what follows without any is a loop.
    const auto [found, first] = fruitless_.try_emplace(who, Fruitless{event.time, 1});
    if (first) return;
    Fruitless& fruitless = found->second;
    Duration least = kLeast;
    for (int i = 1; i < fruitless.attempts && least < kMost; ++i) least = least * 2;
    Compared();
    if (event.time - fruitless.last < std::min(least, kMost)) {
      Violated(event.time, event.node,
               fmt::format("attempt {} to create a session without a run comes {:.3f} s after the "
                           "one before",
                           fruitless.attempts + 1, (event.time - fruitless.last).seconds()),
               facts_.semantics.bounded_recovery ? "" : "RF-77");
    }
    fruitless = {event.time, fruitless.attempts + 1};
  } else if (IsPoint(event, Point::kRunAcknowledged)) {
    fruitless_.erase(who);
  }
}

void NoHotLoopChecker::Finish(TimePoint) {}

}  // namespace faultline::scenarios
