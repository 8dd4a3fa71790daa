#pragma once

#include <cstdint>
#include <string>

#include "core/env/env.h"
#include "core/fiber/fiber_spawner.h"
#include "core/fiber/kernel.h"
#include "sim/sim_file_system.h"

namespace faultline::sim {

class Node;
class Process;
class Simulator;

// Clocks of a process: virtual time, and the node's wall time. Every reading is traced.
class SimClock final : public Clock {
 public:
  explicit SimClock(Process& process) : process_(process) {}
  TimePoint Now() override;
  TimePoint WallNow() override;

 private:
  Process& process_;
};

// Each purpose of each node is a stream of its own, which goes on over incarnations.
class SimRandom final : public Random {
 public:
  explicit SimRandom(Process& process) : process_(process) {}
  std::uint64_t Draw(std::string_view purpose) override;

 private:
  Process& process_;
};

// Traces what the core announces, then lets the interposer strike.
class SimObserver final : public Observer {
 public:
  explicit SimObserver(Process& process) : process_(process) {}
  void Announce(Point point, std::initializer_list<Field> fields) override;
  bool WantsDigests() const override;

 private:
  Process& process_;
};

class SimLogger final : public Logger {
 public:
  explicit SimLogger(Process& process) : process_(process) {}
  void Log(LogLevel level, std::string_view text) override;

 private:
  Process& process_;
};

// The Transport of one process: the network with its name on it.
class SimTransport final : public Transport {
 public:
  explicit SimTransport(Process& process) : process_(process) {}
  Result<std::unique_ptr<Message>> Call(const std::string& address, std::string_view method,
                                        std::unique_ptr<Message> request,
                                        const CallOptions& options) override;
  Status Serve(const std::string& address, std::string method, CallMethod handler) override;
  void StopServing(const std::string& address) override;

 private:
  Process& process_;
};

// One incarnation of a node: its fibers and its Env. When it has ended the Env is fenced: calls of
// fibers that are still unwinding have no effect, so that no destructor can save what a crash must
// lose (DESIGN 2.1(7)).
class Process {
 public:
  Process(Node& node, std::uint32_t incarnation);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // "chief#1"
  const std::string& name() const { return group_.name(); }
  Node& node() const { return node_; }
  Simulator& simulator() const;
  Kernel& kernel() const { return group_.kernel(); }
  TaskGroup& group() const { return group_; }
  std::uint32_t incarnation() const { return incarnation_; }
  // False once it has crashed, lost its power or ended.
  bool alive() const { return group_.alive(); }
  Env& env() { return env_; }
  SimFileSystem& files() { return files_; }
  std::uint64_t CountCall() { return ++calls_; }

  // What a call of a process that is no more answers, if it answers at all.
  static Status Gone();

 private:
  Node& node_;
  const std::uint32_t incarnation_;
  TaskGroup& group_;
  std::uint64_t calls_ = 0;
  SimClock clock_;
  FiberSpawner spawner_;
  SimFileSystem files_;
  SimTransport transport_;
  SimRandom random_;
  SimObserver observer_;
  SimLogger logger_;
  Env env_;
};

}  // namespace faultline::sim
