#include "scenarios/harness/checkers/hook_checkers.h"

namespace faultline::scenarios {

Monitored MonitoredOf(const sim::TraceEvent& event) {
  return {WhoOf(event), EventFields(event).Int("monitored")};
}

std::int64_t HookPlace(const sim::TraceEvent& event) {
  const std::string hook = EventFields(event).Key("hook");
  std::int64_t place = 0;
  for (std::size_t i = hook.rfind('#') + 1; i < hook.size(); ++i) {
    if (hook[i] < '0' || hook[i] > '9') return -1;
    place = place * 10 + (hook[i] - '0');
  }
  return place;
}

void BeginOnceChecker::OnEvent(const sim::TraceEvent& event) {
  if (IsPoint(event, Point::kMonitoredStart)) {
    states_[MonitoredOf(event)] = State{EventFields(event).Int("hooks"), {}, false};
  } else if (IsPoint(event, Point::kHookBegin)) {
    State& state = states_[MonitoredOf(event)];
    const std::string hook = EventFields(event).Key("hook");
    Compared();
    if (!state.begun.insert(hook).second) {
      Violated(event.time, event.node, "begin of hook " + hook + " is called again");
    } else if (state.session_created) {
      Violated(event.time, event.node, "begin of hook " + hook + " comes after the first session");
    }
  } else if (IsPoint(event, Point::kHookAfterCreate) || IsPoint(event, Point::kRunStart)) {
    State& state = states_[MonitoredOf(event)];
    if (!state.session_created && static_cast<std::int64_t>(state.begun.size()) != state.hooks) {
      Violated(event.time, event.node,
               "a session exists after begin of " + std::to_string(state.begun.size()) + " of " +
                   std::to_string(state.hooks) + " hooks");
    }
    state.session_created = true;
  }
}

void BeginOnceChecker::Finish(TimePoint) {}

void AfterCreateChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Monitored monitored = MonitoredOf(event);
  const std::int64_t session = fields.Int("session");
  if (IsPoint(event, Point::kMonitoredStart)) {
    hooks_[monitored] = fields.Int("hooks");
  } else if (IsPoint(event, Point::kCreateDone) && fields.Text("code") == "OK") {
    created_[WhoOf(event)].insert(session);
  } else if (IsPoint(event, Point::kHookAfterCreate)) {
    Compared();
    if (!created_[WhoOf(event)].contains(session)) {
      Violated(event.time, event.node, "after_create_session for a session that was not created");
    }
    std::int64_t& called = called_[{monitored, session}];
    if (HookPlace(event) != called) {
      Violated(event.time, event.node,
               "after_create_session of hook " + fields.Key("hook") + " where hook " +
                   std::to_string(called) + " is due");
    }
    ++called;
  } else if (IsPoint(event, Point::kRunStart)) {
    Compared();
    const std::int64_t called = called_[{monitored, session}];
    if (called != hooks_[monitored]) {
      Violated(event.time, event.node,
               "a run starts after " + std::to_string(called) + " of " +
                   std::to_string(hooks_[monitored]) + " hooks had after_create_session");
    }
  }
}

void AfterCreateChecker::Finish(TimePoint) {}

void PairingChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Monitored monitored = MonitoredOf(event);
  const Key key{monitored, fields.Int("run"), fields.Int("attempt")};
  if (IsPoint(event, Point::kMonitoredStart)) {
    hooks_[monitored] = fields.Int("hooks");
  } else if (IsPoint(event, Point::kRunStart)) {
    if (attempts_.contains(key)) {
      Violated(event.time, event.node, "one attempt of a run starts twice");
    }
    attempts_[key] = Attempt();
    current_[monitored] = key;
  } else if (IsPoint(event, Point::kHookBeforeRun)) {
    Compared();
    Attempt& attempt = attempts_[key];
    if (attempt.succeeded || HookPlace(event) != attempt.before) {
      Violated(event.time, event.node,
               "before_run of hook " + fields.Key("hook") + " where hook " +
                   std::to_string(attempt.before) + " is due");
    }
    ++attempt.before;
  } else if (IsPoint(event, Point::kSessionRunEnd) && fields.Text("code") == "OK") {
    // The run of the attempt itself names run and attempt; hooks' own extra runs do not.
    for (auto& [owner, current] : current_) {
      if (std::get<0>(owner) == WhoOf(event) && std::get<1>(current) == fields.Int("run") &&
          std::get<2>(current) == fields.Int("attempt")) {
        Attempt& attempt = attempts_[current];
        attempt.succeeded = true;
        if (attempt.before != hooks_[owner]) {
          Violated(event.time, event.node,
                   "the call is made after before_run of " + std::to_string(attempt.before) +
                       " of " + std::to_string(hooks_[owner]) + " hooks");
        }
      }
    }
  } else if (IsPoint(event, Point::kHookAfterRun)) {
    Compared();
    Attempt& attempt = attempts_[key];
    if (!attempt.succeeded) {
      Violated(event.time, event.node, "after_run although the call did not succeed");
    }
    if (HookPlace(event) != attempt.after || attempt.after >= attempt.before) {
      Violated(event.time, event.node,
               "after_run of hook " + fields.Key("hook") + " where hook " +
                   std::to_string(attempt.after) + " is due");
    }
    ++attempt.after;
  } else if (IsPoint(event, Point::kRunEnd)) {
    const std::int64_t after = attempts_[key].after;
    if (fields.Text("code") == "OK" && after != hooks_[monitored]) {
      Violated(event.time, event.node,
               "a good attempt ends after after_run of " + std::to_string(after) + " of " +
                   std::to_string(hooks_[monitored]) + " hooks");
    }
    attempts_.erase(key);
    current_.erase(monitored);
  }
}

void PairingChecker::Finish(TimePoint) {}

void EndOnCleanCloseChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const Monitored monitored = MonitoredOf(event);
  if (IsPoint(event, Point::kMonitoredStart)) {
    hooks_[monitored] = fields.Int("hooks");
    ended_[monitored] = 0;
  } else if (IsPoint(event, Point::kHookEnd)) {
    if (HookPlace(event) != ended_[monitored]) {
      Violated(event.time, event.node,
               "end of hook " + fields.Key("hook") + " out of order or twice");
    }
    ++ended_[monitored];
  } else if (IsPoint(event, Point::kMonitoredEnd)) {
    Compared();
    const std::int64_t ended = ended_[monitored];
    const bool clean = fields.Int("clean") == 1;
    if (!clean && ended > 0) {
      Violated(event.time, event.node, "end is called although the session ends with an error");
    }
    // An end that raises keeps the later ones from theirs, and its error is then the result.
    if (clean && ended != hooks_[monitored] && fields.Text("code") == "OK") {
      Violated(event.time, event.node,
               "a clean close called end of " + std::to_string(ended) + " of " +
                   std::to_string(hooks_[monitored]) + " hooks");
    }
  }
}

void EndOnCleanCloseChecker::Finish(TimePoint) {}

void GraphFrozenChecker::OnEvent(const sim::TraceEvent& event) {
  // Another monitored session of the process may be about another graph.
  if (IsPoint(event, Point::kMonitoredStart)) digests_.erase(WhoOf(event));
  if (!IsPoint(event, Point::kGraphFinal)) return;
  const std::string digest = EventFields(event).Key("digest");
  const auto [first, made] = digests_.try_emplace(WhoOf(event), digest);
  if (made) return;
  Compared();
  if (first->second != digest) {
    Violated(event.time, event.node, "the graph of a later session differs from the first's");
  }
}

void GraphFrozenChecker::Finish(TimePoint) {}

void CloseIsFinalChecker::OnEvent(const sim::TraceEvent& event) {
  const Monitored monitored = MonitoredOf(event);
  if (IsPoint(event, Point::kMonitoredEnd)) {
    closed_.insert(monitored);
  } else if (IsPoint(event, Point::kRunAfterClose) || IsPoint(event, Point::kCloseAfterClose)) {
    Compared();
    const std::string_view code = EventFields(event).Text("code");
    if (code != "RuntimeError") {
      Violated(event.time, event.node,
               "a closed session answers " + std::string(code) + " instead of RuntimeError");
    }
  } else if ((IsPoint(event, Point::kRunStart) || IsPoint(event, Point::kHookBeforeRun)) &&
             closed_.contains(monitored)) {
    Violated(event.time, event.node, "a closed session runs");
  }
}

void CloseIsFinalChecker::Finish(TimePoint) {}

}  // namespace faultline::scenarios
