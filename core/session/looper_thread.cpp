#include "core/session/looper_thread.h"

#include <utility>

#include "core/base/error.h"

namespace faultline {

namespace {

Coordinator& Required(const std::shared_ptr<Coordinator>& coordinator) {
  if (!coordinator) throw ValueError("a looper needs a coordinator");
  return *coordinator;
}

}  // namespace

LooperThread::LooperThread(Env& env, std::shared_ptr<Coordinator> coordinator,
                           std::optional<Duration> interval, std::function<void()> target,
                           std::string name)
    : Thread(env.spawner, std::move(name), {}),
      env_(env),
      coordinator_(Required(coordinator)),
      owner_(coordinator),
      interval_(interval),
      target_(std::move(target)) {}

void LooperThread::Start() {
  const std::shared_ptr<Coordinator> owner = owner_.lock();
  if (started() || !owner) return;
  StartWith([self = shared_from_this(), owner] {
    // The target often holds the coordinator, which holds this.
    const std::function<void()> target = std::exchange(self->target_, nullptr);
    self->running_ = &target;
    return self->Work();
  });
}

void LooperThread::RunLoop() {
  if (running_ != nullptr && *running_) (*running_)();
}

// LT-2, as stop_on_exception (CO-9) does it; but an error after a join has nobody to go to.
Status LooperThread::Work() {
  const Status status = CallUser([&] {
    StartLoop();
    Rounds();
    StopLoop();
  });
  if (status.ok()) return status;
  const Status late = coordinator_.TryRequestStop(status);
  if (!late.ok()) env_.logger.Log(LogLevel::kError, name() + ": " + late.ToString());
  return late;
}

void LooperThread::Rounds() {
  if (!interval_ || *interval_ <= Duration()) {  // LT-4
    while (!coordinator_.ShouldStop()) {
      RunLoop();
      env_.spawner.Yield();
    }
    return;
  }
  TimePoint next = env_.clock.Now();
  while (!coordinator_.WaitForStop(next - env_.clock.Now())) {
    next = next + *interval_;
    RunLoop();
  }
}

std::shared_ptr<LooperThread> Loop(Env& env, std::shared_ptr<Coordinator> coordinator,
                                   std::optional<Duration> interval, std::function<void()> target) {
  auto looper = MakeLooper(env, std::move(coordinator), interval, std::move(target));
  looper->Start();
  return looper;
}

}  // namespace faultline
