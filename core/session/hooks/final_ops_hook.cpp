#include "core/session/hooks/final_ops_hook.h"

#include "core/base/error.h"

namespace faultline {

void FinalOpsHook::Begin(const HookContext& context) { logger_ = &context.runtime.env.logger; }

void FinalOpsHook::End(Session& session) {
  if (final_ops_.null()) return;
  RunRequest request;
  request.fetches = final_ops_;
  request.feeds = feeds_;
  Result<Fetched> values = session.TryRun(request);
  const Code code = values.status().code();
  if (code == Code::kOutOfRange || code == Code::kStopIteration) {  // HK-1102
    logger_->Log(LogLevel::kWarning,
                 "The final ops have come to the end of some input, which they seem to depend on. "
                 "What the training loop reads is used up when it ends; final ops should read "
                 "values that it has left, such as variables.");
  }
  ThrowIfError(values.status());
  values_ = std::move(values).value();
}

}  // namespace faultline
