#include "core/os/real_env.h"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <set>
#include <stdexcept>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "core/base/assert.h"
#include "core/base/error.h"
#include "core/env/event.h"
#include "core/env/file_error.h"
#include "core/os/stop_signal.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

double ProcessorSeconds() {
  timespec used;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

BOOST_AUTO_TEST_SUITE(real_env)

BOOST_AUTO_TEST_CASE(a_body_that_returns_ends_the_run) {
  bool ran = false;
  BOOST_TEST(RunMain([&](Env& env) {
               ran = true;
               env.spawner.Spawn("left over", [&env] { Event(env.spawner).Wait({.what = "x"}); });
               env.spawner.Yield();
             }) == Status());
  BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(what_leaves_the_body_comes_back_and_can_be_thrown_again) {
  const Status status = RunMain([](Env&) { throw AbortedError("lost"); });
  BOOST_TEST(status.code() == Code::kAborted);
  BOOST_CHECK_THROW(ThrowStatus(status), AbortedError);
  const Status other = RunMain([](Env&) { throw std::out_of_range("a user's own"); });
  BOOST_TEST(other.code() == Code::kUserException);
  BOOST_CHECK_THROW(ThrowStatus(other), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(what_leaves_another_fiber_ends_the_process_too) {
  const Status status = RunMain([](Env& env) {
    env.spawner.Spawn("pump", [] { throw std::runtime_error("broken"); });
    SleepFor(env, "nothing", Duration::Seconds(100));
  });
  BOOST_TEST(status.message() == "fiber pump: broken");
}

BOOST_AUTO_TEST_CASE(a_process_in_which_nothing_can_happen_says_so) {
  RealEnv real({.catch_signals = false});
  const Status status =
      real.Run([](Env& env) { Event(env.spawner).Wait({.what = "a lost event"}); });
  BOOST_TEST(status.code() == Code::kInternal);
  BOOST_TEST(status.message() == "the process is stuck; main waits for a lost event");
}

BOOST_AUTO_TEST_CASE(a_failed_assertion_aborts_the_process) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);
    RunMain([](Env&) { FL_ASSERT(false, "planted"); }).ok();
    ::_exit(0);
  }
  int ended = 0;
  BOOST_TEST_REQUIRE(::waitpid(child, &ended, 0) == child);
  BOOST_TEST(WIFSIGNALED(ended));
  BOOST_TEST(WTERMSIG(ended) == SIGABRT);
}

BOOST_AUTO_TEST_CASE(sleeping_burns_no_processor_time) {
  const double before = ProcessorSeconds();
  BOOST_TEST(RunMain([](Env& env) {
               const auto other = env.spawner.Spawn(
                   "other", [&env] { SleepFor(env, "a while", Duration::Milliseconds(150)); });
               SleepFor(env, "a while", Duration::Milliseconds(200));
               BOOST_TEST(other->finished());
             }) == Status());
  BOOST_TEST(ProcessorSeconds() - before < 0.1);
}

BOOST_AUTO_TEST_CASE(timers_are_not_starved_by_busy_fibers) {
  BOOST_TEST(RunMain([](Env& env) {
               bool stop = false;
               env.spawner.Spawn("busy", [&] {
                 while (!stop) env.spawner.Compute(1);
               });
               SleepFor(env, "a nap", Duration::Milliseconds(5));
               stop = true;
               env.spawner.Yield();
             }) == Status());
}

BOOST_AUTO_TEST_CASE(a_signal_wakes_a_sleeper_and_is_seen_as_a_flag) {
  RealEnv real;
  StopSignal& stop = *real.stop_signal();
  BOOST_TEST(stop.received() == 0);
  BOOST_TEST(real.Run([&](Env& env) {
    env.spawner.Spawn("sender", [] { ::kill(::getpid(), SIGTERM); });
    BOOST_TEST(SleepFor(env, "a long time", Duration::Seconds(100), &stop.token()) ==
               WaitOutcome::kCancelled);
  }) == Status());
  BOOST_TEST(stop.received() == SIGTERM);
  BOOST_TEST(stop.token().reason() ==
             Status(Code::kCancelled, "interrupted by signal " + std::to_string(SIGTERM)));
}

BOOST_AUTO_TEST_CASE(a_signal_reaches_fibers_that_never_sleep) {
  RealEnv real;
  BOOST_TEST(real.Run([&](Env& env) {
    ::kill(::getpid(), SIGINT);
    int turns = 0;
    while (!real.stop_signal()->token().cancelled() && ++turns < 100'000) {
      env.spawner.Yield();
    }
    BOOST_TEST(turns < 1'000);
  }) == Status());
  BOOST_TEST(real.stop_signal()->received() == SIGINT);
}

BOOST_AUTO_TEST_CASE(a_process_that_waits_for_a_signal_is_not_stuck) {
  RealEnv real;
  BOOST_TEST(real.Run([&](Env& env) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      ::usleep(20'000);
      ::kill(parent, SIGTERM);
      ::_exit(0);
    }
    Event never(env.spawner);
    BOOST_TEST(never.Wait({.what = "a signal", .cancel = &real.stop_signal()->token()}) ==
               WaitOutcome::kCancelled);
    ::waitpid(child, nullptr, 0);
  }) == Status());
}

BOOST_AUTO_TEST_CASE(the_second_signal_ends_the_process) {
  const pid_t child = ::fork();
  if (child == 0) {
    RunMain([](Env& env) {
      ::kill(::getpid(), SIGTERM);
      SleepFor(env, "a nap", Duration::Milliseconds(5));
      ::kill(::getpid(), SIGTERM);
    }).ok();
    ::_exit(0);
  }
  int ended = 0;
  BOOST_TEST_REQUIRE(::waitpid(child, &ended, 0) == child);
  BOOST_TEST(WIFSIGNALED(ended));
  BOOST_TEST(WTERMSIG(ended) == SIGTERM);
}

BOOST_AUTO_TEST_CASE(entropy_does_not_repeat) {
  BOOST_TEST(RunMain([](Env& env) {
               std::set<std::uint64_t> drawn;
               for (int i = 0; i < 100; ++i) drawn.insert(env.random.Draw("incarnation"));
               BOOST_TEST(drawn.size() == 100U);
               BOOST_TEST(!env.host_name.empty());
             }) == Status());
}

BOOST_AUTO_TEST_CASE(a_full_device_is_resource_exhausted) {
  BOOST_TEST(RunMain([](Env& env) {
               auto file = env.files.Create("/dev/full");
               BOOST_TEST_REQUIRE(file.ok());
               BOOST_TEST((*file)->Append("x") == Status());
               BOOST_TEST((*file)->Flush() ==
                          Status(Code::kResourceExhausted, "/dev/full; No space left on device"));
             }) == Status());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
