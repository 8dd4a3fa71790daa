#pragma once

#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/session/session_run_hook.h"

namespace faultline {

// HK-902: the loss became NaN. Not a preemption error: it ends training.
class NanLossDuringTrainingError : public RuntimeError {
 public:
  NanLossDuringTrainingError() : RuntimeError("NaN loss during training.") {}
};

// Ends training when the loss becomes NaN: by an error, or by asking to stop (HK-901..HK-905).
// Looks after the update was applied; any NaN element counts (hooks.md 16.3).
class NanTensorHook : public SessionRunHook {
 public:
  explicit NanTensorHook(Output loss_tensor, bool fail_on_nan_loss = true);

  std::string name() const override { return "NanTensorHook"; }
  void Begin(const HookContext& context) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;

 private:
  Output loss_;
  bool fail_;
  Logger* logger_ = nullptr;  // set by Begin
};

}  // namespace faultline
