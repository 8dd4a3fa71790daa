// Processes, servers, files, time, and raw sessions.

#include <array>
#include <string>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/ops.h"
#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

namespace {

Json NewProcess(const ActionCall& call) {
  call.driver.NewProcess(call.params.Text("graph"));
  return nullptr;
}

Json StartServer(const ActionCall& call) {
  call.driver.process();
  call.driver.world().StartServer();
  call.driver.process().UseServer();
  return nullptr;
}

Json MakeCheckpoint(const ActionCall& call) {
  call.driver.MakeCheckpoint(call.params);
  return nullptr;
}

Json WriteFile(const ActionCall& call) {
  call.driver.world().fake.files().Put(call.driver.recorder().Absolute(call.params.Text("path")),
                                       call.params.Text("text"));
  return nullptr;
}

// Whether `name` fits a pattern with at most one "*".
bool Fits(const std::string& name, const std::string& pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string::npos) return name == pattern;
  return name.size() + 1 >= pattern.size() && name.starts_with(pattern.substr(0, star)) &&
         name.ends_with(pattern.substr(star + 1));
}

Json RemoveFile(const ActionCall& call) {
  const std::string path = call.driver.recorder().Absolute(call.params.Text("path"));
  FileSystem& files = call.driver.world().plain().files;
  const Result<std::vector<std::string>> listed = files.List(DirectoryOf(path));
  ThrowIfError(listed.status());
  int removed = 0;
  for (const std::string& name : *listed) {
    if (!Fits(name, BaseName(path))) continue;
    ThrowIfError(files.Remove(JoinPath(DirectoryOf(path), name)));
    ++removed;
  }
  if (removed == 0) call.params.Fail("path", "an existing file");
  return nullptr;
}

Json Advance(const ActionCall& call) {
  call.driver.world().Advance(Duration::FromSeconds(call.params.Number("secs")));
  return nullptr;
}

Json OpenRawSession(const ActionCall& call) {
  call.driver.names().sessions[call.params.Text("as", "s")] =
      call.driver.process().OpenSession(call.params.Text("target", ""));
  return nullptr;
}

Session& SessionOf(const ActionCall& call) {
  return *Named(call.driver.names().sessions, call.params, "on", "s");
}

Json RunRaw(const ActionCall& call) {
  const Json feeds = call.params.Has("feeds") ? call.params.At("feeds") : Json();
  const std::string& where = call.params.where();
  return JsonOf(call.driver.Run(SessionOf(call), FetchOf(call.params.At("fetches"), where),
                                FeedsOf(call.driver.graph(), feeds, where)));
}

Json InitAll(const ActionCall& call) {
  (void)call.driver.Run(SessionOf(call), {"init_all", "init_locals"});
  return nullptr;
}

Json CloseRaw(const ActionCall& call) {
  SessionOf(call).Close();
  return nullptr;
}

Json IsGraphFinal(const ActionCall& call) { return call.driver.graph().finalized(); }

Json AddOperation(const ActionCall& call) {
  (void)Constant(call.driver.graph(), Tensor::Scalar(0.0F), call.params.Text("name"));
  return nullptr;
}

constexpr std::array kActions = {
    ActionKind{"process", NewProcess, "graph"},
    ActionKind{"server", StartServer, ""},
    ActionKind{"checkpoint", MakeCheckpoint, "dir steps graph set init_feeds"},
    ActionKind{"write_file", WriteFile, "path text"},
    ActionKind{"remove_file", RemoveFile, "path"},
    ActionKind{"advance", Advance, "secs"},
    ActionKind{"raw_session", OpenRawSession, "as target"},
    ActionKind{"raw_run", RunRaw, "on fetches feeds"},
    ActionKind{"raw_close", CloseRaw, "on"},
    ActionKind{"init_all", InitAll, "on"},
    ActionKind{"graph_final", IsGraphFinal, ""},
    ActionKind{"add_op", AddOperation, "name"},
};

}  // namespace

std::span<const ActionKind> WorldActions() { return kActions; }

}  // namespace faultline::testing
