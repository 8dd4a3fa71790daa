#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/exec/runtime.h"
#include "core/session/coordinator.h"
#include "core/session/looper_thread.h"
#include "core/session/queue_runner.h"
#include "core/session/session_manager.h"
#include "core/summary/events_writer.h"

namespace faultline {

namespace internal {
struct SupervisorState;
}

// An unset piece takes its default: the first item of its collection (SV-3), else what is said
// beside it. A null one means that there is none.
struct SupervisorOptions {
  std::optional<Fetch> ready_op = {};                 // names of all uninitialized variables
  std::optional<Fetch> ready_for_local_init_op = {};  // none (SV-3)
  std::optional<Fetch> init_op = {};                  // all global variables
  std::optional<Fetch> local_init_op = {};            // local variables and tables
  std::optional<Fetch> summary_op = {};               // all summaries
  std::optional<std::shared_ptr<Saver>> saver = {};   // all global variables
  std::optional<Variable> global_step = {};           // the graph's
  bool is_chief = true;     // what follows up to save_model and the feeds counts only for a chief
  std::string logdir = {};  // empty: none
  std::optional<std::shared_ptr<EventsWriter>> summary_writer = {};  // one of `logdir`
  Duration save_summaries = Duration::Seconds(120);                  // zero: none
  Duration save_model = Duration::Seconds(600);                      // zero: none
  std::string checkpoint_basename = "model.ckpt";
  FeedDict init_feeds = {};
  std::function<void(Session&)> init_fn = {};
  std::optional<RunOptions> local_init_run_options = {};
  Duration recovery_wait = Duration::Seconds(30);
  Duration stop_grace = Duration::Seconds(120);
  std::shared_ptr<SessionManager> session_manager = {};  // null: one of the pieces above
};

struct SupervisedSessionOptions {
  std::string master = {};  // target of the session; "": in-process
  SessionConfig config = {};
  bool wait_for_checkpoint = false;
  Duration max_wait = Duration::Seconds(7200);
  bool start_standard_services = true;  // and the queue runners
  bool close_summary_writer = true;     // at the end of a managed session
};

// The predecessor of MonitoredSession: looper threads in place of hooks, and no recovery of its own
// (SV-1..SV-7). Public API: throws typed errors. What opens, runs or joins suspends.
class Supervisor {
 public:
  // Completes and finalizes the graph (SV-4). ValueError when it is not the chief and a variable
  // has no device. `runtime` and `graph` outlive it and its threads.
  Supervisor(Runtime& runtime, Graph& graph, SupervisorOptions options = {});
  // Of one that was not stopped: its threads run on until somebody stops its coordinator.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // SV-7: clears the coordinator. A chief restores or initializes, writes its graph and starts the
  // standard services; another one waits for the chief; both start the queue runners.
  std::shared_ptr<Session> PrepareOrWaitForSession(const SupervisedSessionOptions& options = {});
  // SV-5, SV-6: such a session for `body`. What `body` or a thread throws comes out at the end,
  // when all has been stopped and closed; an OUT_OF_RANGE ends it quietly.
  void ManagedSession(const std::function<void(Session&)>& body,
                      const SupervisedSessionOptions& options = {});
  // The same below the API.
  Status TryManagedSession(const std::function<void(Session&)>& body,
                           const SupervisedSessionOptions& options = {});

  // SV-1: threads for summaries, step counting and checkpoints, started. RuntimeError when it is
  // not the chief. A warning and nothing without a logdir.
  std::vector<std::shared_ptr<LooperThread>> StartStandardServices(
      const std::shared_ptr<Session>& session);
  // Those of the graph.
  std::vector<std::shared_ptr<Thread>> StartQueueRunners(const std::shared_ptr<Session>& session);
  // A user's own service on its coordinator (LT-6).
  std::shared_ptr<LooperThread> Loop(std::optional<Duration> interval,
                                     std::function<void()> target);

  // SV-6: requests a stop, joins, and closes the summary writer if asked to, even if the join
  // throws. Does not close the session.
  void Stop(const std::vector<std::shared_ptr<Task>>& threads = {},
            bool close_summary_writer = true, bool ignore_live_threads = false);
  void RequestStop(Status reason = Status());
  bool ShouldStop() const;
  void StopOnException(const std::function<void()>& body);
  void WaitForStop();

  // Adds a serialized Summary to the events; without a step, at the one that `session` is at.
  // RuntimeError without a summary writer.
  void SummaryComputed(Session& session, std::string_view serialized_summary,
                       std::optional<std::int64_t> global_step = {});

  const std::shared_ptr<Coordinator>& coordinator() const { return coordinator_; }
  SessionManager& session_manager() const;
  bool is_chief() const;
  const Fetch& ready_op() const;
  const Fetch& ready_for_local_init_op() const;
  const Fetch& init_op() const;
  const Fetch& local_init_op() const;
  const Fetch& summary_op() const;
  const std::shared_ptr<Saver>& saver() const;  // null: none
  const Variable& global_step() const;          // null: none
  EventsWriter* summary_writer() const;         // null: none
  const std::string& save_path() const;         // empty: none

 private:
  void Equip(const std::shared_ptr<Session>& session, bool start_standard_services);
  Status TryStop(const std::vector<std::shared_ptr<Task>>& threads, bool close_summary_writer,
                 bool ignore_live_threads);

  std::shared_ptr<internal::SupervisorState> state_;  // shared with its threads
  std::shared_ptr<Coordinator> coordinator_;
};

// SV-5: managed sessions in which `train_step` is called until a stop is requested; again and again
// after ABORTED, and after no other error.
void BasicTrainLoop(Supervisor& supervisor, const std::function<void(Session&)>& train_step,
                    const std::string& master = "");

}  // namespace faultline
