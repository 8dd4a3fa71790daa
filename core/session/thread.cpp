#include "core/session/thread.h"

#include <utility>

namespace faultline {

Thread::Thread(Spawner& spawner, std::string name, std::function<void()> body)
    : spawner_(spawner), name_(std::move(name)), body_(std::move(body)) {}

void Thread::Start() {
  if (!body_) return;
  std::function<void()> body = std::move(body_);
  body_ = nullptr;
  task_ = spawner_.Spawn(name_, std::move(body));
}

WaitOutcome Thread::Join(const WaitOptions& options) {
  return task_ ? task_->Join(options) : WaitOutcome::kWoken;
}

}  // namespace faultline
