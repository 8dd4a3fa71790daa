#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/checkpoint/saver.h"
#include "core/exec/fetch.h"
#include "core/exec/runtime.h"
#include "core/exec/session_factory.h"

namespace faultline {

// SM-1.
struct SessionManagerOptions {
  Fetch local_init_op;            // null fetch: none
  Fetch ready_op;
  Fetch ready_for_local_init_op;
  Duration recovery_wait = Duration::Seconds(30);
  std::optional<RunOptions> local_init_run_options;
  FeedDict local_init_feeds;
};

// SM-20; recover_session ignores the last three (SM-30).
struct PrepareOptions {
  std::string target;
  std::shared_ptr<Saver> saver;
  std::string checkpoint_dir;            // empty: not given
  std::string checkpoint_filename_with_path;
  bool wait_for_checkpoint = false;
  Duration max_wait = Duration::Seconds(7200);
  SessionConfig config;
  Fetch init_op;
  FeedDict init_feeds;
  std::function<void(Session&)> init_fn;
};

struct RecoveredSession {
  std::unique_ptr<Session> session;
  bool initialized = false;
};

// Opens sessions and makes their models ready: initialises or restores (chief), or waits (worker).
// It keeps no session (SM-4). Public API: throws typed errors; the Try forms are for the layers of
// this project. All but the constructor suspend.
class SessionManager {
 public:
  // ValueError for a readiness-for-local-init op without a local-init op (SM-2) and for a
  // recovery_wait that is not positive.
  SessionManager(Runtime& runtime, Graph& graph, SessionManagerOptions options = {});

  // SM-20..SM-28.
  std::unique_ptr<Session> PrepareSession(const PrepareOptions& options);
  // SM-30..SM-35.
  RecoveredSession RecoverSession(const PrepareOptions& options);
  // SM-40..SM-48.
  std::unique_ptr<Session> WaitForSession(const std::string& target,
                                          const SessionConfig& config = {},
                                          Duration max_wait = Duration::Max());

  Result<std::unique_ptr<Session>> TryPrepareSession(const PrepareOptions& options);
  Result<RecoveredSession> TryRecoverSession(const PrepareOptions& options);
  Result<std::unique_ptr<Session>> TryWaitForSession(const std::string& target,
                                                     const SessionConfig& config,
                                                     Duration max_wait);

 private:
  struct Readiness {
    bool ready = true;
    std::string reason;
  };
  struct Opened {
    std::unique_ptr<Session> session;
    bool restored = false;
    std::string checkpoint;
  };
  Result<Opened> OpenAndRestore(const PrepareOptions& options);
  Result<Readiness> CheckReady(Session& session, const Fetch& op, std::string_view which);
  Result<Readiness> TryLocalInit(Session& session);

  Runtime& runtime_;
  Graph& graph_;
  SessionManagerOptions options_;
};

}  // namespace faultline
