#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/base/status.h"
#include "core/base/time.h"
#include "core/env/env.h"
#include "sim/disk_state.h"
#include "sim/trace.h"

namespace faultline::sim {

class Process;
class SimDisk;
class Simulator;

// The program of a process: called on the root fiber of each incarnation. Its return ends the
// process. What it throws (but an Unwind) ends it too, and is recorded.
using NodeMain = std::function<void(Env&)>;

struct NodeOptions {
  // Unique, no '/', no '#'.
  std::string name;
  // Name of its machine; empty: that of the node.
  std::string host_name = {};
  // Its wall clock shows SimulatorOptions::wall_epoch + virtual time + this.
  Duration wall_offset = {};
  std::int64_t operations_per_second = 1'000'000'000;
  // Disk behind "/"; null: the node gets one of its own.
  SimDisk* disk = nullptr;
  // Further disks: absolute path of the mount -> disk. The longest match counts.
  struct Mount {
    SimDisk* disk = nullptr;
    bool read_only = false;
  };
  std::map<std::string, Mount> mounts = {};
};

enum class NodeState : std::uint8_t {
  kNew,      // not started yet
  kRunning,  // its root fiber lives
  kEnded,    // the program returned or threw
  kDown,     // crashed or lost its power
};

// How one incarnation ended.
struct NodeExit {
  enum class How : std::uint8_t { kReturned, kThrew, kCrashed, kPowerFailed };
  std::uint32_t incarnation = 0;
  How how = How::kReturned;
  Status status;  // of kThrew
  TimePoint time;
};
// "returned", "threw", "crashed", "power_failed".
std::string_view NodeExitName(NodeExit::How how);

// One simulated process: made by Simulator::AddNode, lives as long as the simulator. Its functions
// may be called from outside of Run, from events, from an interposer and from fibers of any node,
// its own included. None suspends; Crash and PowerFail of the node whose fiber calls do not return.
class Node {
 public:
  Node(Simulator& simulator, NodeId id, NodeOptions options);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Registers the program without starting it: for a late start by Restart.
  void SetMain(NodeMain main);
  // SetMain and Restart.
  void Start(NodeMain main);
  // Starts the next incarnation, whose root fiber calls the registered program. The node must not
  // be running; a second start while it runs is a no-op that returns false.
  bool Restart();

  // The process dies: its fibers unwind, its connections are reset, its disk keeps the page cache.
  // A no-op that returns false when it is not running.
  bool Crash();
  // The machine loses power: as a crash, but peers see nothing and its disks lose what was not
  // synced, as `loss` says. False if no process was running; the disks then lose it all the same.
  bool PowerFail(LossModel loss = LossModel::kDrawn);
  // Its fibers stand still; its machine goes on acknowledging messages.
  bool Pause();
  bool Resume();
  // Computing and file operations take `factor` times as long; 1 is normal. factor > 0.
  void SlowDown(Ratio factor);
  // Moves its wall clock by so much; the monotonic clock is not touched.
  void JumpWallClock(Duration by);

  const std::string& name() const { return options_.name; }
  NodeId id() const { return id_; }
  const NodeOptions& options() const { return options_; }
  Simulator& simulator() const { return simulator_; }
  NodeState state() const { return state_; }
  bool running() const { return state_ == NodeState::kRunning; }
  bool paused() const { return paused_; }
  // Of the current or last process; 0 before the first.
  std::uint32_t incarnation() const { return incarnation_; }
  // Turns of all incarnations.
  std::uint64_t turns() const { return turns_; }
  // How each ended incarnation ended, in order.
  const std::vector<NodeExit>& exits() const { return exits_; }
  // The disk behind "/".
  SimDisk& disk() const { return *disk_; }
  Ratio slow_down() const { return slow_down_; }

  // ---- for the simulator's own parts ----
  Process* process() const { return process_; }
  void CountTurn() { ++turns_; }
  TimePoint WallNow() const;
  // `normal` stretched by the slow-down.
  Duration Stretch(Duration normal) const;

 private:
  void RunMain(Process& process);
  // Records the end and cuts the process off. Does not return on a fiber of the process itself.
  void End(NodeExit::How how, Status status);

  Simulator& simulator_;
  const NodeId id_;
  NodeOptions options_;
  SimDisk* disk_;
  NodeMain main_;
  NodeState state_ = NodeState::kNew;
  bool paused_ = false;
  Ratio slow_down_{1, 1};
  std::uint32_t incarnation_ = 0;
  std::uint64_t turns_ = 0;
  std::vector<NodeExit> exits_;
  // All incarnations: their fibers may still be unwinding when the next one starts.
  std::vector<std::unique_ptr<Process>> processes_;
  Process* process_ = nullptr;
};

}  // namespace faultline::sim
