#include <array>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "sim/simulator.h"

// The one test of sim that starts threads: simulators share nothing, so they may run side by side.

namespace faultline::sim {
namespace {

RunHashes RunOne(std::uint64_t seed) {
  Simulator simulator({.seed = seed});
  for (const char* name : {"a", "b", "c"}) {
    simulator.AddNode({.name = name}).Start([](Env& env) {
      for (int i = 0; i < 20; ++i) {
        env.spawner.Spawn("writer", [&env, i] {
          FL_ASSERT(WriteFile(env.files, std::to_string(i), "content").ok());
        });
        SleepFor(env, "the next", Duration::Microseconds(50));
      }
      SleepFor(env, "the last", Duration::Seconds(1));
    });
  }
  simulator.Run();
  return simulator.trace().hashes();
}

BOOST_AUTO_TEST_SUITE(threads)

BOOST_AUTO_TEST_CASE(simulators_on_two_threads_give_the_hashes_of_one) {
  constexpr std::size_t kSeeds = 40;
  std::array<RunHashes, kSeeds> alone;
  for (std::size_t seed = 0; seed < kSeeds; ++seed) alone[seed] = RunOne(seed);
  std::array<std::array<RunHashes, kSeeds>, 2> beside;
  const auto work = [&beside](std::size_t thread) {
    for (std::size_t i = 0; i < kSeeds; ++i) {
      const std::size_t seed = thread == 0 ? i : kSeeds - 1 - i;
      beside[thread][seed] = RunOne(seed);
    }
  };
  std::thread first(work, 0);
  std::thread second(work, 1);
  first.join();
  second.join();
  for (std::size_t seed = 0; seed < kSeeds; ++seed) {
    BOOST_TEST((beside[0][seed] == alone[seed]), "seed " << seed);
    BOOST_TEST((beside[1][seed] == alone[seed]), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(two_simulators_live_side_by_side_on_one_thread) {
  Simulator first;
  Simulator second;
  first.AddNode({.name = "a"}).Start([](Env& env) {
    SleepFor(env, "a second", Duration::Seconds(1));
  });
  second.AddNode({.name = "a"}).Start([](Env& env) {
    SleepFor(env, "two seconds", Duration::Seconds(2));
  });
  BOOST_TEST((second.Run().end == RunEnd::kFinished));
  BOOST_TEST((first.Run().end == RunEnd::kFinished));
  BOOST_TEST((first.now() == TimePoint() + Duration::Seconds(1)));
  BOOST_TEST((second.now() == TimePoint() + Duration::Seconds(2)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
