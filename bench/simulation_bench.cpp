// How fast rehearsals are, and how long recoveries take.
//
//   simulation_bench
//     Host cost: runs per core-second, virtual time over real time.
//
//   simulation_bench --table
//     Recovery latency of the fast suite in virtual time, as a table.
//
//   simulation_bench --check FILE
//     Exit code 1 unless that table equals the stored one exactly.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/fiber/stack_pool.h"
#include "scenarios/harness/harness.h"
#include "scenarios/harness/scenario_text.h"

namespace faultline {
namespace {

constexpr const char* kSuite[] = {"chief_crash_resumes", "linear_crash_same_weights",
                                  "save_power_failure_strict", "server_lost_and_restarted"};

scenarios::Assets Load() {
  auto assets = scenarios::LoadAssets();
  ThrowIfError(assets.status());
  return std::move(assets).value();
}

void AddNode(v1::Scenario& scenario, const std::string& name, v1::Role role,
             const std::string& server) {
  v1::NodeSpec& node = *scenario.add_nodes();
  node.set_name(name);
  node.set_role(role);
  node.set_server(server);
}

// Three workers poll each 30 s for an hour; their chief never comes.
v1::Scenario WaitingHour() {
  v1::Scenario scenario;
  scenario.set_name("waiting_hour");
  scenario.mutable_program()->set_name("counter");
  scenario.mutable_program()->set_steps(1);
  scenario.mutable_program()->set_max_wait_secs(3600);
  AddNode(scenario, "server", v1::SERVER, "");
  for (const char* name : {"worker0", "worker1", "worker2"}) {
    AddNode(scenario, name, v1::WORKER, "server");
  }
  return scenario;
}

// A chief that trains a linear model for 100 steps and dies at step 50.
v1::Scenario ChiefCrash() {
  v1::Scenario scenario;
  scenario.set_name("chief_crash");
  scenario.mutable_program()->set_name("linear");
  scenario.mutable_program()->set_steps(100);
  scenario.mutable_program()->set_save_every_steps(20);
  AddNode(scenario, "chief", v1::CHIEF, "");
  scenario.mutable_supervisor()->set_restart_after_secs(5);
  v1::Fault& crash = *scenario.mutable_faults()->add_faults();
  crash.set_kind(v1::CRASH);
  crash.set_node("chief");
  crash.mutable_trigger()->set_at_step(50);
  return scenario;
}

void RunAgainAndAgain(benchmark::State& state, const v1::Scenario& scenario) {
  const scenarios::Assets assets = Load();
  StackPool stacks;
  scenarios::RunSettings settings;
  settings.stacks = &stacks;
  double virtual_secs = 0;
  std::uint64_t seed = 0;
  std::uint64_t events = 0;
  for (auto _ : state) {
    settings.seed = ++seed;
    const scenarios::RunOutcome outcome = scenarios::RunScenario(scenario, assets, settings);
    virtual_secs += outcome.report.virtual_secs();
    events += outcome.report.events();
  }
  state.counters["runs_per_core_second"] =
      benchmark::Counter(static_cast<double>(seed), benchmark::Counter::kIsRate);
  state.counters["virtual_per_real"] =
      benchmark::Counter(virtual_secs, benchmark::Counter::kIsRate);
  state.counters["events_per_second"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}

void WaitingHourOfThreeWorkers(benchmark::State& state) { RunAgainAndAgain(state, WaitingHour()); }
BENCHMARK(WaitingHourOfThreeWorkers)->Unit(benchmark::kMillisecond);

void ChiefCrashLinear100Steps(benchmark::State& state) { RunAgainAndAgain(state, ChiefCrash()); }
BENCHMARK(ChiefCrashLinear100Steps)->Unit(benchmark::kMillisecond);

// Nanoseconds of virtual time: the same on every machine.
std::string RecoveryTable() {
  const scenarios::Assets assets = Load();
  std::string table =
      "# scenario seed recovery detect_ns create_ns restore_ns wait_ns first_step_ns\n";
  const auto ns = [](double seconds) { return Duration::FromSeconds(seconds).nanoseconds(); };
  for (const char* name : kSuite) {
    const std::string path = fmt::format("{}/suites/fast/{}.textproto", FL_SCENARIOS_DIR, name);
    auto scenario = scenarios::LoadScenario(path, assets.programs);
    ThrowIfError(scenario.status());
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      scenarios::RunSettings settings;
      settings.seed = seed;
      const auto outcome = scenarios::RunScenario(scenario.value(), assets, settings);
      int number = 0;
      for (const v1::RecoveryRecord& r : outcome.report.recoveries()) {
        table += fmt::format("{} {} {} {} {} {} {} {}\n", name, seed, ++number, ns(r.detect_secs()),
                             ns(r.create_secs()), ns(r.restore_secs()), ns(r.wait_secs()),
                             ns(r.first_step_secs()));
      }
    }
  }
  return table;
}

int Check(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string stored{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::string table = RecoveryTable();
  if (stored == table) {
    fmt::print("recovery latency: as stored in {}\n", path);
    return 0;
  }
  fmt::print("recovery latency differs from {}; now:\n{}", path, table);
  return 1;
}

int Main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--table") {
    fmt::print("{}", RecoveryTable());
    return 0;
  }
  if (argc == 3 && std::string_view(argv[1]) == "--check") return Check(argv[2]);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) { return faultline::Main(argc, argv); }
