#include "core/testing/golden_traces/trace_world.h"

#include <fmt/format.h>

#include "core/cluster/server.h"
#include "core/testing/golden_traces/trace_process.h"

namespace faultline::testing {

TraceWorld::TraceWorld(const Json& scenario, GraphStore& graphs_in, Semantics semantics_in)
    : semantics(semantics_in),
      graphs(graphs_in),
      recorder(fake.clock(), "/scenario"),
      faults(scenario.value("faults", Json())),
      layer(fake.env(), recorder,
            {.before_sleep = [this] { BeforeTimeMoves(); },
             .after_sleep = [this] { AfterTimeMoved(); },
             .free_joins = scenario.value("real_threads", false),
             .session_number =
                 [this](std::int64_t id) { return NumberOf(static_cast<std::uint64_t>(id)); }}),
      scenario_(scenario) {
  fake.SetWall(TimePoint());  // the two clocks are one
  const Status made = fake.files().MakeDirectory(recorder.root());
  FL_ASSERT(made.ok(), "{}", made.ToString());
  if (!scenario.contains("clock")) return;
  for (const auto& [what, secs] :
       Params(scenario["clock"], "clock").Object("cost").object().items()) {
    if (!secs.is_number()) throw BadCase("clock.cost." + what + ": seconds are expected");
    costs_[what] = secs.get<double>();
  }
}

TraceWorld::~TraceWorld() { Shutdown(); }

void TraceWorld::Begin(std::function<void(const Params&)> carry_out) {
  carry_out_ = std::move(carry_out);
  if (!scenario_.contains("world")) return;
  const Json& entries = scenario_["world"];
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Params entry(entries[i], fmt::format("world[{}]", i));
    const Duration at = Duration::FromSeconds(entry.Number("t"));
    if (at <= Duration()) {
      at_once_.push_back(entry);
      continue;
    }
    // Each waits from the beginning on, so that it comes before whatever else falls on its moment.
    (void)plain().spawner.Spawn("others", [this, entry, at] {
      SleepFor(plain(), "the moment of an entry of the world", at);
      ++being_carried_out_;
      carry_out_(entry);
      --being_carried_out_;
    });
  }
  plain().spawner.Yield();
}

void TraceWorld::BeforeTimeMoves() {
  const std::vector<Params> entries = std::exchange(at_once_, {});
  for (const Params& entry : entries) carry_out_(entry);
}

void TraceWorld::AfterTimeMoved() {
  while (being_carried_out_ > 0) plain().spawner.Yield();
}

void TraceWorld::Spend(const std::string& what) {
  const auto cost = costs_.find(what);
  if (cost != costs_.end()) Advance(Duration::FromSeconds(cost->second));
}

void TraceWorld::Advance(Duration duration) {
  if (duration <= Duration()) return;
  SleepFor(plain(), "time to pass", duration);
  AfterTimeMoved();
}

void TraceWorld::StartServer() {
  server_ = std::make_unique<TraceProcess>(*this, "", Seen::kNo);
  ServerOptions options;
  options.cluster = ClusterSpec({{"ps", {"server:1"}}});
  faultline::StartServer(server_->runtime, options);
}

std::string TraceWorld::TargetOf(const std::string& name) const {
  if (name.empty()) return name;
  if (name != "server") throw BadCase("target " + name + ": \"server\" or nothing is expected");
  if (!server_) throw BadCase("target server: the server has not been started");
  return server_->runtime.servers.front()->target();
}

void TraceWorld::Opened(std::uint64_t id, int number) {
  numbers_[id] = number;
  left_open_.insert(number);
}

}  // namespace faultline::testing
