// The conformance bodies of core/testing against the operating system.

#include <cstdlib>
#include <filesystem>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/os/real_env.h"
#include "core/testing/clock_conformance.h"
#include "core/testing/file_system_conformance.h"
#include "core/testing/spawner_conformance.h"
#include "core/testing/transport_conformance.h"

namespace faultline {
namespace {

struct Directory {
  Directory() {
    std::string pattern = "/tmp/faultline_os_XXXXXX";
    BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

void RunReal(const std::function<void(Env&)>& body) {
  RealEnv real;
  ThrowIfError(real.Run(body));
}

BOOST_AUTO_TEST_SUITE(real_conformance)

BOOST_AUTO_TEST_CASE(clock) { RunReal(testing::ClockConformance); }

BOOST_AUTO_TEST_CASE(spawner) { RunReal(testing::SpawnerConformance); }

BOOST_AUTO_TEST_CASE(file_system) {
  const Directory directory;
  RunReal([&](Env& env) { testing::FileSystemConformance(env, directory.path); });
}

BOOST_AUTO_TEST_CASE(transport) {
  RunReal([](Env& env) { testing::TransportConformance(env, "localhost:2222"); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
