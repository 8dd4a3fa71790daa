#include "core/session/session_log.h"

#include <fmt/format.h>

#include "core/session/announce.h"

namespace faultline::internal {

namespace {

// The number as announcements have it.
std::int64_t Number(std::uint64_t id) { return static_cast<std::int64_t>(id); }

// Whole seconds as whole numbers.
double Secs(Duration duration) { return static_cast<double>(duration.nanoseconds()) / 1e9; }

std::string HowReady(const SessionLog::Creation& creation) {
  if (creation.path == "restored") return fmt::format("restored from {}", creation.checkpoint);
  if (creation.path == "init") return "initialized";
  if (creation.path == "waited") return "found ready";
  return "neither restored nor initialized";
}

}  // namespace

void SessionLog::Line(const std::string& text, LogLevel level) { env_.logger.Log(level, text); }

void SessionLog::CreationAsked(std::string_view role, std::int64_t attempt) {
  Line(fmt::format("Creating a session as {}, attempt {}.", role, attempt));
  env_.observer.Announce(Point::kCreateAttempt,
                         {{"session", std::int64_t{0}}, {"role", role}, {"attempt", attempt}});
}

void SessionLog::CreationDone(const Creation& creation, const Status& status) {
  if (status.ok()) {
    Line(fmt::format("Session {} is handed out to the {}: its model was {}.",
                     Number(creation.session), creation.role, HowReady(creation)));
  } else {
    Line(fmt::format("No session for the {}: {}", creation.role, status.ToString()));
  }
  env_.observer.Announce(Point::kCreateDone, {IdField("session", creation.session),
                                              {"role", creation.role},
                                              {"path", creation.path},
                                              {"checkpoint", creation.checkpoint},
                                              CodeField(status),
                                              MessageField(status)});
}

void SessionLog::Opened(std::uint64_t session, std::string_view target) {
  Line(fmt::format("Session {} is open {}.", Number(session),
                   target.empty() ? "in this process" : fmt::format("on {}", target)));
}

void SessionLog::WaitsForCheckpoint(std::string_view directory, Duration waited) {
  Line(fmt::format("Waiting for a checkpoint in {}, for {} s so far.", directory, Secs(waited)));
  env_.observer.Announce(Point::kWaitForCheckpoint,
                         {{"directory", directory}, {"waited_ns", waited.nanoseconds()}});
}

void SessionLog::Restores(std::uint64_t session, std::string_view path) {
  Line(fmt::format("Session {}: Restoring parameters from {}", Number(session), path));
}

void SessionLog::Restored(std::uint64_t session, std::string_view path) {
  Line(fmt::format("Session {}: Restored model from {}", Number(session), path));
}

void SessionLog::RestoreNotReady(std::uint64_t session, std::string_view path,
                                 std::string_view which, std::string_view reason) {
  Line(fmt::format("Session {}: restoring the model from {} did not make it {}: {}",
                   Number(session), path, which == "ready" ? "ready" : "ready for local init",
                   reason));
  env_.observer.Announce(
      Point::kRestoreNotReady,
      {IdField("session", session), {"path", path}, {"which", which}, {"reason", reason}});
}

void SessionLog::Initializes(std::uint64_t session) {
  Line(fmt::format("Session {}: initializing the model.", Number(session)));
  env_.observer.Announce(Point::kInitStart, {IdField("session", session)});
}

void SessionLog::Initialized(std::uint64_t session, const Status& status) {
  Line(status.ok() ? fmt::format("Session {}: the model is initialized.", Number(session))
                   : fmt::format("Session {}: the model could not be initialized: {}",
                                 Number(session), status.ToString()));
  env_.observer.Announce(Point::kInitDone, {IdField("session", session), CodeField(status)});
}

void SessionLog::RunsLocalInit(std::uint64_t session) {
  Line(fmt::format("Session {}: Running local_init_op.", Number(session)));
  env_.observer.Announce(Point::kLocalInitStart, {IdField("session", session)});
}

void SessionLog::RanLocalInit(std::uint64_t session, const Status& status) {
  Line(status.ok() ? fmt::format("Session {}: Done running local_init_op.", Number(session))
                   : fmt::format("Session {}: local_init_op failed: {}", Number(session),
                                 status.ToString()));
  env_.observer.Announce(Point::kLocalInitDone, {IdField("session", session), CodeField(status)});
}

void SessionLog::WaitsForReady(std::uint64_t session, std::string_view local_reason,
                               std::string_view reason) {
  Line(fmt::format("Session {}: Waiting for the model to be ready. For local init: {}; model: {}",
                   Number(session), local_reason, reason));
  env_.observer.Announce(
      Point::kWaitForReady,
      {IdField("session", session), {"reason", reason}, {"local_reason", local_reason}});
}

void SessionLog::MonitoredBegins(std::size_t hooks, bool recovery) {
  Line(fmt::format("Monitored session {} begins with {} hooks, {} recovery.", Number(monitored_),
                   hooks, recovery ? "with" : "without"));
  env_.observer.Announce(Point::kMonitoredStart, {IdField("monitored", monitored_),
                                                  {"hooks", static_cast<std::int64_t>(hooks)},
                                                  FlagField("recovery", recovery)});
}

void SessionLog::Lost(std::uint64_t session, const Status& error) {
  Line(fmt::format("Monitored session {}: session {} is lost and will be replaced: {}",
                   Number(monitored_), Number(session), error.ToString()));
  env_.observer.Announce(Point::kRecoveryStart,
                         {IdField("monitored", monitored_), IdField("session", session),
                          CodeField(error), MessageField(error)});
}

void SessionLog::Pauses(Duration pause) {
  Line(fmt::format("Monitored session {}: the next session is created in {} s.", Number(monitored_),
                   Secs(pause)));
  env_.observer.Announce(Point::kRecoveryWait,
                         {IdField("monitored", monitored_), {"wait_ns", pause.nanoseconds()}});
}

void SessionLog::Recovered(std::uint64_t session, std::int64_t recoveries) {
  Line(fmt::format("Monitored session {} goes on with session {}, recovery {}.", Number(monitored_),
                   Number(session), recoveries));
  env_.observer.Announce(
      Point::kRecovered,
      {IdField("monitored", monitored_), IdField("session", session), {"recoveries", recoveries}});
}

void SessionLog::StopRequested() {
  Line(fmt::format("Monitored session {} is asked to stop.", Number(monitored_)));
  env_.observer.Announce(Point::kStopRequested, {IdField("monitored", monitored_)});
}

void SessionLog::Closed(const Status& status, bool clean) {
  Line(status.ok() ? fmt::format("Monitored session {} is closed.", Number(monitored_))
                   : fmt::format("Monitored session {} is closed, with {}", Number(monitored_),
                                 status.ToString()),
       status.ok() ? LogLevel::kInfo : LogLevel::kError);
  env_.observer.Announce(Point::kMonitoredEnd, {IdField("monitored", monitored_), CodeField(status),
                                                FlagField("clean", clean)});
}

}  // namespace faultline::internal
