#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint_kernels.h"
#include "core/checkpoint/saver.h"
#include "core/exec/direct_session.h"
#include "core/exec/runtime.h"
#include "core/graph/graph.h"
#include "core/graph/ops.h"
#include "core/summary/events_writer.h"

namespace faultline::testing {

// One process that can save and restore: everything a Saver needs, on a given Env.
class SaverProcess {
 public:
  explicit SaverProcess(Env& env, Semantics semantics = Semantics::Tf())
      : events_(env),
        factory_({.env = env,
                  .semantics = semantics,
                  .kernels = kernels_,
                  .next_id = [this] { return ++last_id_; },
                  .others = nullptr}),
        runtime_{.env = env,
                 .semantics = semantics,
                 .kernels = kernels_,
                 .sessions = factory_,
                 .events = events_,
                 .servers = {},
                 .last_id = 0} {
    RegisterStandardKernels(kernels_);
    RegisterCheckpointKernels(kernels_);
  }

  Graph& graph() { return *graph_; }
  Runtime& runtime() { return runtime_; }
  // Opened on first use, when the graph is complete.
  Session& session() {
    if (!session_) session_ = factory_.Open("", *graph_, {}).value();
    return *session_;
  }

  // A variable of the process's graph.
  Variable Make(const std::string& name, Tensor value, bool use_resource = false) {
    return MakeVariable(*graph_, std::move(value), name,
                        {.collections = {}, .use_resource = use_resource});
  }
  // Takes the place of the graph, before anything has been made in it.
  void UseGraph(std::unique_ptr<Graph> graph) { graph_ = std::move(graph); }
  void Initialize(const std::vector<Variable>& variables) {
    Operation* init = VariablesInitializer(*graph_, variables);
    session().Run(init);
  }
  void Set(const Variable& variable, Tensor value) {
    session().Run(Assign(variable, Constant(*graph_, std::move(value))));
  }
  Tensor Get(const Variable& variable) { return session().Run(variable).tensor(); }
  Status TryGet(const Variable& variable) {
    RunRequest request;
    request.fetches = Fetch(variable);
    return session().TryRun(request).status();
  }

 private:
  std::uint64_t last_id_ = 0;
  KernelRegistry kernels_;
  EventsWriterCache events_;
  LocalSessionFactory factory_;
  Runtime runtime_;
  std::unique_ptr<Graph> graph_ = std::make_unique<Graph>();
  std::unique_ptr<Session> session_;
};

}  // namespace faultline::testing
