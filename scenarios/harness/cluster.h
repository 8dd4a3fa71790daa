#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "faults/injector.h"
#include "scenarios/harness/composition.h"
#include "scenarios/harness/data_files.h"
#include "scenarios/harness/disk_probe.h"
#include "scenarios/harness/program.h"
#include "scenarios/harness/scenario.pb.h"
#include "sim/simulator.h"

namespace faultline::scenarios {

// Where programs of a simulated cluster find things.
inline constexpr std::string_view kCheckpointDir = "/ckpt";
inline constexpr std::string_view kDataDir = "/data";

struct ClusterOptions {
  const ProgramRegistry& programs;
  const DataFiles& data;
  sim::TraceOptions trace;
  // Hear every event from the first on. Outlive the cluster.
  std::vector<sim::TraceSink*> sinks;
  // Stacks to use, of this thread; null: own ones.
  StackPool* stacks = nullptr;
};

// One scenario in one simulator: its nodes with their disks and programs, its faults, its
// supervisor, and the probes of its disks. The scenario is valid and outlives it.
class Cluster {
 public:
  Cluster(const v1::Scenario& scenario, ClusterOptions options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Runs until every training program has ended for good, until nothing can happen, or until a
  // budget is used up. Once.
  sim::RunResult Run();

  // The training programs have all ended for good: kStopped then means that the run is over.
  bool done() const { return done_; }
  sim::Simulator& simulator() { return *simulator_; }
  const faults::Injector& injector() const { return *injector_; }
  const v1::Scenario& scenario() const { return scenario_; }

 private:
  struct Member;

  void AddDisks();
  void AddNode(const v1::NodeSpec& spec);
  void RunMember(Member& member, Env& env);
  ProgramContext MakeContext(Member& member, Runtime& runtime) const;
  // Outside of fibers, at the instant when a process has ended in one of the two ways.
  void OnDeath(sim::Node& node);
  void OnProgramEnd(Member& member, bool failed);
  void RestartOrGiveUp(Member& member);
  void StopIfDone();

  const v1::Scenario& scenario_;
  const ClusterOptions options_;
  const ProgramInfo& program_;
  bool done_ = false;
  std::vector<std::unique_ptr<Member>> members_;  // by NodeId
  std::unique_ptr<sim::Simulator> simulator_;
  sim::SimDisk* shared_disk_ = nullptr;
  sim::SimDisk* data_disk_ = nullptr;
  std::unique_ptr<faults::Injector> injector_;
  std::unique_ptr<DiskProbe> probe_;
};

// Address of a server node, "name:2222".
std::string AddressOfNode(const std::string& node);
ProgramRole MakeRole(v1::Role role);

}  // namespace faultline::scenarios
