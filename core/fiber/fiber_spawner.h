#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "core/env/spawner.h"
#include "core/fiber/kernel.h"

namespace faultline {

struct FiberSpawnerOptions {
  // What Compute does; it may suspend. Empty: Compute only yields.
  std::function<void(std::int64_t operations)> compute;
  // Turns a deadline on the process's own clock into one of the kernel's. Empty: they are the same.
  // TimePoint::Max() is not asked about.
  std::function<TimePoint(TimePoint)> to_kernel_time;
};

// The Spawner of one process: its fibers belong to `group`, which outlives it and what it makes.
class FiberSpawner final : public Spawner {
 public:
  explicit FiberSpawner(TaskGroup& group, FiberSpawnerOptions options = {})
      : group_(group), options_(std::move(options)) {}

  // In a dead group, or from a dying fiber, the body is dropped and the task never finishes.
  std::shared_ptr<Task> Spawn(std::string name, std::function<void()> body) override;
  std::unique_ptr<WaitQueue> MakeWaitQueue() override;
  void Yield() override { group_.kernel().Yield(); }
  void Compute(std::int64_t operations) override;
  bool Unwinding() const override { return group_.kernel().Unwinding(); }

  TaskGroup& group() const { return group_; }
  WaitOutcome Wait(const WaitOptions& options, WaitList* list);

 private:
  TaskGroup& group_;
  FiberSpawnerOptions options_;
};

}  // namespace faultline
