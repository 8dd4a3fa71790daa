#pragma once

#include <memory>

#include "core/session/coordinator.h"
#include "core/session/session_layer.h"

namespace faultline {

// The layer that minds the threads of one session (WS-21..WS-26).
class CoordinatedSession : public WrappedSession {
 public:
  // `kept_stop` is what the sessions of one monitored session have together under
  // keep_stop_requests: whether a coordinator was asked to stop without an error before its session
  // was closed. Null without the switch.
  CoordinatedSession(LayerContext context, std::unique_ptr<SessionLayer> inner,
                     std::shared_ptr<Coordinator> coordinator, Duration stop_grace_period,
                     std::shared_ptr<bool> kept_stop = nullptr);

  // WS-21: the recorded error, or whether the coordinator has stopped. Under keep_stop_requests a
  // stop that hooks have asked for, or that was kept, is the answer whatever was recorded (WS-18).
  Result<bool> CheckStop() override;
  // WS-23: a preemption error that a thread reported takes the place of another error.
  Result<Fetched> Run(const RunRequest& request) override;
  // WS-22: stops and joins the threads, then closes the session; the recorded error comes out.
  Status Close() override;

 private:
  Result<Fetched> RunOnce(const RunRequest& request);
  Status JoinThreads();

  std::shared_ptr<Coordinator> coordinator_;
  Duration stop_grace_period_;
  std::shared_ptr<bool> kept_stop_;
  bool closed_ = false;
};

}  // namespace faultline
