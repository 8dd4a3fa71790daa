#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/env/cancel.h"
#include "core/env/env.h"
#include "core/env/event.h"

namespace faultline {

// Lets the fibers of a session stop together and keeps the first error (CO-1..CO-22). Calls may
// come from any fiber of the process; none suspends but WaitForStop and the joins.
class Coordinator {
 public:
  // Codes whose report counts as a clean stop (ER-6). With `keep_late_errors` a stop without an
  // exception does not hide what is reported between it and the end of the join: the first
  // such error is recorded, as a consequence (Status::derived).
  explicit Coordinator(Env& env, std::set<Code> clean_stop_codes = {Code::kOutOfRange},
                       bool keep_late_errors = false);

  // CO-2..CO-5. `reason` OK: no exception. Throws the reason only after a join (CO-2).
  void RequestStop(Status reason = Status());
  // The same with what a handler has caught; keeps its identity.
  void RequestStop(std::exception_ptr reason);
  // The same below the API: returns what RequestStop throws.
  Status TryRequestStop(Status reason);
  // CO-9: calls `body`; what it throws is reported, and raised only after a join.
  void StopOnException(const std::function<void()>& body);

  bool ShouldStop() const { return stop_.IsSet(); }  // CO-6
  // CO-6: suspends; whether a stop was requested. Duration::Max() waits for ever.
  bool WaitForStop(Duration timeout = Duration::Max());
  void ClearStop();  // CO-7
  const Status& recorded() const { return recorded_; }
  // CO-8.
  void RaiseRequestedException() const;
  void RegisterThread(std::shared_ptr<Task> thread);  // CO-10
  bool joined() const { return joined_; }             // CO-11

  // CO-15..CO-22. The Try form returns what Join throws.
  Status TryJoin(const std::vector<std::shared_ptr<Task>>& threads = {},
                 Duration stop_grace_period = Duration::Seconds(120),
                 bool ignore_live_threads = false);
  void Join(const std::vector<std::shared_ptr<Task>>& threads = {},
            Duration stop_grace_period = Duration::Seconds(120), bool ignore_live_threads = false);

  // Whether a thread registered with it, or waited for by its last join, still runs.
  bool HasLiveThreads() const;
  // Suspends until there are none, however long it takes. Reports nothing.
  void AwaitThreads();
  // The sleeps of the second phase of the last join, in order (CO-18).
  const std::vector<Duration>& join_sleeps() const { return join_sleeps_; }

 private:
  using Threads = std::vector<std::shared_ptr<Task>>;
  void AwaitEndOrStop(const Threads& threads);
  void AwaitEnd(const Threads& threads, Duration grace);

  Env& env_;
  std::set<Code> clean_stop_codes_;
  bool keep_late_errors_;
  Event stop_;
  std::shared_ptr<CancelToken> stopping_;  // cancelled by a stop: what joins wait with
  Status recorded_;
  bool joined_ = false;
  Threads registered_;
  Threads stragglers_;  // alive when the last join gave up
  std::vector<Duration> join_sleeps_;
};

}  // namespace faultline
