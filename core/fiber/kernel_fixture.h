#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "core/base/prng.h"
#include "core/fiber/kernel.h"
#include "core/fiber/virtual_time.h"

namespace faultline {

// Draws who runs next.
class SeededPicker final : public Picker {
 public:
  explicit SeededPicker(std::uint64_t seed) : prng_(seed) {}
  std::size_t Pick(const ReadySet& ready) override {
    return static_cast<std::size_t>(prng_.Below(ready.size()));
  }

 private:
  Prng prng_;
};

// What the kernel's tests share: a kernel in virtual time with one group.
struct KernelFixture {
  explicit KernelFixture(TurnHook* hook = nullptr)
      : kernel({.time = time, .picker = picker, .stacks = stacks, .hook = hook}),
        group(kernel.MakeGroup("node")) {}

  void Spawn(std::string name, std::function<void()> body) {
    kernel.Spawn(group, std::move(name), std::move(body));
  }
  WaitOutcome Sleep(std::int64_t ns) {
    return kernel.Wait({.what = "sleep", .deadline = kernel.Now() + Duration::Nanoseconds(ns)},
                       nullptr);
  }
  WaitOutcome WaitOn(WaitList& list, const char* what = "a wake") {
    return kernel.Wait({.what = what}, &list);
  }

  VirtualTime time;
  FifoPicker picker;
  StackPool stacks;
  Kernel kernel;
  TaskGroup& group;
};

}  // namespace faultline
