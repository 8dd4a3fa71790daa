#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/env/cancel.h"
#include "core/env/step_context.h"
#include "core/exec/kernel_registry.h"
#include "core/exec/op_kernel.h"
#include "core/exec/run_options.h"

namespace faultline {

class StepGraph;

// What one step computes. `fetches` and `targets` hold no duplicates.
struct StepArguments {
  std::vector<Output> fetches;
  std::vector<std::pair<Output, Tensor>> feeds;
  std::vector<Operation*> targets;
  StepContext context;
  // At this moment the step is cancelled; it still waits for its kernels, then gives
  // DEADLINE_EXCEEDED (RF-46).
  TimePoint deadline = TimePoint::Max();
  // Ends the step early with its reason. May be null.
  CancelToken* cancel = nullptr;
  // Filled if not null.
  std::vector<NodeStats>* node_stats = nullptr;
};

// Runs steps of one graph (or of one partition of it) in one store. The graph may grow between
// steps; kernels are made once for each node, prepared steps once for each (fetches, feeds,
// targets). Steps may run at the same time on several fibers.
class Executor {
 public:
  // All must outlive the executor.
  Executor(const ExecEnvironment& environment, const KernelRegistry& kernels, const Graph& graph);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Values of the fetches, in order. Ready nodes run in the order of their ids, one at a time; an
  // asynchronous kernel that waits does not hold up the others. The first error wins and names its
  // node; after it no kernel starts and waiting ones are cancelled and waited for (RF-36). Effects
  // stay (SE-19). Suspends.
  Result<std::vector<Tensor>> Run(const StepArguments& arguments);

 private:
  Result<std::shared_ptr<StepGraph>> Prepare(const StepArguments& arguments);
  Result<OpKernel*> KernelOf(const Operation& op);

  const ExecEnvironment& environment_;
  const KernelRegistry& kernels_;
  const Graph& graph_;
  std::map<int, std::unique_ptr<OpKernel>> made_;  // by operation id
  std::map<std::vector<int>, std::shared_ptr<StepGraph>> prepared_;
  std::vector<int> key_;  // scratch
};

}  // namespace faultline
