#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/exec/client_session.h"
#include "core/exec/executor.h"
#include "core/exec/kernel_registry.h"
#include "core/exec/resource_manager.h"
#include "core/exec/session_factory.h"

namespace faultline {

// The in-process session: its own store (SE-2), kernels on this process's fibers.
class DirectSession final : public ClientSession {
 public:
  DirectSession(Env& env, Semantics semantics, const KernelRegistry& kernels, Graph& graph,
                SessionConfig config, std::uint64_t id);
  ~DirectSession() override;

  // The session's store, for inspection.
  ResourceManager& resources() { return resources_; }

 protected:
  Result<std::vector<Tensor>> RunStep(const StepRequest& request) override;
  Status CloseEngine() override;

 private:
  ResourceManager resources_;
  ExecEnvironment environment_;
  Executor executor_;
};

// Opens in-process sessions for target "" and leaves every other target to `others`.
class LocalSessionFactory final : public SessionFactory {
 public:
  struct Options {
    Env& env;
    Semantics semantics;
    const KernelRegistry& kernels;
    // Numbers for sessions, never reused in this process (Runtime::NextId).
    std::function<std::uint64_t()> next_id;
    // For targets other than ""; null: they give NOT_FOUND.
    SessionFactory* others = nullptr;
  };
  // What the options point to outlives the factory and its sessions.
  explicit LocalSessionFactory(Options options);

  Result<std::unique_ptr<Session>> Open(const std::string& target, Graph& graph,
                                        const SessionConfig& config) override;

 private:
  Options options_;
};

}  // namespace faultline
