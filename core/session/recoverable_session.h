#pragma once

#include <functional>
#include <memory>

#include "core/session/session_layer.h"

namespace faultline {

// Makes one session with all its layers.
using LayerCreator = std::function<Result<std::unique_ptr<SessionLayer>>()>;

// How far recovery goes under bounded_recovery; without it there is neither pause nor limit.
struct RecoveryOptions {
  // Recoveries in a row without an acknowledged run; the next preemption error ends the session.
  int max_recoveries = 100;
  // Pause before a creation whose predecessor brought no acknowledged run; doubles up to the cap.
  Duration first_pause = Duration::Seconds(1);
  Duration longest_pause = Duration::Seconds(60);
};

// The layer that replaces its session after a preemption error and repeats the run
// (WS-10..WS-20).
class RecoverableSession : public WrappedSession {
 public:
  RecoverableSession(LayerContext context, LayerCreator creator, RecoveryOptions options = {});

  // WS-10: creates the first session. To be called once, before anything else.
  Status Start() { return CreateInner(); }

  Result<bool> CheckStop() override { return ShouldStop(); }
  // WS-16..WS-19, decided on one reading.
  Result<bool> ShouldStop() override;
  Result<Fetched> Run(const RunRequest& request) override;
  // WS-20: after a preemption error the whole function is called again, with the new session.
  Status RunStepFn(const StepFn& step_fn, std::uint32_t number) override;

  // What kept the last session from being replaced; OK while there is one.
  const Status& lost() const { return lost_; }

 private:
  // Until an attempt ends without a preemption error, or without a session (WS-12..WS-15). The
  // attempt, Status(SessionLayer&, std::uint32_t), gets the session and its number from 1.
  template <class Attempt>
  Status Repeat(const Attempt& attempt);
  bool LeadsToRecovery(const Status& status) const;
  // WS-11. On an error nothing is held.
  Status CreateInner();
  // WS-13: drops and closes `failed` because of `error`, unless another fiber has done so.
  // What the close raises ends the recovery (WS-15).
  Status GiveUp(const std::shared_ptr<SessionLayer>& failed, const Status& error);
  void PauseBeforeCreation();
  // Counts one more preemption error on the way to an acknowledged run; `error` beyond the bound.
  Status CountRecovery(const Status& error);

  LayerCreator creator_;
  RecoveryOptions options_;
  Status lost_;
  Status ended_;                 // bounded_recovery: what ended the session for good
  bool replaces_ = false;        // the next session replaces another one
  std::int64_t replaced_ = 0;    // sessions that were
  int recoveries_ = 0;           // since the last acknowledged run
  int fruitless_creations_ = 0;  // creations since then
};

}  // namespace faultline
