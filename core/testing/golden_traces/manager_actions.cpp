// SessionManager.

#include <array>

#include "core/base/error.h"
#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/pieces.h"

namespace faultline::testing {

namespace {

Json MakeManager(const ActionCall& call) {
  const Params& params = call.params;
  TraceProcess& process = call.driver.process();
  SessionManagerOptions options;
  options.local_init_op = PieceOf(call.driver, params, "local_init_op");
  options.ready_op = PieceOf(call.driver, params, "ready_op");
  options.ready_for_local_init_op = PieceOf(call.driver, params, "ready_for_local_init_op");
  options.local_init_feeds = FeedsOf(call.driver, params, "local_init_feeds");
  if (params.Has("recovery_wait_secs")) {
    options.recovery_wait = Duration::FromSeconds(params.Number("recovery_wait_secs"));
  }
  process.pieces.Add("local_init_op", options.local_init_op);
  process.pieces.Add("ready_op", options.ready_op);
  process.pieces.Add("ready_for_local_init_op", options.ready_for_local_init_op);
  call.driver.names().managers[params.Text("as")] =
      std::make_shared<SessionManager>(process.runtime, process.graph(), std::move(options));
  return nullptr;
}

PrepareOptions OptionsOf(const ActionCall& call) {
  const Params& params = call.params;
  const Recorder& recorder = call.driver.recorder();
  PrepareOptions options;
  options.target = params.Text("target", "");
  options.saver = MakeSaver(call.driver, params, "saver");
  options.checkpoint_dir = recorder.Absolute(params.Text("dir", ""));
  options.checkpoint_filename_with_path = recorder.Absolute(params.Text("file", ""));
  options.wait_for_checkpoint = params.Flag("wait_for_checkpoint");
  if (params.Has("max_wait_secs")) {
    options.max_wait = Duration::FromSeconds(params.Number("max_wait_secs"));
  }
  options.init_op = PieceOf(call.driver, params, "init_op");
  call.driver.process().pieces.Add("init_op", options.init_op);
  options.init_feeds = FeedsOf(call.driver, params, "init_feeds");
  if (params.Has("init_fn")) {
    options.init_fn = MakeInitFn(call.driver, params.Object("init_fn"));
  }
  return options;
}

SessionManager& ManagerOf(const ActionCall& call) {
  return *Named(call.driver.names().managers, call.params, "on");
}

int Keep(const ActionCall& call, std::unique_ptr<Session> session) {
  const int number = call.driver.world().NumberOf(session->id());
  call.driver.names().sessions[call.params.Text("as", "s")] = std::move(session);
  return number;
}

Json Prepare(const ActionCall& call) {
  return {{"s", Keep(call, ManagerOf(call).PrepareSession(OptionsOf(call)))}};
}

Json Recover(const ActionCall& call) {
  RecoveredSession recovered = ManagerOf(call).RecoverSession(OptionsOf(call));
  const bool initialized = recovered.initialized;
  return {{"s", Keep(call, std::move(recovered.session))}, {"initialized", initialized}};
}

Json Wait(const ActionCall& call) {
  const Params& params = call.params;
  const Duration max_wait = params.Has("max_wait_secs")
                                ? Duration::FromSeconds(params.Number("max_wait_secs"))
                                : Duration::Max();
  return {
      {"s", Keep(call, ManagerOf(call).WaitForSession(params.Text("target", ""), {}, max_wait))}};
}

constexpr std::string_view kPrepareFields =
    "on as init_op init_feeds init_fn saver dir file wait_for_checkpoint max_wait_secs target";

constexpr std::array kActions = {
    ActionKind{"session_manager", MakeManager,
               "as local_init_op ready_op ready_for_local_init_op recovery_wait_secs "
               "local_init_feeds"},
    ActionKind{"prepare", Prepare, kPrepareFields},
    ActionKind{"recover", Recover, kPrepareFields},
    ActionKind{"wait", Wait, "on as max_wait_secs target"},
};

}  // namespace

std::span<const ActionKind> ManagerActions() { return kActions; }

}  // namespace faultline::testing
