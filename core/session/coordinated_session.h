#pragma once

#include <memory>

#include "core/session/coordinator.h"
#include "core/session/session_layer.h"

namespace faultline {

// The layer that minds the threads of one session (WS-21..WS-26).
class CoordinatedSession : public WrappedSession {
 public:
  CoordinatedSession(LayerContext context, std::unique_ptr<SessionLayer> inner,
                     std::shared_ptr<Coordinator> coordinator, Duration stop_grace_period);

  // WS-21: the recorded error, or whether the coordinator has stopped.
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
  bool closed_ = false;
};

}  // namespace faultline
