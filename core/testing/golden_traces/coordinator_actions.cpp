// Coordinators, their threads, and loopers.

#include <array>
#include <optional>
#include <set>
#include <vector>

#include "core/base/error.h"
#include "core/session/looper_thread.h"
#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/errors.h"
#include "core/testing/golden_traces/scripted_thread.h"

namespace faultline::testing {

namespace {

std::shared_ptr<Coordinator> CoordinatorOf(const ActionCall& call) {
  return Named(call.driver.names().coordinators, call.params, "on");
}

Json Make(const ActionCall& call) {
  auto& made = call.driver.names().coordinators[call.params.Text("as")];
  if (!call.params.Has("clean_stop")) {
    made = std::make_shared<Coordinator>(call.driver.env());
    return nullptr;
  }
  std::set<Code> codes;
  for (const Json& error : call.params.List("clean_stop")) {
    codes.insert(MakeError(error, call.params.where() + ".clean_stop").code());
  }
  made = std::make_shared<Coordinator>(call.driver.env(), std::move(codes));
  return nullptr;
}

Json MakeThread(const ActionCall& call) {
  const Params& params = call.params;
  const bool registered = params.Has("register_with");
  const auto coordinator =
      registered ? Named(call.driver.names().coordinators, params, "register_with") : nullptr;
  const std::string name = params.Text("as");
  const auto thread = StartScriptedThread(call.driver.world(), params, name, coordinator.get());
  call.driver.names().threads[name] = thread;
  if (registered) coordinator->RegisterThread(thread);
  return nullptr;
}

Json RequestStop(const ActionCall& call) {
  Status reason;
  if (call.params.Has("error")) {
    reason = MakeError(call.params.At("error"), call.params.where() + ".error");
  }
  CoordinatorOf(call)->RequestStop(reason);
  return nullptr;
}

Json ShouldStop(const ActionCall& call) { return CoordinatorOf(call)->ShouldStop(); }

Json WaitForStop(const ActionCall& call) {
  if (!call.params.Has("timeout")) return CoordinatorOf(call)->WaitForStop();
  return CoordinatorOf(call)->WaitForStop(Duration::FromSeconds(call.params.Number("timeout")));
}

Json ClearStop(const ActionCall& call) {
  CoordinatorOf(call)->ClearStop();
  return nullptr;
}

Json Joined(const ActionCall& call) { return CoordinatorOf(call)->joined(); }

Json RaiseRequested(const ActionCall& call) {
  CoordinatorOf(call)->RaiseRequestedException();
  return nullptr;
}

Json StopOnException(const ActionCall& call) {
  CoordinatorOf(call)->StopOnException(
      [&] { ThrowStatus(MakeError(call.params.At("error"), call.params.where() + ".error")); });
  return "after the scope";
}

void ShowSleeps(const ActionCall& call, const Coordinator& coordinator) {
  Json secs = Json::array();
  Duration total;
  for (const Duration sleep : coordinator.join_sleeps()) {
    secs.push_back(sleep.seconds());
    total += sleep;
  }
  call.driver.recorder().Add(
      {{"e", "join_sleeps"}, {"secs", std::move(secs)}, {"total", total.seconds()}});
}

Json Join(const ActionCall& call) {
  const Params& params = call.params;
  const auto coordinator = CoordinatorOf(call);
  std::vector<std::shared_ptr<Task>> threads;
  if (params.Has("threads")) {
    for (const Json& name : params.List("threads")) {
      const auto found = call.driver.names().threads.find(name.get<std::string>());
      if (found == call.driver.names().threads.end()) params.Fail("threads", "names of threads");
      threads.push_back(found->second);
    }
  }
  const Status joined =
      coordinator->TryJoin(threads, Duration::FromSeconds(params.Number("grace", 120)),
                           params.Flag("ignore_live_threads"));
  if (params.Flag("show_sleeps")) ShowSleeps(call, *coordinator);
  ThrowIfError(joined);
  return nullptr;
}

class ShownLooper final : public LooperThread {
 public:
  ShownLooper(Env& env, std::shared_ptr<Coordinator> coordinator, std::optional<Duration> interval,
              std::function<void()> target, Recorder& recorder)
      : LooperThread(env, std::move(coordinator), interval, std::move(target)),
        recorder_(recorder) {}

 protected:
  void StartLoop() override { recorder_.AddTimed({{"e", "looper"}, {"cb", "start_loop"}}); }
  void StopLoop() override { recorder_.AddTimed({{"e", "looper"}, {"cb", "stop_loop"}}); }

 private:
  Recorder& recorder_;
};

Json RunLooper(const ActionCall& call) {
  const Params& params = call.params;
  const auto coordinator = CoordinatorOf(call);
  std::optional<Duration> interval;
  if (params.Has("interval")) interval = Duration::FromSeconds(params.Number("interval"));
  const Json durations = params.List("durations");
  const std::int64_t stop_at = params.Has("stop_at") ? params.Integer("stop_at") : 0;
  const std::int64_t raise_at = params.Has("raise_at") ? params.Integer("raise_at") : 0;
  std::int64_t calls = 0;
  const auto target = [&] {
    const auto n = static_cast<std::size_t>(++calls);
    call.driver.recorder().AddTimed({{"e", "looper"}, {"cb", "call"}, {"n", calls}});
    if (n <= durations.size()) {
      call.driver.world().Advance(Duration::FromSeconds(durations[n - 1].get<double>()));
    }
    if (calls == stop_at) coordinator->RequestStop();
    if (calls == raise_at) ThrowStatus(MakeError(params.At("error"), params.where() + ".error"));
  };
  const auto looper = MakeLooper<ShownLooper>(call.driver.env(), coordinator, interval, target,
                                              call.driver.recorder());
  looper->Start();
  looper->Join({.what = "the end of a looper"});
  return nullptr;
}

constexpr std::array kActions = {
    ActionKind{"coordinator", Make, "as clean_stop"},
    ActionKind{"thread", MakeThread, "as ends_at ends_after_stop register_with"},
    ActionKind{"request_stop", RequestStop, "on error"},
    ActionKind{"coord_should_stop", ShouldStop, "on"},
    ActionKind{"wait_for_stop", WaitForStop, "on timeout"},
    ActionKind{"clear_stop", ClearStop, "on"},
    ActionKind{"joined", Joined, "on"},
    ActionKind{"raise_requested", RaiseRequested, "on"},
    ActionKind{"stop_on_exception", StopOnException, "on error"},
    ActionKind{"join", Join, "on threads grace ignore_live_threads show_sleeps"},
    ActionKind{"looper", RunLooper, "on interval durations stop_at raise_at error"},
};

}  // namespace

std::span<const ActionKind> CoordinatorActions() { return kActions; }

}  // namespace faultline::testing
