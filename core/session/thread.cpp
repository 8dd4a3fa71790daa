#include "core/session/thread.h"

#include <utility>

namespace faultline {

Thread::Thread(Spawner& spawner, std::string name, std::function<Status()> body)
    : spawner_(spawner),
      name_(std::move(name)),
      body_(std::move(body)),
      died_of_(std::make_shared<Status>()) {}

void Thread::Start() {
  if (!started()) StartWith(std::move(body_));
}

void Thread::StartWith(std::function<Status()> body) {
  task_ =
      spawner_.Spawn(name_, [body = std::move(body), died_of = died_of_] { *died_of = body(); });
}

WaitOutcome Thread::Join(const WaitOptions& options) {
  return task_ ? task_->Join(options) : WaitOutcome::kWoken;
}

}  // namespace faultline
