// The conformance bodies of core/testing against the simulator.

#include <boost/test/unit_test.hpp>

#include "core/testing/clock_conformance.h"
#include "core/testing/file_system_conformance.h"
#include "core/testing/spawner_conformance.h"
#include "core/testing/transport_conformance.h"
#include "sim/simulator.h"

namespace faultline::sim {
namespace {

constexpr std::uint64_t kSeeds = 10;

// Runs the body in one node under several seeds.
void Conform(const NodeMain& body, const NetworkModel& network = {}) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Simulator simulator({.seed = seed, .network = network});
    Node& node = simulator.AddNode({.name = "localhost"});
    node.disk().Put("/files/.keep", "");
    node.Start(body);
    const RunResult result = simulator.Run();
    BOOST_TEST((result.end == RunEnd::kFinished), result.text);
    BOOST_REQUIRE(node.exits().size() == 1U);
    BOOST_TEST(node.exits()[0].status.ToString() == "OK");
  }
}

BOOST_AUTO_TEST_SUITE(sim_conformance)

BOOST_AUTO_TEST_CASE(clock) { Conform(faultline::testing::ClockConformance); }

BOOST_AUTO_TEST_CASE(spawner) { Conform(faultline::testing::SpawnerConformance); }

BOOST_AUTO_TEST_CASE(file_system) {
  Conform([](Env& env) {
    FL_ASSERT(env.files.Remove("/files/.keep").ok());
    faultline::testing::FileSystemConformance(env, "/files");
    FL_ASSERT(env.files.MakeDirectory("relative").ok());
    faultline::testing::FileSystemConformance(env, "relative");
  });
}

BOOST_AUTO_TEST_CASE(transport) {
  const auto body = [](Env& env) {
    faultline::testing::TransportConformance(env, "localhost:2222");
  };
  Conform(body);
  Conform(body, {.checked = true});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
