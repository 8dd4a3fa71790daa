// What the session layer costs on the operating system, in processor time, least of ten rounds.
//   MonitoredRun/HOOKS       overhead_us: a monitored run less a raw run of the same session kind,
//                            with that many hooks that only have the default callbacks
//   MonitoredRunBusyHooks    the same with hooks that fetch the global step and wait to act
//   PrepareSession/VARIABLES prepare_ms: opening, restoring a checkpoint in the page cache,
//                            initialising local variables and the check that all is ready
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/env/file_system.h"
#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/os/real_env.h"
#include "core/session/hooks/step_counter_hook.h"
#include "core/session/hooks/stop_at_step_hook.h"
#include "core/session/monitored_session.h"
#include "core/session/scaffold.h"
#include "core/session/session_manager.h"
#include "scenarios/harness/composition.h"

namespace faultline {
namespace {

constexpr int kRounds = 10;
constexpr int kRunsInRound = 20'000;
constexpr std::int64_t kNever = 1'000'000'000'000;

double ProcessorSeconds() {
  timespec used;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// A process of its own on the real clock and the real files, quiet.
void InProcess(const Semantics& semantics, const std::function<void(Runtime&)>& body) {
  RealEnv world(RealEnvOptions{.catch_signals = false, .min_log_level = LogLevel::kError});
  const Status ran = world.Run([&](Env& env) {
    scenarios::ProcessRuntime process(
        env,
        {.semantics = semantics, .profile = scenarios::MakeProfile(""), .wrap_sessions = nullptr});
    body(process.runtime());
  });
  ThrowIfError(ran);
}

// Seconds of one call, of many.
double TimeRuns(const std::function<void()>& run) {
  const double start = ProcessorSeconds();
  for (int i = 0; i < kRunsInRound; ++i) run();
  return (ProcessorSeconds() - start) / kRunsInRound;
}

// Raw and monitored runs by turns, so that both see the same machine.
void CompareRuns(benchmark::State& state, const HookList& hooks) {
  InProcess(Semantics::Tf(), [&](Runtime& runtime) {
    Graph graph;
    Operation* init = GetOrCreateGlobalStep(graph).initializer;
    GetOrCreateGlobalStepRead(graph);
    Operation* step = IncrementGlobalStep(graph);
    MonitoredSession monitored(runtime, graph,
                               {.hooks = hooks, .stop_grace_period = Duration::Seconds(1)});
    const auto raw = runtime.sessions.Open("", graph, SessionConfig());
    ThrowIfError(raw.status());
    (*raw)->Run(init);
    double raw_secs = std::numeric_limits<double>::max();
    double monitored_secs = raw_secs;
    for (auto _ : state) {
      raw_secs = std::min(raw_secs, TimeRuns([&] { (*raw)->Run(step); }));
      monitored_secs = std::min(monitored_secs, TimeRuns([&] { monitored.Run(step); }));
    }
    state.counters["raw_us"] = raw_secs * 1e6;
    state.counters["monitored_us"] = monitored_secs * 1e6;
    state.counters["overhead_us"] = (monitored_secs - raw_secs) * 1e6;
    monitored.Close();
    (*raw)->Close();
  });
}

void MonitoredRun(benchmark::State& state) {
  HookList hooks;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    hooks.push_back(std::make_shared<SessionRunHook>());
  }
  CompareRuns(state, hooks);
}
BENCHMARK(MonitoredRun)->Arg(0)->Arg(1)->Arg(8)->Iterations(kRounds);

// Hooks as training sessions have them, far from acting.
void MonitoredRunBusyHooks(benchmark::State& state) {
  HookList hooks;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    if (i % 2 == 0) {
      hooks.push_back(std::make_shared<StopAtStepHook>(StopAtStep::LastStep(kNever)));
    } else {
      hooks.push_back(
          std::make_shared<StepCounterHook>(StepCounterHookOptions{.every_n_steps = kNever}));
    }
  }
  CompareRuns(state, hooks);
}
BENCHMARK(MonitoredRunBusyHooks)->Arg(1)->Arg(8)->Iterations(kRounds);

// A folder of this machine that is gone afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = "/tmp/session_bench_XXXXXX";
    FL_ASSERT(::mkdtemp(path.data()) != nullptr, "no folder {}", path);
    path_ = path;
  }
  const std::string& path() const { return path_; }
  void Remove(FileSystem& files) const {
    const auto names = files.List(path_);
    ThrowIfError(names.status());
    for (const std::string& name : *names) ThrowIfError(files.Remove(JoinPath(path_, name)));
    ThrowIfError(files.RemoveDirectory(path_));
  }

 private:
  std::string path_;
};

void PrepareAgainAndAgain(benchmark::State& state, const Semantics& semantics) {
  InProcess(semantics, [&](Runtime& runtime) {
    const TemporaryFolder folder;
    Graph graph;
    GetOrCreateGlobalStep(graph);
    for (std::int64_t i = 1; i < state.range(0); ++i) {
      MakeVariable(graph, Tensor(DataType::kFloat, TensorShape({10})), fmt::format("v{}", i));
    }
    Scaffold scaffold;
    scaffold.Finalize(runtime, graph);
    const SessionManagerOptions ready{
        .local_init_op = scaffold.local_init_op(),
        .ready_op = scaffold.ready_op(),
        .ready_for_local_init_op = scaffold.ready_for_local_init_op()};
    PrepareOptions prepare{
        .saver = scaffold.saver(), .checkpoint_dir = folder.path(), .init_op = scaffold.init_op()};
    {
      const auto session = SessionManager(runtime, graph, ready).PrepareSession(prepare);
      scaffold.saver()->Save(*session, JoinPath(folder.path(), "model.ckpt"), {.global_step = 7});
      session->Close();
    }
    prepare.init_op = Fetch();  // nothing but the checkpoint can make the model ready
    double least = std::numeric_limits<double>::max();
    for (auto _ : state) {
      const double start = ProcessorSeconds();
      const auto session = SessionManager(runtime, graph, ready).PrepareSession(prepare);
      least = std::min(least, ProcessorSeconds() - start);
      session->Close();
    }
    state.counters["prepare_ms"] = least * 1e3;
    folder.Remove(runtime.env.files);
  });
}

void PrepareSession(benchmark::State& state) { PrepareAgainAndAgain(state, Semantics::Tf()); }
BENCHMARK(PrepareSession)->Arg(10)->Arg(1000)->Iterations(kRounds)->Unit(benchmark::kMillisecond);

void PrepareSessionStrict(benchmark::State& state) {
  PrepareAgainAndAgain(state, Semantics::Strict());
}
BENCHMARK(PrepareSessionStrict)
    ->Arg(10)
    ->Arg(1000)
    ->Iterations(kRounds)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace faultline

BENCHMARK_MAIN();
