#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/semantics.h"
#include "core/testing/fake_env.h"
#include "core/testing/golden_traces/fault_table.h"
#include "core/testing/golden_traces/graph_store.h"
#include "core/testing/golden_traces/layer_env.h"
#include "core/testing/golden_traces/params.h"
#include "core/testing/golden_traces/recorder.h"

namespace faultline::testing {

class TraceProcess;

// All of a scenario that outlives processes: time, files, the server, faults, what others do at
// given times, and what has been seen.
class TraceWorld {
 public:
  // Both outlive it. BadCase for malformed fields.
  TraceWorld(const Json& scenario, GraphStore& graphs, Semantics semantics);
  // Unwinds the fibers that are left while what they use is still there.
  ~TraceWorld();
  TraceWorld(const TraceWorld&) = delete;
  TraceWorld& operator=(const TraceWorld&) = delete;

  // Unwinds the fibers that are left; nothing can be driven after it.
  void Shutdown() { (void)fake.kernel().Shutdown(); }

  // Begins to wait for the entries of the scenario's world; `carry_out` does one. In a fiber.
  void Begin(std::function<void(const Params& entry)> carry_out);
  // Carries out those of time 0, once: before the first call that moves time.
  void BeforeTimeMoves();
  // To be called when time has moved: lets entries that are due come to their end. Suspends.
  void AfterTimeMoved();
  // What an occurrence of `what` costs. Suspends.
  void Spend(const std::string& what);
  void Advance(Duration duration);

  // Starts the server that sessions with target "server" talk to. Suspends.
  void StartServer();
  // What a session names for a target of the case.
  std::string TargetOf(const std::string& name) const;
  // Null before it is started.
  TraceProcess* server() const { return server_.get(); }

  // ---- raw sessions ----
  int NewSession() { return ++sessions_opened_; }
  void Opened(std::uint64_t id, int number);
  void Closed(int number) { left_open_.erase(number); }
  int NumberOf(std::uint64_t id) const { return numbers_.at(id); }
  int sessions_opened() const { return sessions_opened_; }
  const std::set<int>& left_open() const { return left_open_; }
  // Ids of the sessions of a new process begin here.
  std::uint64_t NextIdBase() { return ++processes_ * 1'000'000; }

  Env& plain() { return fake.env(); }

  FakeEnv fake;
  const Semantics semantics;  // of the process that is seen
  GraphStore& graphs;
  Recorder recorder;
  FaultTable faults;
  LayerEnv layer;

 private:
  const Json& scenario_;
  std::map<std::string, double> costs_;
  std::function<void(const Params&)> carry_out_;
  std::vector<Params> at_once_;
  int being_carried_out_ = 0;
  int sessions_opened_ = 0;
  std::set<int> left_open_;
  std::map<std::uint64_t, int> numbers_;
  std::uint64_t processes_ = 0;
  std::unique_ptr<TraceProcess> server_;
};

}  // namespace faultline::testing
