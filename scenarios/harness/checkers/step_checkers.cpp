#include "scenarios/harness/checkers/step_checkers.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/env/step_context.h"

namespace faultline::scenarios {
namespace {

bool HasCause(const EventFields& fields, Cause cause) {
  return fields.Text("cause") == CauseName(cause);
}

bool StartsGeneration(const EventFields& fields) {
  return HasCause(fields, Cause::kInit) || HasCause(fields, Cause::kRestore);
}

}  // namespace

StoreKey StoreOf(const sim::TraceEvent& event) {
  return {WhoOf(event), EventFields(event).Key("store")};
}

std::int64_t StepInName(std::string_view prefix) {
  const std::size_t dash = prefix.rfind('-');
  if (dash == std::string_view::npos || dash + 1 == prefix.size()) return -1;
  std::int64_t step = 0;
  for (const char c : prefix.substr(dash + 1)) {
    if (c < '0' || c > '9') return -1;
    step = step * 10 + (c - '0');
  }
  return step;
}

void BoundedLossChecker::OnWrite(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const StoreKey store = StoreOf(event);
  const std::string variable(fields.Text("variable"));
  const std::int64_t version = fields.Int("version");
  const auto [last, first] = versions_.try_emplace({store, variable}, version);
  if (!first) {
    Compared();
    if (version != last->second + 1) {
      Violated(event.time, event.node,
               fmt::format("variable {} goes from version {} to {}: a write is lost", variable,
                           last->second, version));
    }
    last->second = version;
  }
  if (!StartsGeneration(fields)) {
    if (fields.Int("run") > 0) updated_.insert(store);
    return;
  }
  if (acknowledged_.contains(store) && !chiefs_sessions_.contains(fields.Int("session"))) {
    Violated(event.time, event.node,
             "variable " + variable + " loses acknowledged updates without a chief's new session");
  }
  updated_.erase(store);
  acknowledged_.erase(store);
}

void BoundedLossChecker::OnRollBack(const sim::TraceEvent& event) {
  const std::int64_t restored = StepInName(EventFields(event).Text("path"));
  if (restored < 0) return;
  Compared();
  if (restored < newest_) {
    Violated(event.time, event.node,
             fmt::format("restores step {} although step {} was acknowledged", restored, newest_),
             !facts_.semantics.hardened_saves && unsynced_lost_ ? "RF-91" : "");
  }
  newest_ = restored;
}

void BoundedLossChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  unsynced_lost_ = unsynced_lost_ || LosesUnsynced(event);
  if (IsPoint(event, Point::kCreateAttempt)) {
    chiefs_creating_.erase(WhoOf(event));
    if (fields.Text("role") != "worker") chiefs_creating_.insert(WhoOf(event));
  } else if (IsPoint(event, Point::kSessionOpen) && chiefs_creating_.contains(WhoOf(event))) {
    chiefs_sessions_.insert(fields.Int("session"));
  } else if (IsPoint(event, Point::kVariableWrite)) {
    OnWrite(event);
  } else if (IsPoint(event, Point::kRunAcknowledged)) {
    acknowledged_.insert(updated_.begin(), updated_.end());
  } else if (IsPoint(event, Point::kSaveDone) && fields.Text("code") == "OK" &&
             fields.Has("step")) {
    newest_ = fields.Int("step");
  } else if (IsPoint(event, Point::kRestoreDone) && fields.Text("code") == "OK" && newest_ >= 0 &&
             !facts_.private_disks) {
    OnRollBack(event);
  }
}

void BoundedLossChecker::Finish(TimePoint) {}

void StepArithmeticChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const StoreKey store = StoreOf(event);
  const AttemptKey attempt{store, fields.Int("session"), fields.Int("run"), fields.Int("attempt")};
  if (IsPoint(event, Point::kGlobalStepWrite)) {
    const std::int64_t step = fields.Int("step");
    if (!StartsGeneration(fields) && step_.contains(store)) {
      Compared();
      if (step != step_[store] + 1) {
        Violated(event.time, event.node,
                 fmt::format("the global step goes from {} to {}", step_[store], step));
      }
      if (fields.Int("run") > 0) incremented_.insert(attempt);
    }
    step_[store] = step;
  } else if (IsPoint(event, Point::kVariableWrite) && HasCause(fields, Cause::kUpdate) &&
             fields.Int("run") > 0 && incremented_.contains(attempt)) {
    Violated(event.time, event.node,
             "variable " + std::string(fields.Text("variable")) +
                 " is updated after the increment of its own step");
  } else if (IsPoint(event, Point::kRunEnd)) {
    std::erase_if(incremented_, [&](const AttemptKey& key) {
      return std::get<1>(key) == fields.Int("session") && std::get<2>(key) == fields.Int("run");
    });
  }
}

void StepArithmeticChecker::Finish(TimePoint) {}

void StepAcrossRollbackChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  if (IsPoint(event, Point::kSaveDone) && fields.Text("code") == "OK" && fields.Has("step")) {
    inside_[std::string(fields.Text("prefix"))] = fields.Int("step");
  } else if (IsPoint(event, Point::kRestoreStart)) {
    restoring_[WhoOf(event)] = fields.Text("path");
  } else if (IsPoint(event, Point::kGlobalStepWrite)) {
    const StoreKey store = StoreOf(event);
    const std::int64_t step = fields.Int("step");
    if (HasCause(fields, Cause::kRestore)) {
      // The store may belong to another process than the one that restores.
      for (const auto& [who, path] : restoring_) {
        const auto inside = inside_.find(path);
        if (inside == inside_.end()) continue;
        Compared();
        if (inside->second != step) {
          Violated(
              event.time, event.node,
              fmt::format("restores step {} from {}, which holds {}", step, path, inside->second));
        }
      }
    } else if (!HasCause(fields, Cause::kInit) && step_.contains(store)) {
      Compared();
      if (step < step_[store]) {
        Violated(event.time, event.node,
                 fmt::format("the global step falls from {} to {} without a restore", step_[store],
                             step));
      }
    }
    step_[store] = step;
  } else if (IsPoint(event, Point::kRestoreDone)) {
    restoring_.erase(WhoOf(event));
  }
}

void StepAcrossRollbackChecker::Finish(TimePoint) {}

void CountersAgreeChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  if (IsPoint(event, Point::kGlobalStepWrite)) {
    step_[WhoOf(event)] = fields.Int("step");
  } else if (IsPoint(event, Point::kProgress) && step_.contains(WhoOf(event))) {
    // Only where the model lives in the same process: elsewhere others move it meanwhile.
    Compared();
    if (fields.Int("step") != step_[WhoOf(event)]) {
      Violated(event.time, event.node,
               fmt::format("the program reports step {}, the model has {}", fields.Int("step"),
                           step_[WhoOf(event)]));
    }
  }
}

void CountersAgreeChecker::Finish(TimePoint) {}

void StopTargetChecker::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  if (IsPoint(event, Point::kGlobalStepWrite)) {
    step_ = fields.Int("step");
  } else if (IsPoint(event, Point::kCreateDone) && fields.Text("code") == "OK" &&
             step_ >= facts_.target_steps) {
    ++late_starts_;
  } else if (IsPoint(event, Point::kFinalValues) && facts_.target_steps > 0) {
    std::int64_t trainers = 0;
    for (const std::string& role : facts_.node_roles) trainers += role != "server";
    const std::int64_t step = fields.Int("step");
    Compared();
    if (step < facts_.target_steps && !facts_.input_ends) {
      Violated(event.time, event.node,
               fmt::format("ends cleanly at step {} of {}", step, facts_.target_steps));
    }
    const std::int64_t most =
        facts_.target_steps + std::max<std::int64_t>(trainers - 1, 0) + late_starts_;
    if (step > most) {
      Violated(event.time, event.node,
               fmt::format("ends at step {}, at most {} is explained", step, most));
    }
  }
}

void StopTargetChecker::Finish(TimePoint) {}

}  // namespace faultline::scenarios
