#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/cluster/cluster_session_factory.h"
#include "core/cluster/runtime_profile.h"
#include "core/exec/direct_session.h"
#include "core/exec/kernel_registry.h"
#include "core/exec/runtime.h"
#include "core/summary/events_writer.h"
#include "scenarios/harness/program.h"
#include "scenarios/harness/scenario.pb.h"

namespace faultline::scenarios {

struct ProcessOptions {
  Semantics semantics;
  RuntimeProfile profile;
  // Put around the process's session factory: fault injection. Null: nothing. It may keep the
  // reference.
  std::function<std::unique_ptr<SessionFactory>(SessionFactory&)> wrap_sessions;
};

// All that one incarnation of a process is made of (DESIGN 2.1(1)); the one place that puts it
// together, in the simulator and on the operating system. Made on its root fiber.
class ProcessRuntime {
 public:
  ProcessRuntime(Env& env, const ProcessOptions& options);
  ProcessRuntime(const ProcessRuntime&) = delete;
  ProcessRuntime& operator=(const ProcessRuntime&) = delete;

  Runtime& runtime() { return runtime_; }

 private:
  KernelRegistry kernels_;
  LocalSessionFactory local_;
  ClusterSessionFactory cluster_;
  std::unique_ptr<SessionFactory> wrapped_;
  EventsWriterCache events_;
  Runtime runtime_;
};

// The switches that a scenario asks for. They must be known.
Semantics MakeSemantics(const v1::SemanticsSpec& spec);
// The profile that a scenario asks for; empty: retry.
RuntimeProfile MakeProfile(const std::string& name);
TrainingSettings MakeTraining(const v1::Program& program);
// Every parameter of the program, as given or by default.
std::map<std::string, std::string> MakeParameters(const ProgramInfo& info,
                                                  const v1::Program& program);

// Runs the program of a process, from ProgramStart to ProgramEnd, and returns how it ended: what it
// returned, or what it threw. Suspends.
Status RunProgram(const ProgramInfo& program, ProgramContext& context);

}  // namespace faultline::scenarios
