#include "core/exec/executor.h"

#include <utility>

#include "core/exec/step_graph.h"
#include "core/exec/step_run.h"

namespace faultline {
namespace {

// Beyond this many kinds of steps all are forgotten and made anew when needed.
constexpr std::size_t kMaxPrepared = 1024;

}  // namespace

Executor::Executor(const ExecEnvironment& environment, const KernelRegistry& kernels,
                   const Graph& graph)
    : environment_(environment), kernels_(kernels), graph_(graph) {}

Executor::~Executor() = default;

Result<std::vector<Tensor>> Executor::Run(const StepArguments& arguments) {
  FL_ASSIGN_OR_RETURN(const std::shared_ptr<StepGraph> step, Prepare(arguments));
  return StepRun(environment_, *step, arguments).Run();
}

Result<std::shared_ptr<StepGraph>> Executor::Prepare(const StepArguments& arguments) {
  key_.clear();
  key_.push_back(static_cast<int>(arguments.fetches.size()));
  for (const Output& fetch : arguments.fetches) {
    key_.push_back(fetch.op->id());
    key_.push_back(fetch.index);
  }
  key_.push_back(static_cast<int>(arguments.feeds.size()));
  for (const auto& [output, value] : arguments.feeds) {
    key_.push_back(output.op->id());
    key_.push_back(output.index);
  }
  for (const Operation* target : arguments.targets) key_.push_back(target->id());
  const auto found = prepared_.find(key_);
  if (found != prepared_.end()) return found->second;
  FL_ASSIGN_OR_RETURN(std::shared_ptr<StepGraph> made,
                      StepGraph::Make(arguments.fetches, arguments.feeds, arguments.targets,
                                      [this](const Operation& op) { return KernelOf(op); }));
  if (prepared_.size() >= kMaxPrepared) prepared_.clear();
  prepared_.emplace(key_, made);
  return made;
}

Result<OpKernel*> Executor::KernelOf(const Operation& op) {
  FL_ASSERT(graph_.Contains(&op), "{} belongs to another graph", op.name());
  std::unique_ptr<OpKernel>& kernel = made_[op.id()];
  if (!kernel) {
    FL_ASSIGN_OR_RETURN(kernel, kernels_.Make(op));
  }
  return kernel.get();
}

}  // namespace faultline
