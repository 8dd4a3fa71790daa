#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/session/session_run_hook.h"

namespace faultline {

// Feeds each run with what a function returns (HK-1201).
class FeedFnHook : public SessionRunHook {
 public:
  // Called before every attempt of a run, so again when a run is repeated. May throw and suspend.
  using FeedFn = std::function<FeedDict()>;

  // ValueError for a null function.
  explicit FeedFnHook(FeedFn feed_fn);

  std::string name() const override { return "FeedFnHook"; }
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;

 private:
  FeedFn feed_fn_;
};

}  // namespace faultline
