// Waiting for a model that another session makes ready on a server of core/cluster.

#include <string>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/session_manager.h"
#include "core/testing/cluster_fixture.h"

namespace faultline::testing {
namespace {

// What chief and worker build alike, each in its own process.
struct Model {
  Model()
      : v(MakeVariable(graph, Tensor::Of<float>({1}), "v")),
        w(MakeLocalVariable(graph, v.value(), "w")),
        options{.local_init_op = w.initializer,
                .ready_op = ReportUninitializedVariables(graph),
                .ready_for_local_init_op = ReportUninitializedVariables(
                    graph, graph.GetVariables(GraphKeys::kGlobalVariables))} {}

  Graph graph;
  Variable v;
  Variable w;
  SessionManagerOptions options;
};

float Read(Session& session, const Variable& variable) {
  return session.Run(variable.value()).tensor().flat<float>()[0];
}

BOOST_AUTO_TEST_SUITE(session_manager_server)

BOOST_AUTO_TEST_CASE(sm_t11_wait_for_session_local_init_on_a_real_server) {
  OneServerCluster cluster(RuntimeProfile::Retry());
  ServingProcess worker(cluster.env, RuntimeProfile::Retry());
  Model chief_model;
  Model worker_model;
  cluster.fake.Run([&](Env&) {
    cluster.StartServer();
    const auto chief = cluster.client.Open(chief_model.graph);
    chief->Run(chief_model.v.initializer);
    BOOST_TEST(cluster.SessionsOnServer() == 1U);

    SessionManager manager(worker.runtime, worker_model.graph, worker_model.options);
    const auto session = manager.WaitForSession("grpc://ps:1", {}, Duration::Seconds(3));
    BOOST_TEST(cluster.SessionsOnServer() == 2U);
    BOOST_TEST(Read(*session, worker_model.v) == 1.0F);
    BOOST_TEST(Read(*session, worker_model.w) == 1.0F);
    session->Close();
    chief->Close();
    BOOST_TEST(cluster.SessionsOnServer() == 0U);
  });
  BOOST_TEST(cluster.fake.observer().Of(Point::kWaitEnd).at(0).number("attempts") == 1);
}

// The worker comes first: its attempts leave no sessions behind, and it gets what the chief has
// initialized meanwhile.
BOOST_AUTO_TEST_CASE(sm_42_a_worker_waits_on_a_real_server_until_the_chief_has_initialized) {
  OneServerCluster cluster(RuntimeProfile::Retry());
  ServingProcess worker(cluster.env, RuntimeProfile::Retry());
  Model chief_model;
  Model worker_model;
  cluster.fake.Run([&](Env& env) {
    cluster.StartServer();
    env.spawner.Spawn("chief", [&] {
      SleepFor(env, "the chief's start", Duration::Seconds(45));
      BOOST_TEST(cluster.SessionsOnServer() == 0U);
      const auto chief = cluster.client.Open(chief_model.graph);
      chief->Run(chief_model.v.initializer);
      chief->Close();
    });
    SessionManager manager(worker.runtime, worker_model.graph, worker_model.options);
    const TimePoint start = env.clock.Now();
    const auto session = manager.WaitForSession("grpc://ps:1", {}, Duration::Seconds(120));
    BOOST_TEST((env.clock.Now() - start) == Duration::Seconds(60));
    BOOST_TEST(Read(*session, worker_model.w) == 1.0F);
    session->Close();
  });
  BOOST_TEST(cluster.fake.observer().Of(Point::kWaitEnd).at(0).number("attempts") == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
