#pragma once

#include <memory>
#include <string>

#include "core/exec/session_factory.h"
#include "core/session/scaffold.h"
#include "core/session/session_manager.h"

namespace faultline {

// CR-1: makes raw sessions; may be called any number of times.
class SessionCreator {
 public:
  virtual ~SessionCreator() = default;
  // A new open session whose model is ready, or why there is none. Suspends.
  virtual Result<std::unique_ptr<Session>> CreateSession() = 0;
  // The graph its sessions run.
  virtual Graph& graph() const = 0;
  // "chief" or "worker", for traces.
  virtual std::string role() const { return "custom"; }
};

// CR-2.
struct ChiefSessionCreatorOptions {
  std::shared_ptr<Scaffold> scaffold = {};  // null: a new default one
  std::string master = {};                  // target of its sessions; "": in-process
  SessionConfig config = {};
  std::string checkpoint_dir = {};  // at most one of these two (CR-4)
  std::string checkpoint_filename_with_path = {};
};
// CR-3, CR-4: restores the newest checkpoint, or initialises. It never waits for a checkpoint.
// `runtime` and `graph` outlive it.
class ChiefSessionCreator : public SessionCreator {
 public:
  ChiefSessionCreator(Runtime& runtime, Graph& graph, ChiefSessionCreatorOptions options = {});
  Result<std::unique_ptr<Session>> CreateSession() override;
  Graph& graph() const override { return graph_; }
  std::string role() const override { return "chief"; }
  Scaffold& scaffold() const { return *options_.scaffold; }

 private:
  Runtime& runtime_;
  Graph& graph_;
  ChiefSessionCreatorOptions options_;
  std::unique_ptr<SessionManager> manager_;
};

// CR-5.
struct WorkerSessionCreatorOptions {
  std::shared_ptr<Scaffold> scaffold = {};
  std::string master = {};
  SessionConfig config = {};
  Duration max_wait = Duration::Seconds(1800);
};
// CR-6: waits until the chief has made the model ready. `runtime` and `graph` outlive it.
class WorkerSessionCreator : public SessionCreator {
 public:
  WorkerSessionCreator(Runtime& runtime, Graph& graph, WorkerSessionCreatorOptions options = {});
  Result<std::unique_ptr<Session>> CreateSession() override;
  Graph& graph() const override { return graph_; }
  std::string role() const override { return "worker"; }

 private:
  Runtime& runtime_;
  Graph& graph_;
  WorkerSessionCreatorOptions options_;
  std::unique_ptr<SessionManager> manager_;
};

}  // namespace faultline
