#include "core/os/real_env.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/fiber/fiber_spawner.h"
#include "core/fiber/kernel.h"
#include "core/fiber/loopback_transport.h"
#include "core/os/os_services.h"
#include "core/os/os_time.h"
#include "core/os/posix_file_system.h"
#include "core/os/stop_signal.h"

namespace faultline {
namespace {

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

// The error that left a fiber, or the text of a defect: of a failed assertion.
struct Left {
  Status error;
  std::optional<std::string> defect;
};

Left Inspect(const FiberFailure& failure) {
  Left left;
  try {
    left.error = CallUser([&] { std::rethrow_exception(failure.exception); });
  } catch (const AssertionFailed& failed) {
    left.defect = failed.message;
  } catch (const Unwind&) {
    left.defect = "a crash was thrown by hand";
  }
  if (!left.defect && failure.task != "main") {
    left.error =
        left.error.WithMessage(fmt::format("fiber {}: {}", failure.task, left.error.message()));
  }
  return left;
}

std::string Describe(const std::vector<WaitingTask>& waiting) {
  std::string text;
  for (const WaitingTask& task : waiting) {
    text += fmt::format("; {} waits for {}", task.task, task.ready ? "its turn" : task.what);
  }
  return text;
}

}  // namespace

struct RealEnv::Parts {
  explicit Parts(const RealEnvOptions& options)
      : stop(options.catch_signals ? std::make_unique<StopSignal>() : nullptr),
        time(stop.get()),
        logger(time, options.min_log_level),
        observer(options.log_announcements ? &logger : nullptr),
        kernel({.time = time, .picker = picker, .stacks = stacks}),
        group(kernel.MakeGroup("process")),
        spawner(group),
        transport(spawner),
        env{.clock = time,
            .spawner = spawner,
            .files = files,
            .transport = transport,
            .random = random,
            .observer = observer,
            .logger = logger,
            .host_name = HostName()} {}
  // First of all: what unwinds still uses the spawner and the transport.
  ~Parts() { kernel.Shutdown(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  std::unique_ptr<StopSignal> stop;
  OsTime time;
  FifoPicker picker;
  StackPool stacks;
  StderrLogger logger;
  LoggingObserver observer;
  OsRandom random;
  PosixFileSystem files;
  Kernel kernel;
  TaskGroup& group;
  FiberSpawner spawner;
  LoopbackTransport transport;
  Env env;
};

RealEnv::RealEnv(const RealEnvOptions& options) : parts_(std::make_unique<Parts>(options)) {}

RealEnv::~RealEnv() = default;

Env& RealEnv::env() { return parts_->env; }

StopSignal* RealEnv::stop_signal() { return parts_->stop.get(); }

Status RealEnv::Run(const std::function<void(Env&)>& body) {
  bool done = false;
  parts_->kernel.Spawn(parts_->group, "main", [&] {
    body(parts_->env);
    done = true;
    parts_->kernel.Stop();
  });
  const RunResult result = parts_->kernel.Run();
  Status error;
  for (const FiberFailure& failure : result.failures) {
    const Left left = Inspect(failure);
    if (left.defect) {
      std::fprintf(stderr, "fiber %s: %s\n", failure.task.c_str(), left.defect->c_str());
      std::abort();
    }
    if (error.ok()) error = left.error;
  }
  if (!error.ok()) return error;
  if (done) return Status();
  return Status(Code::kInternal, fmt::format("the process is {}{}", RunEndName(result.end),
                                             Describe(result.waiting)));
}

Status RunMain(const std::function<void(Env&)>& body) {
  RealEnv real;
  return real.Run(body);
}

}  // namespace faultline
