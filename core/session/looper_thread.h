#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/env/env.h"
#include "core/session/coordinator.h"
#include "core/session/thread.h"

namespace faultline {

// A fiber that does something again and again until its coordinator stops (LT-1..LT-6). Make one
// with MakeLooper or Loop. It keeps itself, its coordinator and its target alive while it runs, and
// not afterwards; the Env outlives it.
class LooperThread : public Thread, public std::enable_shared_from_this<LooperThread> {
 public:
  // Without `interval` and with 0 or less the calls follow one another, other fibers having their
  // turn in between; else they fall on start + k * interval of monotonic time, and those that were
  // missed are made up at once (LT-3). Arguments of `target` are bound to it. ValueError without a
  // coordinator.
  LooperThread(Env& env, std::shared_ptr<Coordinator> coordinator, std::optional<Duration> interval,
               std::function<void()> target = {}, std::string name = "LooperThread");

  // Starts the fiber; later calls do nothing, nor does one whose coordinator has gone.
  void Start() override;

 protected:
  // For subclasses. What they throw goes to the coordinator and ends the loop; StopLoop is then not
  // called (LT-5). All may suspend.
  virtual void StartLoop() {}
  // One round: calls the target, if there is one.
  virtual void RunLoop();
  virtual void StopLoop() {}

  Env& env() const { return env_; }
  Coordinator& coordinator() const { return coordinator_; }

 private:
  Status Work();
  void Rounds();

  Env& env_;
  Coordinator& coordinator_;
  std::weak_ptr<Coordinator> owner_;  // which owns this, so this does not own it
  std::optional<Duration> interval_;
  std::function<void()> target_;                    // until it is started
  const std::function<void()>* running_ = nullptr;  // that of the fiber
};

// LT-1: makes a looper, of a subclass if wanted, and registers it with its coordinator. Not
// started.
template <class Looper = LooperThread, class... Args>
std::shared_ptr<Looper> MakeLooper(Env& env, std::shared_ptr<Coordinator> coordinator,
                                   Args&&... args) {
  auto looper = std::make_shared<Looper>(env, coordinator, std::forward<Args>(args)...);
  coordinator->RegisterThread(looper);
  return looper;
}

// LT-6: makes one and starts it.
std::shared_ptr<LooperThread> Loop(Env& env, std::shared_ptr<Coordinator> coordinator,
                                   std::optional<Duration> interval, std::function<void()> target);

}  // namespace faultline
