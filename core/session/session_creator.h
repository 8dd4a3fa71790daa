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
  virtual Result<std::unique_ptr<Session>> CreateSession() = 0;  // suspends
  // The graph its sessions run.
  virtual Graph& graph() const = 0;
  // "chief" or "worker", for traces.
  virtual std::string role() const { return "custom"; }
};

// CR-2..CR-4: restores or initialises.
struct ChiefSessionCreatorOptions {
  std::shared_ptr<Scaffold> scaffold;  // null: a new default one
  std::string master;
  SessionConfig config;
  std::string checkpoint_dir;
  std::string checkpoint_filename_with_path;
};
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

// CR-5, CR-6: waits until the chief has made the model ready.
struct WorkerSessionCreatorOptions {
  std::shared_ptr<Scaffold> scaffold;
  std::string master;
  SessionConfig config;
  Duration max_wait = Duration::Seconds(1800);
};
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
