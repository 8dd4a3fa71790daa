#include "scenarios/harness/timeline.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {
namespace {

std::string_view LifecycleText(std::string_view name) {
  if (name == "start") return "process starts";
  if (name == "restart") return "process starts again";
  if (name == "crashed") return "process dies";
  if (name == "power_failed") return "machine loses its power";
  if (name == "pause") return "process stands still";
  if (name == "resume") return "process goes on";
  if (name == "slow_down") return "speed changes";
  return {};
}

std::string WithError(std::string text, const EventFields& fields) {
  const std::string_view message = fields.Text("message");
  return fmt::format("{}: {}{}{}", text, fields.Text("code"), message.empty() ? "" : " ", message);
}

}  // namespace

void Timeline::OnEvent(const sim::TraceEvent& event) {
  switch (event.kind) {
    case sim::EventKind::kFault: {
      const std::string_view fault = EventFields(event).Text("fault");
      Tell(event, "fault",
           fmt::format("FAULT {}{}", event.name, fault.empty() ? "" : fmt::format(" ({})", fault)));
      return;
    }
    case sim::EventKind::kLifecycle:
      TellLifecycle(event);
      return;
    case sim::EventKind::kAnnounce:
      break;
    default:
      return;
  }
  switch (event.point) {
    case Point::kProgress: {
      NodeStory& node = nodes_[event.node];
      const std::int64_t step = EventFields(event).Int("step");
      if (!node.stepped) Tell(event, "step", fmt::format("finishes step {}", step));
      node.last_step = node.stepped ? step : -1;
      node.stepped = true;
      node.last_step_time = event.time;
      node.incarnation = event.incarnation;
      return;
    }
    case Point::kProgramEnd:
    case Point::kErrorSeen:
    case Point::kRecoveryStart:
    case Point::kRecoveryWait:
    case Point::kRunRaised:
      TellProcess(event);
      return;
    case Point::kStateRead:
    case Point::kRestoreDone:
    case Point::kSaveDone:
    case Point::kCheckpointRemoved:
      TellCheckpoint(event);
      return;
    default:
      TellSession(event);
      return;
  }
}

void Timeline::TellLifecycle(const sim::TraceEvent& event) {
  const std::string_view text = LifecycleText(event.name);
  if (text.empty()) return;
  Tell(event, "process", std::string(text));
  nodes_[event.node].stepped = false;
}

void Timeline::TellProcess(const sim::TraceEvent& event) {
  const EventFields fields(event);
  switch (event.point) {
    case Point::kProgramEnd:
      if (fields.Text("code") == "OK") {
        Tell(event, "process", "program ends well");
      } else {
        Tell(event, "error", WithError("program ends with an error", fields));
      }
      return;
    case Point::kErrorSeen:
      Tell(event, "error", WithError(fmt::format("error in {}", fields.Text("where")), fields));
      return;
    case Point::kRecoveryStart:
      Tell(event, "session", "gives its session up and recovers");
      nodes_[event.node].stepped = false;
      return;
    case Point::kRecoveryWait:
      Tell(event, "session",
           fmt::format("waits {:.3f} s before the next attempt",
                       static_cast<double>(fields.Int("wait_ns")) * 1e-9));
      return;
    default:
      Tell(event, "error", WithError("the error reaches the program", fields));
      return;
  }
}

void Timeline::TellSession(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const std::string_view code = fields.Text("code");
  switch (event.point) {
    case Point::kCreateAttempt:
      Tell(event, "session", fmt::format("asks for a session as {}", fields.Text("role")));
      return;
    case Point::kCreateDone:
      nodes_[event.node].stepped = false;
      if (code != "OK") {
        Tell(event, "error", WithError("gets no session", fields));
      } else if (fields.Text("path") == "restored") {
        Tell(event, "session",
             fmt::format("has a session, restored from {}", fields.Text("checkpoint")));
      } else if (fields.Text("path") == "waited") {
        Tell(event, "session", "has a session: the model is ready");
      } else {
        Tell(event, "session", "has a session: the model is initialised");
      }
      return;
    case Point::kWaitForReady:
    case Point::kWaitForCheckpoint: {
      NodeStory& node = nodes_[event.node];
      std::string text = event.point == Point::kWaitForReady
                             ? fmt::format("model is not ready, waits: {}", fields.Text("reason"))
                             : fmt::format("no checkpoint in {}, waits", fields.Text("directory"));
      if (text == node.last_wait) {
        node.waits += 1;
        return;
      }
      Tell(event, "session", text);
      node.last_wait = std::move(text);
      node.wait_entry = entries_.size() - 1;
      return;
    }
    case Point::kServerStart:
      Tell(event, "process", fmt::format("serves at {}", fields.Text("address")));
      return;
    case Point::kStopRequested:
      Tell(event, "session", "training is to stop");
      return;
    default:
      return;
  }
}

void Timeline::TellCheckpoint(const sim::TraceEvent& event) {
  const EventFields fields(event);
  const bool good = fields.Text("code") == "OK";
  switch (event.point) {
    case Point::kStateRead:
      if (fields.Text("answer") == "unreadable") {
        Tell(event, "error", "the state file of the checkpoints cannot be read");
      } else if (fields.Text("answer") == "none") {
        Tell(event, "checkpoint", "finds no checkpoint");
      }
      return;
    case Point::kRestoreDone:
      if (!good) Tell(event, "error", WithError("restoring fails", fields));
      return;
    case Point::kSaveDone:
      if (good) {
        Tell(event, "checkpoint", fmt::format("saves {}", fields.Text("prefix")));
      } else {
        Tell(event, "error", WithError("saving fails", fields));
      }
      return;
    default:
      Tell(event, "checkpoint", fmt::format("removes {}", fields.Text("prefix")));
      return;
  }
}

void Timeline::Flush(sim::NodeId node) {
  NodeStory& story = nodes_[node];
  if (story.last_step >= 0) {
    Append(story.last_step_time, node, story.incarnation, "step",
           fmt::format("has come to step {}", story.last_step));
    story.last_step = -1;
  }
  if (story.waits > 0) {
    v1::TimelineEntry& entry = entries_[story.wait_entry];
    entry.set_text(fmt::format("{} ({} times more)", entry.text(), story.waits));
    story.waits = 0;
  }
  story.last_wait.clear();
}

void Timeline::Tell(const sim::TraceEvent& event, std::string_view kind, std::string text) {
  if (event.node != sim::kWorld) Flush(event.node);
  Append(event.time, event.node, event.incarnation, kind, std::move(text));
}

void Timeline::Append(TimePoint time, sim::NodeId node, std::uint32_t incarnation,
                      std::string_view kind, std::string text) {
  if (entries_.size() >= kMaxEntries) return;
  v1::TimelineEntry entry;
  entry.set_at_secs(time.seconds());
  entry.set_node(node < node_names_.size() ? node_names_[node] : "");
  entry.set_incarnation(incarnation);
  entry.set_kind(std::string(kind));
  entry.set_text(std::move(text));
  entries_.push_back(std::move(entry));
}

void Timeline::Finish() {
  for (auto& [node, story] : nodes_) Flush(node);
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const v1::TimelineEntry& a, const v1::TimelineEntry& b) {
                     return a.at_secs() < b.at_secs();
                   });
}

}  // namespace faultline::scenarios
