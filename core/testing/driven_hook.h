#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/session/hooked_session.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {

// "Driven hook" of hooks_checkpoint_conformance.md: one hook in a hooked session on an initialised
// step graph; its other callbacks only when the case calls them.
class DrivenHook {
 public:
  explicit DrivenHook(std::shared_ptr<SessionRunHook> hook_in, std::int64_t increment = 1);

  // begin, finalize, open, initialise; then `body`, all in one fiber.
  void Start(const std::function<void()>& body);
  Fetched Run(const Fetch& fetches, const FeedDict& feeds = {});
  bool Stops() { return layer_->ShouldStop().value(); }
  void Begin();
  void AfterCreate();
  void End() { hook->End(*raw); }
  // A new layer around the hook and the same raw session: the stop flag is clear again.
  void NewLayer();
  void SetStep(std::int64_t step);

  TestProcess process;
  Graph graph;
  std::optional<StepModel> model;
  std::shared_ptr<SessionRunHook> hook;
  std::shared_ptr<Scaffold> scaffold = std::make_shared<Scaffold>();
  std::shared_ptr<Session> raw;

 private:
  Output step_to_set_;
  Output set_step_;
  std::unique_ptr<HookedSession> layer_;
  std::unique_ptr<Coordinator> coordinator_;
};

}  // namespace faultline::testing
