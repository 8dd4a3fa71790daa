#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/env/env.h"

namespace faultline::internal {

// Tells of every change of a session's state (SM-50): one sentence for people and one announcement
// for machines, from one call, the sentence first. Where somebody else announces, as the comment
// says, only the sentence. May suspend and unwind, as announcements may.
class SessionLog {
 public:
  // `monitored`: the monitored session that is told of, 0 where none is.
  explicit SessionLog(Env& env, std::uint64_t monitored = 0) : env_(env), monitored_(monitored) {}

  // How a creation ended: `path` is "init", "restored", "waited" or "none".
  struct Creation {
    std::uint64_t session = 0;  // 0: none was opened
    std::string_view role;
    std::string_view path;
    std::string_view checkpoint;
  };
  void CreationAsked(std::string_view role, std::int64_t attempt);
  void CreationDone(const Creation& creation, const Status& status);
  void Opened(std::uint64_t session, std::string_view target);  // factories announce SessionOpen

  void WaitsForCheckpoint(std::string_view directory, Duration waited);
  void Restores(std::uint64_t session, std::string_view path);  // savers announce RestoreStart,
  void Restored(std::uint64_t session, std::string_view path);  // and RestoreDone
  void RestoreNotReady(std::uint64_t session, std::string_view path, std::string_view which,
                       std::string_view reason);
  void Initializes(std::uint64_t session);
  void Initialized(std::uint64_t session, const Status& status);
  void RunsLocalInit(std::uint64_t session);
  void RanLocalInit(std::uint64_t session, const Status& status);
  // Both reasons; "ready" where a check passed, "not checked" where it was not made.
  void WaitsForReady(std::uint64_t session, std::string_view local_reason, std::string_view reason);

  void MonitoredBegins(std::size_t hooks, bool recovery);
  void Lost(std::uint64_t session, const Status& error);
  void Pauses(Duration pause);
  void Recovered(std::uint64_t session, std::int64_t recoveries);
  void StopRequested();
  // `clean`: end hooks were called.
  void Closed(const Status& status, bool clean);

 private:
  void Line(const std::string& text, LogLevel level = LogLevel::kInfo);

  Env& env_;
  std::uint64_t monitored_;
};

}  // namespace faultline::internal
