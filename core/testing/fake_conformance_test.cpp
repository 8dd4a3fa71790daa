// The conformance bodies of core/testing against FakeEnv.

#include <boost/test/unit_test.hpp>

#include "core/testing/clock_conformance.h"
#include "core/testing/fake_env.h"
#include "core/testing/file_system_conformance.h"
#include "core/testing/spawner_conformance.h"
#include "core/testing/transport_conformance.h"

namespace faultline::testing {
namespace {

BOOST_AUTO_TEST_SUITE(fake_conformance)

BOOST_AUTO_TEST_CASE(clock) { FakeEnv().Run(ClockConformance); }

BOOST_AUTO_TEST_CASE(spawner) { FakeEnv().Run(SpawnerConformance); }

BOOST_AUTO_TEST_CASE(file_system) {
  FakeEnv fake;
  BOOST_TEST_REQUIRE(fake.files().MakeDirectory("/files").ok());
  fake.Run([](Env& env) { FileSystemConformance(env, "/files"); });
  BOOST_TEST_REQUIRE(fake.files().MakeDirectory("relative").ok());
  fake.Run([](Env& env) { FileSystemConformance(env, "relative"); });
}

BOOST_AUTO_TEST_CASE(transport) {
  FakeEnv().Run([](Env& env) { TransportConformance(env, "localhost:2222"); });
  FakeEnv serializing({.serialize_messages = true});
  serializing.Run([](Env& env) { TransportConformance(env, "localhost:2222"); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
