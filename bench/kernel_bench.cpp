// The fiber kernel beside the yardstick on the same work: processor time of one decision and
// switch, and of one timer. Run with --benchmark_filter=... --benchmark_repetitions=5.

#include <cstdint>
#include <memory>

#include <benchmark/benchmark.h>

#include "bench/yardstick_scheduler.h"
#include "core/base/hash.h"
#include "core/base/prng.h"
#include "core/fiber/kernel.h"
#include "core/fiber/virtual_time.h"

namespace faultline::bench {
namespace {

constexpr std::uint64_t kTurnsPerIteration = 1'000'000;
constexpr std::uint64_t kLongestSleep = 1'000'000;

class RandomPicker final : public Picker {
 public:
  std::size_t Pick(const ReadySet& ready) override {
    return static_cast<std::size_t>(prng_.Below(ready.size()));
  }

 private:
  Prng prng_{1};
};

// Hashes every decision, as the simulator does.
class HashingHook final : public TurnHook {
 public:
  explicit HashingHook(TimeSource& time) : time_(time) {}
  void BeforeTurn(const Turn& turn) override {
    hash_.Add(turn.task.id() ^ (static_cast<std::uint64_t>(time_.Now().nanoseconds()) << 20));
  }

 private:
  TimeSource& time_;
  Hash64 hash_;
};

struct KernelWorld {
  KernelWorld() : hook(time), kernel({time, picker, stacks, &hook}), group(kernel.MakeGroup("n")) {}
  void Sleep(std::uint64_t nanoseconds) {
    kernel.Wait(
        {.what = "sleep",
         .deadline = kernel.Now() + Duration::Nanoseconds(static_cast<std::int64_t>(nanoseconds))},
        nullptr);
  }
  VirtualTime time;
  RandomPicker picker;
  HashingHook hook;
  StackPool stacks;
  Kernel kernel;
  TaskGroup& group;
};

void ReportTurns(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kTurnsPerIteration));
}

void KernelYield(benchmark::State& state) {
  KernelWorld world;
  for (int i = 0; i < state.range(0); ++i) {
    world.kernel.Spawn(world.group, "fiber", [&world] {
      for (;;) world.kernel.Yield();
    });
  }
  world.kernel.Run({.events = kTurnsPerIteration});
  for (auto _ : state) world.kernel.Run({.events = kTurnsPerIteration});
  ReportTurns(state);
}

void YardstickYield(benchmark::State& state) {
  StackPool stacks;
  YardstickScheduler scheduler(stacks);
  for (int i = 0; i < state.range(0); ++i) {
    scheduler.Spawn([&scheduler] {
      for (;;) scheduler.Yield();
    });
  }
  scheduler.Run(kTurnsPerIteration);
  for (auto _ : state) scheduler.Run(kTurnsPerIteration);
  ReportTurns(state);
}

void KernelTimers(benchmark::State& state) {
  KernelWorld world;
  for (int i = 0; i < state.range(0); ++i) {
    world.kernel.Spawn(world.group, "fiber", [&world, seed = static_cast<std::uint64_t>(i)] {
      Prng prng(seed);
      for (;;) world.Sleep(1 + prng.Below(kLongestSleep));
    });
  }
  world.kernel.Run({.events = kTurnsPerIteration});
  for (auto _ : state) world.kernel.Run({.events = kTurnsPerIteration});
  ReportTurns(state);
}

void YardstickTimers(benchmark::State& state) {
  StackPool stacks;
  YardstickScheduler scheduler(stacks);
  for (int i = 0; i < state.range(0); ++i) {
    scheduler.Spawn([&scheduler, seed = static_cast<std::uint64_t>(i)] {
      Prng prng(seed);
      for (;;) scheduler.Sleep(static_cast<std::int64_t>(1 + prng.Below(kLongestSleep)));
    });
  }
  scheduler.Run(kTurnsPerIteration);
  for (auto _ : state) scheduler.Run(kTurnsPerIteration);
  ReportTurns(state);
}

// A kernel with so many fibers that are started and crashed.
void KernelCrash(benchmark::State& state) {
  for (auto _ : state) {
    KernelWorld world;
    for (int i = 0; i < state.range(0); ++i) {
      world.kernel.Spawn(world.group, "fiber", [&world] { world.Sleep(kLongestSleep); });
    }
    world.kernel.At(TimePoint::FromNanoseconds(1), [&world] { world.kernel.Kill(world.group); });
    world.kernel.Run();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// A callback of the world, as a message in flight is one.
void KernelEvents(benchmark::State& state) {
  KernelWorld world;
  Prng prng(1);
  struct Again {
    KernelWorld& world;
    Prng& prng;
    void operator()() const {
      const auto delay = static_cast<std::int64_t>(1 + prng.Below(kLongestSleep));
      world.kernel.At(world.kernel.Now() + Duration::Nanoseconds(delay), *this);
    }
  };
  for (int i = 0; i < state.range(0); ++i) Again{world, prng}();
  for (auto _ : state) world.kernel.Run({.events = kTurnsPerIteration});
  ReportTurns(state);
}

BENCHMARK(YardstickYield)->Arg(2)->Arg(1000);
BENCHMARK(KernelYield)->Arg(2)->Arg(1000);
BENCHMARK(YardstickTimers)->Arg(10)->Arg(1000);
BENCHMARK(KernelTimers)->Arg(10)->Arg(1000);
BENCHMARK(KernelEvents)->Arg(10)->Arg(1000);
BENCHMARK(KernelCrash)->Arg(100);

}  // namespace
}  // namespace faultline::bench

BENCHMARK_MAIN();
