#include "core/testing/golden_traces/scripted_thread.h"

namespace faultline::testing {

std::shared_ptr<Task> StartScriptedThread(TraceWorld& world, const Params& params,
                                          const std::string& name, Coordinator* coordinator) {
  Env& env = world.plain();
  if (params.Has("ends_at")) {
    const Duration left =
        Duration::FromSeconds(params.Number("ends_at")) - (env.clock.Now() - TimePoint());
    return env.spawner.Spawn(name, [&env, left] { SleepFor(env, "the end of a thread", left); });
  }
  if (params.Has("ends_after_stop")) {
    if (coordinator == nullptr) params.Fail("ends_after_stop", "a thread with a coordinator");
    const Duration rest = Duration::FromSeconds(params.Number("ends_after_stop"));
    return env.spawner.Spawn(name, [&env, coordinator, rest] {
      coordinator->WaitForStop();
      SleepFor(env, "the end of a thread", rest);
    });
  }
  return env.spawner.Spawn(name, [&env] {
    const auto never = env.spawner.MakeWaitQueue();
    never->Wait({.what = "nothing: it never ends"});
  });
}

}  // namespace faultline::testing
