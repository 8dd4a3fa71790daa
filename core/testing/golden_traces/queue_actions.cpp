// Queue runners.

#include <array>
#include <vector>

#include "core/session/queue_runner.h"
#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/errors.h"

namespace faultline::testing {

namespace {

Json TakeRunner(const ActionCall& call) {
  const auto runners = GetQueueRunners(call.driver.graph());
  if (runners.empty()) throw BadCase(call.params.where() + ": the graph has no queue runner");
  call.driver.names().runners[call.params.Text("as")] = runners.front();
  return nullptr;
}

QueueRunner& RunnerOf(const ActionCall& call) {
  return *Named(call.driver.names().runners, call.params, "on");
}

Json Keep(const ActionCall& call, const std::vector<std::shared_ptr<Thread>>& threads) {
  Json names = Json::array();
  for (const auto& thread : threads) {
    names.push_back(thread->name());
    call.driver.names().queue_threads[thread->name()] = thread;
  }
  return names;
}

std::shared_ptr<Coordinator> CoordinatorOf(const ActionCall& call) {
  if (!call.params.Has("coordinator")) return nullptr;
  return Named(call.driver.names().coordinators, call.params, "coordinator");
}

Json CreateThreads(const ActionCall& call) {
  const auto session = Named(call.driver.names().sessions, call.params, "session", "s");
  return Keep(call, RunnerOf(call).CreateThreads(call.driver.env(), session, CoordinatorOf(call)));
}

Json StartRunners(const ActionCall& call) {
  Env& env = call.driver.env();
  if (call.params.Text("session", "s") == "monitored") {
    auto* monitored = dynamic_cast<MonitoredSession*>(call.driver.names().monitored.get());
    if (monitored == nullptr) call.params.Fail("session", "a monitored session that exists");
    return Keep(call, StartQueueRunners(env, *monitored, CoordinatorOf(call)));
  }
  const auto session = Named(call.driver.names().sessions, call.params, "session", "s");
  return Keep(call, StartQueueRunners(env, session, CoordinatorOf(call), {.start = false}));
}

Json RunThread(const ActionCall& call) {
  Thread& thread = *Named(call.driver.names().queue_threads, call.params, "name");
  thread.Start();
  thread.Join({.what = "the end of a queue runner's thread"});
  if (thread.died_of().ok()) return nullptr;
  return {{"died_of", DescribeError(thread.died_of())["error"]}};
}

Json ExceptionsRaised(const ActionCall& call) {
  Json shown = Json::array();
  for (const Status& status : RunnerOf(call).exceptions_raised()) {
    shown.push_back(DescribeError(status));
  }
  return shown;
}

constexpr std::array kActions = {
    ActionKind{"queue_runner", TakeRunner, "as"},
    ActionKind{"create_threads", CreateThreads, "on session coordinator"},
    ActionKind{"start_queue_runners", StartRunners, "session coordinator"},
    ActionKind{"run_thread", RunThread, "name"},
    ActionKind{"exceptions_raised", ExceptionsRaised, "on"},
};

}  // namespace

std::span<const ActionKind> QueueActions() { return kActions; }

}  // namespace faultline::testing
