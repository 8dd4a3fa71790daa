#pragma once

#include <memory>
#include <vector>

#include "core/session/coordinator.h"
#include "core/session/hooked_session.h"
#include "core/session/session_creator.h"
#include "core/session/session_layer.h"

namespace faultline {

// Makes coordinated(hooked(raw)) sessions and remembers the newest raw one (CR-9..CR-12).
class CoordinatedSessionCreator {
 public:
  CoordinatedSessionCreator(LayerContext context, std::unique_ptr<SessionCreator> creator,
                            ListedHooks hooks, Duration stop_grace_period);
  // Threads that still run keep their session and coordinator until they end. Never suspends.
  ~CoordinatedSessionCreator();
  CoordinatedSessionCreator(const CoordinatedSessionCreator&) = delete;
  CoordinatedSessionCreator& operator=(const CoordinatedSessionCreator&) = delete;

  // Suspends. If a later step fails, what the earlier ones made is ended first.
  Result<std::unique_ptr<SessionLayer>> Create();

  // The raw session made last, which may be closed by now; null before the first and after Forget.
  Session* raw_session() const { return current_.session.get(); }
  // Its coordinator; null likewise. Never suspends.
  Coordinator* coordinator() const { return current_.coordinator.get(); }
  // What raw_session and coordinator gave lives on while registered threads run.
  void Forget();

 private:
  struct Made {
    std::shared_ptr<Session> session;
    std::shared_ptr<Coordinator> coordinator;
  };
  Status Prepare(const Made& made);
  // Planted defects.
  Status BeginAgain();
  void Thaw();
  void Retire();

  LayerContext context_;
  std::unique_ptr<SessionCreator> creator_;
  ListedHooks hooks_;
  Duration stop_grace_period_;
  Made current_;
#ifdef FL_MUTANTS
  bool recovers_ = false;  // a session was made before
#endif
  std::shared_ptr<bool> kept_stop_;  // see CoordinatedSession
  std::vector<Made> retired_;        // those whose threads outlived their grace period
};

}  // namespace faultline
