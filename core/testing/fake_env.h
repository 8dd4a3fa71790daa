#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "core/base/time.h"
#include "core/env/clock.h"
#include "core/env/env.h"
#include "core/fiber/fiber_spawner.h"
#include "core/fiber/kernel.h"
#include "core/fiber/loopback_transport.h"
#include "core/testing/fake_file_system.h"
#include "core/testing/printers.h"
#include "core/testing/recorders.h"

namespace faultline::testing {

// Stands still while fibers run and jumps to the next timer when none can.
class FakeClock final : public Clock, public TimeSource {
 public:
  TimePoint Now() override { return now_; }
  TimePoint WallNow() override { return wall_at_zero_ + (now_ - TimePoint()); }
  void AdvanceTo(TimePoint next) override {
    if (next > now_) now_ = next;
  }
  void SetWall(TimePoint wall) { wall_at_zero_ = wall - (now_ - TimePoint()); }

 private:
  TimePoint now_;
  TimePoint wall_at_zero_ = TimePoint::FromNanoseconds(1'500'000'000'000'000'000);
};

// A test's body did not come to its end. what() tells who waits for what.
class TestStuck : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct FakeEnvOptions {
  std::uint64_t seed = 1;  // of Env::random
  std::string host_name = "testhost";
  bool serialize_messages = false;
  // Budgets of one Run.
  std::uint64_t events = 50'000'000;
  std::uint64_t events_at_one_time = 1'000'000;
};

// The world of a unit test: one process, first come first served, virtual time.
//
//   FakeEnv fake;
//   fake.Run([&](Env& env) { BOOST_TEST(DoIt(env) == 3); });
class FakeEnv {
 public:
  explicit FakeEnv(FakeEnvOptions options = {});
  // Unwinds the fibers that are left, while their Env is still there.
  ~FakeEnv() { (void)kernel_.Shutdown(); }

  // Runs `body` in a fiber until it returns; other fibers stay and go on in the next Run. What
  // leaves the body, or any other fiber, is thrown from here on the caller's stack. Throws
  // TestStuck if nothing can happen any more or a budget is used up before the body has returned.
  void Run(const std::function<void(Env&)>& body);
  // Lets time pass. In a fiber: suspends it. Outside: runs the fibers until then.
  void Advance(Duration duration);
  void SetWall(TimePoint wall) { clock_.SetWall(wall); }

  Env& env() { return env_; }
  Kernel& kernel() { return kernel_; }
  TaskGroup& group() { return group_; }
  FakeClock& clock() { return clock_; }
  FakeFileSystem& files() { return files_; }
  LoopbackTransport& transport() { return transport_; }
  RecordingLogger& logger() { return logger_; }
  RecordingObserver& observer() { return observer_; }

 private:
  void Finish(RunResult result, bool done);

  FakeEnvOptions options_;
  StackPool stacks_;
  FakeClock clock_;
  FifoPicker picker_;
  RecordingLogger logger_;
  RecordingObserver observer_;
  SeededRandom random_;
  FakeFileSystem files_;
  Kernel kernel_;
  TaskGroup& group_;
  FiberSpawner spawner_;
  LoopbackTransport transport_;
  Env env_;
};

// The same as fake.Run(body).
inline void RunInFiber(FakeEnv& fake, const std::function<void(Env&)>& body) { fake.Run(body); }

// One line for each fiber that waits: "worker/main waits for x since 3 s until 5 s".
std::string DescribeWaiting(const std::vector<WaitingTask>& waiting);

}  // namespace faultline::testing
