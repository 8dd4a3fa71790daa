#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/cluster/cluster_session_factory.h"
#include "core/cluster/master.h"
#include "core/cluster/remote_session.h"
#include "core/cluster/server.h"
#include "core/exec/direct_session.h"
#include "core/exec/kernel_registry.h"
#include "core/graph/ops.h"
#include "core/summary/events_writer.h"
#include "core/testing/fake_env.h"
#include "core/testing/printers.h"
#include "core/testing/scripted_transport.h"

// What the tests of servers and sessions share.

namespace faultline::testing {

// One incarnation of a process: what the composition root builds for a program.
class ServingProcess {
 public:
  ServingProcess(Env env, RuntimeProfile profile)
      : env_(std::move(env)),
        profile_(profile),
        events_(env_),
        local_({env_, Semantics::Tf(), kernels_, [this] { return runtime.NextId(); }}),
        sessions({env_, [this] { return runtime.NextId(); }, profile, &local_}),
        runtime{env_, Semantics::Tf(), kernels_, sessions, events_, {}} {
    RegisterStandardKernels(kernels_);
    sessions.UseServers(runtime.servers);
  }

  // The server of the one task of job ps.
  Server& Serve(const std::string& address = "ps:1", const SessionConfig& config = {}) {
    ServerOptions options;
    options.cluster = ClusterSpec({{"ps", {address}}});
    options.config = config;
    options.profile = profile_;
    return StartServer(runtime, options);
  }
  std::unique_ptr<Session> Open(Graph& graph, const SessionConfig& config = {},
                                const std::string& target = "grpc://ps:1") {
    auto session = sessions.Open(target, graph, config);
    BOOST_TEST_REQUIRE(session.ok(), session.status().ToString());
    return std::move(*session);
  }

 private:
  Env env_;
  RuntimeProfile profile_;
  KernelRegistry kernels_;
  EventsWriterCache events_;
  LocalSessionFactory local_;

 public:
  ClusterSessionFactory sessions;
  Runtime runtime;
};

// A world with a process that serves and processes that do not, on a scripted transport.
class OneServerCluster {
 public:
  explicit OneServerCluster(RuntimeProfile the_profile)
      : profile(the_profile),
        transport(fake.env().spawner),
        env{fake.env().clock,  fake.env().spawner,  fake.env().files,  transport,
            fake.env().random, fake.env().observer, fake.env().logger, "testhost"},
        client(env, profile) {}

  // Unwinds the fibers that are left, while what they use is still there.
  ~OneServerCluster() { (void)fake.kernel().Shutdown(); }
  OneServerCluster(const OneServerCluster&) = delete;
  OneServerCluster& operator=(const OneServerCluster&) = delete;

  void StartServer(const SessionConfig& config = {}) {
    BOOST_TEST_REQUIRE(!server_process);
    server_process = std::make_unique<ServingProcess>(env, profile);
    server = &server_process->Serve("ps:1", config);
  }
  // The end of the serving process, and of all that it held. What a crash would unwind with it,
  // steps in flight, is only detached: break their connections to end them.
  void StopServer() {
    server = nullptr;
    server_process->runtime.servers.clear();
    past_processes.push_back(std::move(server_process));
  }
  void RestartServer() {
    StopServer();
    StartServer();
  }
  std::size_t SessionsOnServer() const { return server->master()->sessions(); }

  RuntimeProfile profile;
  FakeEnv fake;
  ScriptedTransport transport;
  Env env;
  std::unique_ptr<ServingProcess> server_process;
  std::vector<std::unique_ptr<ServingProcess>> past_processes;
  Server* server = nullptr;
  ServingProcess client;
};

// A counter, and a step that waits until somebody fills its queue.
struct CounterGraph {
  CounterGraph()
      : counter(MakeVariable(graph, Tensor::Scalar<std::int64_t>(0), "counter")),
        increment(AssignAdd(counter, Constant(graph, Tensor::Scalar<std::int64_t>(1), "one"),
                            "increment")),
        queue(FifoQueue(graph, 10, {DataType::kInt64}, "queue")),
        dequeue(Dequeue(queue, "dequeue").front()),
        enqueue(Enqueue(queue, {counter.value()}, "enqueue")) {}

  Graph graph;
  Variable counter;
  Output increment;
  Queue queue;
  Output dequeue;
  Operation* enqueue;
};

inline Status TryRun(Session& session, Fetch fetch, const RunOptions* options = nullptr) {
  RunRequest request;
  request.fetches = std::move(fetch);
  request.options = options;
  return session.TryRun(request).status();
}

inline std::int64_t ReadCounter(Session& session, const CounterGraph& graph) {
  return session.Run(graph.counter.value()).scalar<std::int64_t>();
}

}  // namespace faultline::testing
