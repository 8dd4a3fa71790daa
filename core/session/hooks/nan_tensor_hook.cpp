#include "core/session/hooks/nan_tensor_hook.h"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

template <class T>
bool AnyNan(const Tensor& tensor) {
  const auto values = tensor.flat<T>();
  return std::any_of(values.begin(), values.end(), [](T value) { return std::isnan(value); });
}

bool HasNan(const Tensor& tensor) {
  if (tensor.dtype() == DataType::kFloat) return AnyNan<float>(tensor);
  if (tensor.dtype() == DataType::kDouble) return AnyNan<double>(tensor);
  return false;
}

}  // namespace

NanTensorHook::NanTensorHook(Output loss_tensor, bool fail_on_nan_loss)
    : loss_(loss_tensor), fail_(fail_on_nan_loss) {
  if (!loss_) throw ValueError("NanTensorHook needs a loss tensor");
}

void NanTensorHook::Begin(const HookContext& context) { logger_ = &context.runtime.env.logger; }

std::optional<SessionRunArgs> NanTensorHook::BeforeRun(SessionRunContext&) {
  return SessionRunArgs::Fetching(loss_);
}

void NanTensorHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  if (!HasNan(values.results.tensor())) return;
  const std::string text = "Model diverged with loss = NaN.";
  if (fail_) {
    logger_->Log(LogLevel::kError, text);
    throw NanLossDuringTrainingError();
  }
  logger_->Log(LogLevel::kWarning, text);
  context.request_stop();
}

}  // namespace faultline
