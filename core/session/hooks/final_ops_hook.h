#pragma once

#include <string>
#include <utility>

#include "core/session/session_run_hook.h"

namespace faultline {

// Evaluates tensors once, when the session is closed without an error (HK-1101).
class FinalOpsHook : public SessionRunHook {
 public:
  // What to run at the end, nested at will, and what to feed to that run. Null: nothing is run.
  explicit FinalOpsHook(Fetch final_ops, FeedDict final_ops_feeds = {})
      : final_ops_(std::move(final_ops)), feeds_(std::move(final_ops_feeds)) {}

  std::string name() const override { return "FinalOpsHook"; }
  void Begin(const HookContext& context) override;
  // Throws what the run throws; of the end of input it warns first (HK-1102, HK-1103). Suspends.
  void End(Session& session) override;

  // In the shape of what was asked for; null until the end.
  const Fetched& final_ops_values() const { return values_; }

 private:
  Fetch final_ops_;
  FeedDict feeds_;
  Fetched values_;
  Logger* logger_ = nullptr;  // set by Begin
};

}  // namespace faultline
