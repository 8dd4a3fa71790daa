#pragma once

#include <functional>
#include <memory>

#include "core/base/status.h"
#include "core/env/env.h"

namespace faultline {

class StopSignal;

struct RealEnvOptions {
  // SIGINT and SIGTERM become a request (StopSignal) instead of ending the process.
  bool catch_signals = true;
  LogLevel min_log_level = LogLevel::kInfo;
  // Every announcement of the core as a log line.
  bool log_announcements = false;
};

// The real world: fibers on the machine's clock, its files, its entropy, lines on stderr; calls
// reach the servers of this process. One for each process; belongs to the thread that made it.
class RealEnv {
 public:
  explicit RealEnv(const RealEnvOptions& options = {});
  // Unwinds the fibers that are left.
  ~RealEnv();
  RealEnv(const RealEnv&) = delete;
  RealEnv& operator=(const RealEnv&) = delete;

  // Runs `body` in the root fiber until it returns. What leaves it, or any other fiber, comes back
  // as a Status that keeps the exception (see ThrowStatus). INTERNAL, naming who waits for what, if
  // nothing can happen any more. A failed assertion is printed and aborts the process.
  Status Run(const std::function<void(Env&)>& body);

  Env& env();
  // Null if signals are not caught.
  StopSignal* stop_signal();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// What main() calls: a RealEnv with its defaults and one Run.
Status RunMain(const std::function<void(Env&)>& body);

}  // namespace faultline
