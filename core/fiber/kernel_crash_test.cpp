// A process that crashes: its fibers unwind, and nothing that they do meanwhile has an effect.

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/unwind.h"
#include "core/fiber/fiber_spawner.h"
#include "core/fiber/kernel.h"
#include "core/fiber/kernel_fixture.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

struct CrashFixture : KernelFixture {
  std::vector<std::string> unwound;

  struct Mark {
    std::vector<std::string>& log;
    std::string name;
    ~Mark() { log.push_back(name); }
  };

  // A fiber that waits for ever and tells when it is unwound.
  void SpawnSleeper(const std::string& name) {
    Spawn(name, [this, name] {
      const Mark mark{unwound, name};
      WaitList never;
      WaitOn(never);
    });
  }
  void CrashAt(std::int64_t ns) {
    kernel.At(TimePoint::FromNanoseconds(ns), [this] { kernel.Kill(group); });
  }
};

BOOST_FIXTURE_TEST_SUITE(kernel_crash, CrashFixture)

BOOST_AUTO_TEST_CASE(unwinds_newest_first_and_the_root_last) {
  SpawnSleeper("root");
  SpawnSleeper("second");
  SpawnSleeper("third");
  CrashAt(10);
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFinished));
  const std::vector<std::string> expected = {"third", "second", "root"};
  BOOST_TEST(unwound == expected, boost::test_tools::per_element());
  BOOST_TEST(!group.alive());
  BOOST_TEST(group.size() == 0U);
}

BOOST_AUTO_TEST_CASE(guards_into_objects_of_the_root_find_them_alive) {
  struct Owned {
    int value = 0;
    int* last_seen;
    ~Owned() { *last_seen = value; }
  };
  int last_seen = -1;
  Spawn("root", [&] {
    auto owned = std::make_unique<Owned>(Owned{0, &last_seen});
    WaitList inside;  // the children wait in an object of the root's stack
    for (int i = 0; i < 5; ++i) {
      Spawn("child", [this, &inside, state = owned.get()] {
        struct Guard {
          Owned* state;
          ~Guard() { ++state->value; }
        } guard{state};
        WaitOn(inside);
      });
    }
    WaitOn(inside);
  });
  CrashAt(5);
  kernel.Run();
  BOOST_TEST(last_seen == 5);
}

BOOST_AUTO_TEST_CASE(all_waiters_are_unlinked_before_the_first_one_unwinds) {
  WaitList shared;
  bool list_was_empty = false;
  SpawnSleeper("root");
  Spawn("old", [&] { WaitOn(shared); });
  Spawn("new", [&] {
    struct Look {
      WaitList& list;
      bool& empty;
      ~Look() { empty = list.empty(); }
    } look{shared, list_was_empty};
    WaitOn(shared);
  });
  CrashAt(5);
  kernel.Run();
  BOOST_TEST(list_was_empty);
}

BOOST_AUTO_TEST_CASE(a_fiber_that_never_started_just_ends) {
  bool started = false;
  auto owned = std::make_shared<int>(1);
  Spawn("killer", [&] {
    Spawn("late", [&started, owned] { started = true; });
    kernel.Kill(group);
  });
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFinished));
  BOOST_TEST(!started);
  BOOST_TEST(owned.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_crash_of_the_own_process_unwinds_in_the_same_order) {
  SpawnSleeper("root");
  Spawn("killer", [&] {
    const Mark mark{unwound, "killer"};
    Sleep(5);
    kernel.Kill(group);
    unwound.push_back("the killer went on");
  });
  SpawnSleeper("newest");
  kernel.Run();
  const std::vector<std::string> expected = {"newest", "killer", "root"};
  BOOST_TEST(unwound == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_process_can_be_crashed_by_a_fiber) {
  TaskGroup& other = kernel.MakeGroup("other");
  bool killer_went_on = false;
  SpawnSleeper("root");
  kernel.Spawn(other, "killer", [&] {
    Sleep(5);
    kernel.Kill(group);
    BOOST_TEST(unwound.empty());  // they unwind before anything else runs, not inside of the call
    kernel.Yield();
    BOOST_TEST(unwound.size() == 1U);
    killer_went_on = true;
  });
  kernel.Run();
  BOOST_TEST(killer_went_on);
  BOOST_TEST(other.alive());
}

BOOST_AUTO_TEST_CASE(destructors_that_wait_while_unwinding_return_at_once) {
  WaitOutcome seen = WaitOutcome::kWoken;
  Spawn("root", [&] {
    struct Blocks {
      CrashFixture& f;
      WaitOutcome& seen;
      ~Blocks() {
        f.kernel.Yield();
        WaitList never;
        seen = f.WaitOn(never);
      }
    } blocks{*this, seen};
    Sleep(1'000'000);
  });
  CrashAt(7);
  kernel.Run();
  BOOST_TEST(seen == WaitOutcome::kCancelled);
  BOOST_TEST(kernel.Now().nanoseconds() == 7);
}

BOOST_AUTO_TEST_CASE(a_handler_that_swallows_everything_does_not_survive) {
  int swallowed = 0;
  bool survived = false;
  Spawn("root", [&] {
    for (int i = 0; i < 3; ++i) {
      try {
        Sleep(100);
      } catch (const NodeCrashed&) {  // stands for a user's catch-all
        ++swallowed;
      }
    }
    Sleep(100);
    survived = true;
  });
  CrashAt(50);
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFinished));
  BOOST_TEST(swallowed == 3);
  BOOST_TEST(!survived);
}

BOOST_AUTO_TEST_CASE(a_handler_that_waits_is_unwound_out_of_the_handler) {
  bool in_handler = false;
  Spawn("root", [&] {
    try {
      throw std::runtime_error("first");
    } catch (const std::runtime_error&) {
      const Mark mark{unwound, "handler"};
      in_handler = true;
      Sleep(100);
    }
    unwound.push_back("went on");
  });
  CrashAt(50);
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFinished));
  BOOST_TEST(in_handler);
  BOOST_TEST((unwound == std::vector<std::string>{"handler"}));
}

BOOST_AUTO_TEST_CASE(effects_of_dying_fibers_are_masked) {
  TaskGroup& other = kernel.MakeGroup("other");
  WaitList others;
  bool woken = false;
  bool spawned = false;
  bool event_ran = false;
  kernel.Spawn(other, "waits", [&] {
    const WaitOutcome outcome =
        kernel.Wait({.what = "a wake", .deadline = TimePoint::FromNanoseconds(100)}, &others);
    woken = outcome == WaitOutcome::kWoken;
  });
  Spawn("root", [&] {
    struct Acts {
      CrashFixture& f;
      TaskGroup& other;
      WaitList& list;
      bool& spawned;
      bool& event_ran;
      ~Acts() {
        BOOST_TEST(f.kernel.Unwinding());
        f.kernel.WakeAll(list);
        f.kernel.WakeOne(list);
        f.kernel.Spawn(other, "ghost", [this_spawned = &spawned] { *this_spawned = true; });
        const EventId event = f.kernel.At(f.kernel.Now(), [ran = &event_ran] { *ran = true; });
        BOOST_TEST(event.number == 0U);
        f.kernel.Kill(other);
        f.kernel.Pause(other);
        f.kernel.Stop();
      }
    } acts{*this, other, others, spawned, event_ran};
    Sleep(1000);
  });
  CrashAt(5);
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFinished));
  BOOST_TEST(!woken);
  BOOST_TEST(!spawned);
  BOOST_TEST(!event_ran);
  BOOST_TEST(other.alive());
  BOOST_TEST(!other.paused());
  BOOST_TEST(!kernel.Spawn(group, "after death", [] {}));
}

BOOST_AUTO_TEST_CASE(a_crash_while_waiting_with_cancel_and_deadline_leaves_nothing_behind) {
  CancelToken token;  // outlives the crash
  WaitList list;
  Spawn("root", [&] {
    const Mark mark{unwound, "root"};
    kernel.Wait(
        {.what = "all three", .deadline = TimePoint::FromNanoseconds(1'000), .cancel = &token},
        &list);
  });
  CrashAt(5);
  kernel.Run();
  BOOST_TEST(unwound.size() == 1U);
  BOOST_TEST(list.empty());
  BOOST_TEST(kernel.timers() == 0U);
  token.Cancel(Status(Code::kCancelled, "late"));  // reaches nobody
  BOOST_TEST(kernel.Now().nanoseconds() == 5);
}

BOOST_AUTO_TEST_CASE(a_token_that_dies_with_a_newer_fiber_is_let_go_first) {
  CancelToken* shared = nullptr;
  Spawn("root", [&] {
    const Mark mark{unwound, "root"};
    Sleep(2);
    kernel.Wait({.what = "work", .cancel = shared}, nullptr);
  });
  Spawn("owner", [&] {
    const Mark mark{unwound, "owner"};
    CancelToken token;
    shared = &token;
    WaitList never;
    WaitOn(never);
  });
  CrashAt(5);
  kernel.Run();
  BOOST_TEST((unwound == std::vector<std::string>{"owner", "root"}));
}

BOOST_AUTO_TEST_CASE(a_woken_and_a_ready_fiber_are_unwound_where_they_were) {
  WaitList list;
  Spawn("root", [&] {
    const Mark mark{unwound, "root"};
    WaitOn(list);
    unwound.push_back("root went on");
  });
  Spawn("yields", [&] {
    const Mark mark{unwound, "yields"};
    for (;;) kernel.Yield();
  });
  TaskGroup& other = kernel.MakeGroup("other");
  kernel.Spawn(other, "killer", [&] {
    kernel.WakeAll(list);
    kernel.Kill(group);
  });
  kernel.Run();
  BOOST_TEST((unwound == std::vector<std::string>{"yields", "root"}));
}

BOOST_AUTO_TEST_CASE(what_another_exception_leaves_while_dying_is_reported) {
  Spawn("root", [&] {
    try {
      Sleep(100);
    } catch (const NodeCrashed&) {
      throw std::runtime_error("instead of the crash");
    }
  });
  CrashAt(5);
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFailed));
  BOOST_REQUIRE(result.failures.size() == 1U);
  BOOST_TEST(result.failures[0].task == "root");
  BOOST_CHECK_THROW(std::rethrow_exception(result.failures[0].exception), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_kernels_end_unwinds_what_is_left) {
  {
    VirtualTime other_time;
    Kernel other({.time = other_time, .picker = picker, .stacks = stacks});
    for (const char* name : {"a", "b"}) {
      TaskGroup& node = other.MakeGroup(name);
      for (const char* fiber : {"1", "2"}) {
        other.Spawn(node, fiber, [&, label = std::string(name) + fiber] {
          const Mark mark{unwound, label};
          other.Wait({.what = "the end"}, nullptr);
        });
      }
    }
    BOOST_TEST((other.Run().end == RunEnd::kStuck));
    BOOST_TEST(unwound.empty());
  }
  BOOST_TEST((unwound == std::vector<std::string>{"a2", "a1", "b2", "b1"}));
}

BOOST_AUTO_TEST_CASE(a_thousand_incarnations_return_their_stacks) {
  int died = 0;
  for (int i = 0; i < 1000; ++i) {
    TaskGroup& node = kernel.MakeGroup("node");
    for (int j = 0; j < 3; ++j) {
      kernel.Spawn(node, "fiber", [&] {
        struct Count {
          int& n;
          ~Count() { ++n; }
        } count{died};
        Sleep(1000);
      });
    }
    kernel.At(kernel.Now() + Duration::Nanoseconds(3), [&] { kernel.Kill(node); });
    kernel.Run();
  }
  BOOST_TEST(died == 3000);
  BOOST_TEST(stacks.stacks_made() <= 256U);
}

BOOST_AUTO_TEST_CASE(spawners_of_a_dead_process_make_tasks_that_never_finish) {
  FiberSpawner spawner(group);
  kernel.Kill(group);
  bool ran = false;
  const std::shared_ptr<Task> task = spawner.Spawn("late", [&] { ran = true; });
  kernel.Run();
  BOOST_TEST(task->name() == "late");
  BOOST_TEST(!task->finished());
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
