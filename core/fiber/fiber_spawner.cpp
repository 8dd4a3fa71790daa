#include "core/fiber/fiber_spawner.h"

namespace faultline {
namespace {

// Shared by the fiber and by those who hold the task.
class FiberTask final : public Task {
 public:
  FiberTask(FiberSpawner& spawner, std::string name)
      : kernel_(spawner.group().kernel()), spawner_(spawner), name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  bool finished() const override { return finished_; }
  WaitOutcome Join(const WaitOptions& options) override {
    while (!finished_) {
      const WaitOutcome outcome = spawner_.Wait(options, &joiners_);
      if (outcome != WaitOutcome::kWoken) return finished_ ? WaitOutcome::kWoken : outcome;
    }
    return WaitOutcome::kWoken;
  }
  void Finish() {
    finished_ = true;
    kernel_.WakeAll(joiners_);
  }

 private:
  Kernel& kernel_;
  FiberSpawner& spawner_;
  std::string name_;
  bool finished_ = false;
  WaitList joiners_;
};

class FiberWaitQueue final : public WaitQueue {
 public:
  explicit FiberWaitQueue(FiberSpawner& spawner)
      : kernel_(spawner.group().kernel()), spawner_(spawner) {}

  WaitOutcome Wait(const WaitOptions& options) override { return spawner_.Wait(options, &list_); }
  void WakeOne() override { kernel_.WakeOne(list_); }
  void WakeAll() override { kernel_.WakeAll(list_); }

 private:
  Kernel& kernel_;
  FiberSpawner& spawner_;
  WaitList list_;
};

}  // namespace

std::shared_ptr<Task> FiberSpawner::Spawn(std::string name, std::function<void()> body) {
  auto task = std::make_shared<FiberTask>(*this, name);
  group_.kernel().Spawn(group_, std::move(name), [task, body = std::move(body)]() mutable {
    body();
    body = nullptr;  // what it owns ends before the joiners go on
    task->Finish();
  });
  return task;
}

std::unique_ptr<WaitQueue> FiberSpawner::MakeWaitQueue() {
  return std::make_unique<FiberWaitQueue>(*this);
}

void FiberSpawner::Compute(std::int64_t operations) {
  if (options_.compute) {
    options_.compute(operations);
  } else {
    Yield();
  }
}

WaitOutcome FiberSpawner::Wait(const WaitOptions& options, WaitList* list) {
  if (!options_.to_kernel_time || options.deadline == TimePoint::Max()) {
    return group_.kernel().Wait(options, list);
  }
  WaitOptions translated = options;
  translated.deadline = options_.to_kernel_time(options.deadline);
  return group_.kernel().Wait(translated, list);
}

}  // namespace faultline
