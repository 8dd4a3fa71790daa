#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/env/spawner.h"
#include "sim/choices.h"
#include "sim/disk.h"
#include "sim/interposer.h"
#include "sim/network.h"
#include "sim/node.h"
#include "sim/outcome.h"
#include "sim/trace.h"

namespace faultline {
class Kernel;
class StackPool;
class VirtualTime;
}  // namespace faultline

namespace faultline::sim {

struct SimulatorOptions {
  std::uint64_t seed = 1;
  Overrides overrides = {};
  // Budgets: virtual time, events of the kernel (turns and timers), events without time moving.
  TimePoint time_budget = TimePoint::FromNanoseconds(std::int64_t{86'400} * 1'000'000'000 * 365);
  std::uint64_t event_budget = 50'000'000;
  std::uint64_t events_at_one_time = 1'000'000;
  TraceOptions trace = {};
  NetworkModel network = {};
  // Wall time of all nodes at virtual time 0 (2020-01-01 UTC).
  TimePoint wall_epoch = TimePoint::FromNanoseconds(1'577'836'800'000'000'000);
  // Observer::WantsDigests of all nodes.
  bool digests = true;
  // Stacks to use, shared by the simulators that follow each other on one thread; null: own ones.
  StackPool* stacks = nullptr;
};

// A fiber that had not ended when the run did: who waits for what, since when.
struct Waiter {
  std::string process;  // "chief#1"
  std::string task;
  std::string what;  // empty when it was ready to run
  TimePoint since;
  TimePoint deadline = TimePoint::Max();
  bool housekeeping = false;
  bool paused = false;
};

// How a run ended. passed, failed and vacuous are decided by who knows what was expected.
struct RunResult {
  RunEnd end = RunEnd::kFinished;
  // Why, for people: the assertion or exception of a crash, the explanation of a stuck run, the
  // budget. Empty when finished.
  std::string text;
  std::vector<Waiter> waiters;
  TimePoint end_time;  // virtual
  RunHashes hashes;
  std::uint64_t trace_events = 0;
  std::uint64_t turns = 0;
};

// Owner of clock, kernel, choices, trace, nodes, network and disks of one run. No globals: any
// number of simulators live side by side, each used by one OS thread.
class Simulator {
 public:
  explicit Simulator(SimulatorOptions options = {});
  // Unwinds what still lives.
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // ---- building; also possible while the run goes on ----
  Node& AddNode(NodeOptions options);
  // A disk of its own, for mounts. `name` is unique among disks; those of nodes bear their names.
  SimDisk& AddDisk(std::string name, DiskOptions options = {});
  // Null takes it away. Must outlive the run.
  void SetInterposer(Interposer* interposer) { interposer_ = interposer; }
  // Calls back at that virtual time, outside of fibers; must not suspend. kHousekeeping: a run in
  // which nothing else is left ends without it.
  void At(TimePoint time, std::function<void()> callback, WaitKind kind = WaitKind::kProgress);
  void After(Duration delay, std::function<void()> callback, WaitKind kind = WaitKind::kProgress);

  // ---- running ----
  // Runs until every program has ended and no callback is due, until nothing can happen, or until a
  // budget is used up. May be called again after kStopped.
  RunResult Run();
  // Ends the run before the next turn.
  void Stop(std::string reason);
  // Traces something that was done to the world: an injected fault, with the node it struck.
  void TraceFault(std::string_view name, NodeId node, std::initializer_list<Field> fields);

  TimePoint now() const;
  ChoiceSource& choices() { return choices_; }
  Trace& trace() { return trace_; }
  SimNetwork& network() { return *network_; }
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  // Null if there is none of that name.
  Node* FindNode(std::string_view name) const;
  SimDisk* FindDisk(std::string_view name) const;
  const SimulatorOptions& options() const { return options_; }
  // What a comparison with another run needs.
  TraceRecord Record() const;

  // ---- for the simulator's own parts ----
  Kernel& kernel() { return *kernel_; }
  Interposer& interposer() { return interposer_ != nullptr ? *interposer_ : no_faults_; }
  void Register(Process& process);
  void TraceAnnouncement(const Node& node, Point point, std::initializer_list<Field> fields);
  // Appends an event of now. `node` may be null: the world.
  void TraceNode(EventKind kind, const Node* node, std::string_view name,
                 std::initializer_list<Field> fields, std::uint64_t digest = 0);

 private:
  class DrawnPicker;
  class Hooks;

  const SimulatorOptions options_;
  ChoiceSource choices_;
  Trace trace_;
  Interposer* interposer_ = nullptr;
  Interposer no_faults_;
  std::string stop_reason_;
  std::unique_ptr<VirtualTime> clock_;
  std::unique_ptr<DrawnPicker> picker_;
  std::unique_ptr<Hooks> hooks_;
  std::unique_ptr<StackPool> own_stacks_;
  std::vector<std::unique_ptr<SimDisk>> disks_;
  // By the index of their group in the kernel.
  std::vector<Process*> processes_;
  std::vector<std::unique_ptr<Node>> nodes_;
  // Before the kernel goes, everything above must still be there; see the destructor.
  std::unique_ptr<Kernel> kernel_;
  std::unique_ptr<SimNetwork> network_;
};

}  // namespace faultline::sim
