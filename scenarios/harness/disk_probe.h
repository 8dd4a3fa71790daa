#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/env/file_system.h"
#include "sim/interposer.h"
#include "sim/node.h"
#include "sim/trace.h"

namespace faultline::scenarios {

// The files of a node as they are right now, read from outside of the simulation: no time passes,
// no fault strikes, nothing is traced. Read only: what would change a file gives
// FAILED_PRECONDITION.
class DiskView final : public FileSystem {
 public:
  explicit DiskView(const sim::Node& node) : node_(node) {}
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<RandomAccessFile>> Open(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectory(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

 private:
  const sim::Node& node_;
};

// Looks at the disks when it matters and puts what it sees into the trace, for the checkers of
// durability: each acknowledged checkpoint that retention has not removed (CheckpointProbe), and
// what the state file names (StateProbe). It stands in front of another interposer and passes
// everything on.
class DiskProbe final : public sim::Interposer, public sim::TraceSink {
 public:
  explicit DiskProbe(sim::Interposer& next) : next_(next) {}

  // Looks from that node: at deaths, and at the end of the run. Not on a fiber.
  void Look(const sim::Node& node);

  void OnEvent(const sim::TraceEvent& event) override;
  void OnTurn(sim::Node& node, std::uint64_t turn) override { next_.OnTurn(node, turn); }
  void OnAnnounce(sim::Node& node, Point point, std::span<const Field> fields) override;
  sim::FileVerdict BeforeFile(sim::Node& node, const sim::FileCall& call) override {
    return next_.BeforeFile(node, call);
  }
  Status AfterFile(sim::Node& node, const sim::FileCall& call, const Status& outcome) override {
    return next_.AfterFile(node, call, outcome);
  }
  Status BeforeCall(sim::Node& caller, const sim::CallInfo& call) override {
    return next_.BeforeCall(caller, call);
  }
  Status AfterCall(sim::Node& caller, const sim::CallInfo& call, const Status& outcome) override {
    return next_.AfterCall(caller, call, outcome);
  }
  Status BeforeHandle(sim::Node& server, const sim::CallInfo& call) override {
    return next_.BeforeHandle(server, call);
  }
  Status AfterHandle(sim::Node& server, const sim::CallInfo& call, const Status& outcome) override {
    return next_.AfterHandle(server, call, outcome);
  }

 private:
  void ProbeState(const sim::Node& node, const std::string& directory);

  sim::Interposer& next_;
  std::set<std::string> acknowledged_;  // prefixes
  std::set<std::string> directories_;   // with a state file
};

}  // namespace faultline::scenarios
