#include "core/env/spawner.h"

#include "core/env/env.h"

namespace faultline {

WaitOutcome SleepFor(Env& env, std::string_view what, Duration duration, CancelToken* cancel) {
  if (duration <= Duration()) {
    env.spawner.Yield();
    return cancel != nullptr && cancel->cancelled() ? WaitOutcome::kCancelled
                                                    : WaitOutcome::kDeadline;
  }
  const auto queue = env.spawner.MakeWaitQueue();
  return queue->Wait({.what = what, .deadline = env.clock.Now() + duration, .cancel = cancel});
}

}  // namespace faultline
