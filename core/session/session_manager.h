#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/checkpoint/saver.h"
#include "core/exec/fetch.h"
#include "core/exec/runtime.h"
#include "core/exec/session_factory.h"

namespace faultline {

// SM-1.
struct SessionManagerOptions {
  Fetch local_init_op = {};  // null fetch: none
  Fetch ready_op = {};
  Fetch ready_for_local_init_op = {};
  Duration recovery_wait = Duration::Seconds(30);
  std::optional<RunOptions> local_init_run_options = {};
  FeedDict local_init_feeds = {};
};

// SM-20; recover_session ignores the last three (SM-30).
struct PrepareOptions {
  std::string target = {};
  std::shared_ptr<Saver> saver = {};
  std::string checkpoint_dir = {};  // empty: not given
  std::string checkpoint_filename_with_path = {};
  bool wait_for_checkpoint = false;
  Duration max_wait = Duration::Seconds(7200);
  SessionConfig config = {};
  Fetch init_op = {};
  FeedDict init_feeds = {};
  // Its session must not be used after it returns.
  std::function<void(Session&)> init_fn = {};
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
  // recovery_wait that is not positive. `runtime` and `graph` outlive the manager.
  SessionManager(Runtime& runtime, Graph& graph, SessionManagerOptions options = {});

  // SM-20..SM-28: restores if there is something to restore, else initialises; then local init and
  // one ready check. RuntimeError when the model is not ready then (ER-9).
  std::unique_ptr<Session> PrepareSession(const PrepareOptions& options);
  // SM-30..SM-35: restores, never initialises; tells whether the model is ready.
  RecoveredSession RecoverSession(const PrepareOptions& options);
  // SM-40..SM-48: a new session each recovery_wait until the model is ready. DeadlineExceededError
  // when less than one wait is left.
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
  // What phase 1 (SM-11..SM-18) brings. On an error the session, if any, is still to be released.
  struct Opened {
    std::unique_ptr<Session> session;
    bool restored = false;
    std::string checkpoint;
  };

  Status Prepare(const PrepareOptions& options, Opened* opened);
  Result<bool> Recover(const PrepareOptions& options, Opened* opened);
  Result<std::unique_ptr<Session>> Wait(const std::string& target, const SessionConfig& config,
                                        Duration max_wait, std::int64_t* polls);
  Status Initialize(const PrepareOptions& options, Session& session);
  void AnnounceAttempt(std::string_view role);
  void AnnounceDone(std::string_view role, std::string_view path, const Opened& opened,
                    const Status& status);
  // Closes without masking anything (Q-1, SM-42).
  void Release(Session& session);
  void ReleaseFailed(Session& session);

  Result<std::unique_ptr<Session>> OpenSession(const std::string& target,
                                               const SessionConfig& config);
  Status OpenAndRestore(const PrepareOptions& options, Opened* opened);
  Result<std::optional<CheckpointState>> AwaitState(const PrepareOptions& options);
  Status RestoreState(const PrepareOptions& options, const CheckpointState& state, Opened* opened);
  // The path to restore; with fall_back_to_complete the newest one that verifies, and `state` then
  // lists no checkpoint that did not.
  Result<std::string> ChooseCheckpoint(const Saver& saver, CheckpointState* state);
  Status RestorePath(Session& session, Saver& saver, const std::string& path);

  Result<Readiness> CheckReady(Session& session, const Fetch& op, std::string_view which);
  // The check before a session is handed out.
  Result<Readiness> CheckReadyAtLast(Session& session);
  Result<Readiness> RunReadyOp(Session& session, const Fetch& op, std::string_view which);
  Result<Readiness> TryLocalInit(Session& session);
  void Log(LogLevel level, const std::string& text);

  Runtime& runtime_;
  Graph& graph_;
  SessionManagerOptions options_;
  std::int64_t attempts_ = 0;  // creations asked for, for traces
};

}  // namespace faultline
