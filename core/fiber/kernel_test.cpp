#include "core/fiber/kernel.h"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/hash.h"
#include "core/base/unwind.h"
#include "core/fiber/kernel_fixture.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

using Names = std::vector<std::string>;

TimePoint At(std::int64_t ns) { return TimePoint::FromNanoseconds(ns); }

BOOST_FIXTURE_TEST_SUITE(kernel, KernelFixture)

BOOST_AUTO_TEST_CASE(fibers_take_turns_first_come_first_served) {
  Names order;
  for (const char* name : {"a", "b", "c"}) {
    Spawn(name, [this, &order, name] {
      for (int i = 0; i < 2; ++i) {
        order.push_back(name);
        kernel.Yield();
      }
    });
  }
  BOOST_TEST((kernel.Run().end == RunEnd::kFinished));
  BOOST_TEST((order == Names{"a", "b", "c", "a", "b", "c"}));
  BOOST_TEST(group.turns() == 9U);
  BOOST_TEST(kernel.live_tasks() == 0U);
}

BOOST_AUTO_TEST_CASE(time_jumps_to_the_next_timer_and_stands_still_in_between) {
  std::vector<std::int64_t> seen;
  for (const int ns : {300, 100, 200}) {
    Spawn("sleeper", [this, &seen, ns] {
      BOOST_TEST(Sleep(ns) == WaitOutcome::kDeadline);
      seen.push_back(kernel.Now().nanoseconds());
    });
  }
  kernel.Run();
  BOOST_TEST((seen == std::vector<std::int64_t>{100, 200, 300}));
}

BOOST_AUTO_TEST_CASE(a_wait_ends_by_wake_by_deadline_or_by_cancellation) {
  WaitList list;
  CancelToken token;
  std::vector<WaitOutcome> outcomes;
  Spawn("woken", [&] {
    outcomes.push_back(kernel.Wait({.what = "x", .deadline = At(100), .cancel = &token}, &list));
  });
  Spawn("late", [&] { outcomes.push_back(kernel.Wait({.what = "x", .deadline = At(20)}, &list)); });
  Spawn("cancelled", [&] {
    outcomes.push_back(kernel.Wait({.what = "x", .deadline = At(100), .cancel = &token}, &list));
    BOOST_TEST(kernel.Now().nanoseconds() == 50);
  });
  kernel.At(At(10), [&] { kernel.WakeOne(list); });
  kernel.At(At(50), [&] { token.Cancel(Status(Code::kAborted, "enough")); });
  BOOST_TEST((kernel.Run().end == RunEnd::kFinished));
  BOOST_TEST((outcomes == std::vector<WaitOutcome>{WaitOutcome::kWoken, WaitOutcome::kDeadline,
                                                   WaitOutcome::kCancelled}));
  BOOST_TEST(list.empty());
  BOOST_TEST(kernel.timers() == 0U);
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_over_before_it_begins_returns_at_once) {
  CancelToken token;
  token.Cancel(Status(Code::kCancelled, "before"));
  Spawn("fiber", [&] {
    BOOST_TEST(kernel.Wait({.what = "x", .deadline = kernel.Now()}, nullptr) ==
               WaitOutcome::kDeadline);
    BOOST_TEST(kernel.Wait({.what = "x", .cancel = &token}, nullptr) == WaitOutcome::kCancelled);
    BOOST_TEST(kernel.turns() == 1U);
  });
  BOOST_TEST((kernel.Run().end == RunEnd::kFinished));
}

BOOST_AUTO_TEST_CASE(many_cancelled_timers_do_not_pile_up) {
  WaitList list;
  Spawn("waiter", [&] {
    for (int i = 0; i < 10'000; ++i) {
      BOOST_TEST_REQUIRE(kernel.Wait({.what = "x", .deadline = At(1'000'000'000)}, &list) ==
                         WaitOutcome::kWoken);
    }
  });
  Spawn("waker", [&] {
    while (kernel.live_tasks() == 2) {
      kernel.WakeAll(list);
      kernel.Yield();
    }
  });
  kernel.Run();
  BOOST_TEST(kernel.timers() == 0U);
  BOOST_TEST(kernel.Now().nanoseconds() == 0);
}

BOOST_AUTO_TEST_CASE(events_act_before_the_fibers_of_their_instant) {
  Names order;
  Spawn("sleeper", [&] {
    Sleep(10);
    order.push_back("sleeper");
    kernel.At(kernel.Now(), [&] { order.push_back("at once"); });
    kernel.Yield();
    order.push_back("after");
  });
  kernel.At(At(10), [&] {
    BOOST_TEST(kernel.current() == nullptr);
    order.push_back("event");
  });
  kernel.Run();
  BOOST_TEST((order == Names{"event", "sleeper", "at once", "after"}));
}

BOOST_AUTO_TEST_CASE(events_can_be_cancelled_once) {
  bool ran = false;
  const EventId first = kernel.At(At(10), [&] { ran = true; });
  const EventId second = kernel.At(At(20), [] {});
  BOOST_TEST(kernel.CancelEvent(first));
  BOOST_TEST(!kernel.CancelEvent(first));
  const EventId third = kernel.At(At(30), [] {});  // may reuse the record of the first
  BOOST_TEST(!kernel.CancelEvent(first));
  kernel.Run();
  BOOST_TEST(!ran);
  BOOST_TEST(kernel.Now().nanoseconds() == 30);
  BOOST_TEST(!kernel.CancelEvent(second));
  BOOST_TEST(!kernel.CancelEvent(third));
}

BOOST_AUTO_TEST_CASE(large_and_move_only_actions_are_kept) {
  struct Large {
    std::unique_ptr<int> value;
    char filler[200] = {};
  };
  int seen = 0;
  kernel.At(At(1), [large = Large{std::make_unique<int>(5)}, &seen] { seen += *large.value; });
  kernel.At(At(1), [small = std::make_unique<int>(7), &seen] { seen += *small; });
  kernel.Run();
  BOOST_TEST(seen == 12);
}

BOOST_AUTO_TEST_CASE(a_stuck_run_tells_who_waits_for_what_since_when) {
  WaitList list;
  Spawn("chief", [&] {
    Sleep(40);
    WaitOn(list, "checkpoint state of /ckpt");
  });
  Spawn("log", [&] {
    for (;;) {
      kernel.Wait({.what = "time to log",
                   .deadline = kernel.Now() + Duration::Seconds(1),
                   .kind = WaitKind::kHousekeeping},
                  nullptr);
    }
  });
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kStuck));
  BOOST_TEST(RunEndName(result.end) == "stuck");
  BOOST_REQUIRE(result.waiting.size() == 2U);
  BOOST_TEST(result.waiting[0].task == "chief");
  BOOST_TEST(result.waiting[0].group == "node");
  BOOST_TEST(result.waiting[0].what == "checkpoint state of /ckpt");
  BOOST_TEST(result.waiting[0].since.nanoseconds() == 40);
  BOOST_TEST((result.waiting[0].kind == WaitKind::kProgress));
  BOOST_TEST(result.waiting[1].what == "time to log");
  BOOST_TEST((result.waiting[1].kind == WaitKind::kHousekeeping));
}

BOOST_AUTO_TEST_CASE(housekeeping_goes_on_while_there_is_progress_to_come) {
  int ticks = 0;
  Spawn("log", [&] {
    for (;;) {
      kernel.Wait({.what = "tick",
                   .deadline = kernel.Now() + Duration::Nanoseconds(10),
                   .kind = WaitKind::kHousekeeping},
                  nullptr);
      ++ticks;
    }
  });
  Spawn("work", [&] { Sleep(95); });
  BOOST_TEST((kernel.Run().end == RunEnd::kStuck));
  BOOST_TEST(ticks == 9);
}

BOOST_AUTO_TEST_CASE(a_run_ends_at_its_time_limit_and_goes_on_later) {
  int ticks = 0;
  Spawn("ticker", [&] {
    for (;;) {
      Sleep(10);
      ++ticks;
    }
  });
  BOOST_TEST((kernel.Run({.until = At(35)}).end == RunEnd::kTimeLimit));
  BOOST_TEST(ticks == 3);
  BOOST_TEST(kernel.Now().nanoseconds() == 35);
  BOOST_TEST((kernel.Run({.until = At(40)}).end == RunEnd::kTimeLimit));
  BOOST_TEST(ticks == 4);
}

BOOST_AUTO_TEST_CASE(a_run_ends_at_its_event_limit) {
  Spawn("ticker", [&] {
    for (;;) Sleep(10);
  });
  BOOST_TEST((kernel.Run({.events = 5}).end == RunEnd::kEventLimit));
  BOOST_TEST(kernel.events() == 5U);
  BOOST_TEST((kernel.Run({.events = 5}).end == RunEnd::kEventLimit));
  BOOST_TEST(kernel.events() == 10U);
}

BOOST_AUTO_TEST_CASE(fibers_or_events_that_never_let_time_move_are_a_livelock) {
  Spawn("sleeper", [&] { Sleep(10); });
  kernel.Run();
  Spawn("spinner", [&] {
    for (;;) kernel.Yield();
  });
  const RunResult result = kernel.Run({.events_at_one_time = 100});
  BOOST_TEST((result.end == RunEnd::kLivelock));
  BOOST_REQUIRE(result.waiting.size() == 1U);
  BOOST_TEST(result.waiting[0].ready);
  kernel.Kill(group);
  struct Again {
    Kernel& kernel;
    void operator()() const { kernel.At(kernel.Now(), Again{kernel}); }
  };
  kernel.At(kernel.Now(), Again{kernel});
  BOOST_TEST((kernel.Run({.events_at_one_time = 100}).end == RunEnd::kLivelock));
}

BOOST_AUTO_TEST_CASE(a_run_is_stopped_before_the_next_turn) {
  int turns = 0;
  Spawn("fiber", [&] {
    for (;;) {
      if (++turns == 3) kernel.Stop();
      kernel.Yield();
    }
  });
  BOOST_TEST((kernel.Run().end == RunEnd::kStopped));
  BOOST_TEST(turns == 3);
}

BOOST_AUTO_TEST_CASE(what_leaves_a_fiber_ends_the_run_as_data) {
  Spawn("bad", [&] {
    Sleep(5);
    throw std::runtime_error("out of the fiber");
  });
  bool other_went_on = false;
  Spawn("other", [&] {
    Sleep(10);
    other_went_on = true;
  });
  RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFailed));
  BOOST_REQUIRE(result.failures.size() == 1U);
  BOOST_TEST(result.failures[0].task == "bad");
  BOOST_TEST(result.failures[0].group == "node");
  BOOST_CHECK_THROW(std::rethrow_exception(result.failures[0].exception), std::runtime_error);
  BOOST_TEST(!other_went_on);
  BOOST_TEST((kernel.Run().end == RunEnd::kFinished));
  BOOST_TEST(other_went_on);
}

BOOST_AUTO_TEST_CASE(a_crash_signal_thrown_by_hand_is_a_failure) {
  Spawn("bad", [] { throw NodeCrashed(); });
  BOOST_TEST((kernel.Run().end == RunEnd::kFailed));
}

BOOST_AUTO_TEST_CASE(what_leaves_an_event_ends_the_run_as_data) {
  Spawn("sleeper", [&] { Sleep(100); });
  kernel.At(At(5), [] { throw AssertionFailed("planted"); });
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFailed));
  BOOST_REQUIRE(result.failures.size() == 1U);
  BOOST_TEST(result.failures[0].task == "(event)");
  BOOST_CHECK_THROW(std::rethrow_exception(result.failures[0].exception), AssertionFailed);
}

BOOST_AUTO_TEST_CASE(an_event_that_waits_is_a_defect) {
  kernel.At(At(5), [&] { kernel.Yield(); });
  const RunResult result = kernel.Run();
  BOOST_REQUIRE(result.failures.size() == 1U);
  BOOST_CHECK_THROW(std::rethrow_exception(result.failures[0].exception), AssertionFailed);
}

BOOST_AUTO_TEST_CASE(a_destructor_that_waits_while_an_error_is_in_flight_is_a_defect) {
  bool caught = false;
  Spawn("fiber", [&] {
    struct Blocks {
      KernelFixture& f;
      ~Blocks() { f.Sleep(10); }
    };
    try {
      const Blocks blocks{*this};
      throw std::runtime_error("in flight");
    } catch (const std::runtime_error&) {
      caught = true;
    }
  });
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kFailed));
  BOOST_TEST(caught);
  BOOST_REQUIRE(result.failures.size() == 1U);
  BOOST_CHECK_THROW(std::rethrow_exception(result.failures[0].exception), AssertionFailed);
}

BOOST_AUTO_TEST_CASE(fibers_suspended_in_handlers_keep_their_own_exceptions) {
  int right = 0;
  int wrong = 0;
  for (int i = 0; i < 20; ++i) {
    Spawn("fiber", [&, i] {
      for (int round = 0; round < 10; ++round) {
        try {
          Sleep(1 + (i * 7 + round) % 5);
          throw std::runtime_error(std::to_string(i));
        } catch (const std::exception&) {
          kernel.Yield();
          Sleep(1 + (i + round) % 3);
          BOOST_TEST(std::uncaught_exceptions() == 0);
          try {
            throw;
          } catch (const std::exception& again) {
            ++(again.what() == std::to_string(i) ? right : wrong);
          }
        }
      }
    });
  }
  kernel.Run();
  BOOST_TEST(right == 200);
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_run_inside_of_a_handler_keeps_the_callers_exception) {
  Spawn("fiber", [&] {
    try {
      throw std::out_of_range("inside");
    } catch (const std::out_of_range&) {
      Sleep(5);
    }
  });
  try {
    throw std::runtime_error("outside");
  } catch (const std::runtime_error&) {
    kernel.Run();
    BOOST_CHECK_THROW(std::rethrow_exception(std::current_exception()), std::runtime_error);
  }
}

BOOST_AUTO_TEST_CASE(a_paused_group_holds_back_and_goes_on_after_resume) {
  Names order;
  WaitList list;
  TaskGroup& other = kernel.MakeGroup("other");
  Spawn("timer", [&] {
    Sleep(10);
    order.push_back("timer at " + std::to_string(kernel.Now().nanoseconds()));
  });
  Spawn("woken", [&] {
    WaitOn(list);
    order.push_back("woken");
  });
  Spawn("ready", [&] {
    kernel.Yield();
    order.push_back("ready");
  });
  kernel.Spawn(other, "other", [&] {
    kernel.Pause(group);
    kernel.WakeAll(list);
    Sleep(20);
    order.push_back("other");
  });
  kernel.At(At(50), [&] { kernel.Resume(group); });
  BOOST_TEST((kernel.Run().end == RunEnd::kFinished));
  BOOST_TEST((order == Names{"other", "timer at 50", "woken", "ready"}));
}

BOOST_AUTO_TEST_CASE(a_paused_group_alone_is_stuck_and_says_so) {
  Spawn("held", [&] { Sleep(10); });
  kernel.Pause(group);
  const RunResult result = kernel.Run();
  BOOST_TEST((result.end == RunEnd::kStuck));
  BOOST_REQUIRE(result.waiting.size() == 1U);
  BOOST_TEST(result.waiting[0].paused);
  BOOST_TEST(result.waiting[0].ready);
  kernel.Kill(group);
  BOOST_TEST((kernel.Run().end == RunEnd::kFinished));
}

struct Recorder final : TurnHook {
  Kernel* kernel = nullptr;
  TaskGroup* victim = nullptr;
  std::uint64_t kill_at = 0;
  std::uint64_t pause_at = 0;
  Hash64 hash;
  std::uint64_t turns = 0;
  void BeforeTurn(const Turn& turn) override {
    hash.Add(turn.task.id());
    ++turns;
    BOOST_TEST(turn.number == kernel->turns() + 1);
    if (&turn.group != victim) return;
    if (turn.group_number == kill_at) kernel->Kill(*victim);
    if (turn.group_number == pause_at) kernel->Pause(*victim);
  }
};

BOOST_AUTO_TEST_CASE(the_hook_sees_every_turn_and_can_crash_the_group_instead) {
  Recorder hook;
  KernelFixture f(&hook);
  hook.kernel = &f.kernel;
  hook.victim = &f.group;
  hook.kill_at = 4;
  int resumed = 0;
  f.Spawn("victim", [&] {
    for (;;) {
      ++resumed;
      f.kernel.Yield();
    }
  });
  BOOST_TEST((f.kernel.Run().end == RunEnd::kFinished));
  BOOST_TEST(resumed == 3);
  BOOST_TEST(hook.turns == 4U);
  BOOST_TEST(f.group.turns() == 3U);
}

BOOST_AUTO_TEST_CASE(the_hook_can_pause_the_group_instead) {
  Recorder hook;
  KernelFixture f(&hook);
  hook.kernel = &f.kernel;
  hook.victim = &f.group;
  hook.pause_at = 2;
  std::vector<std::int64_t> times;
  f.Spawn("victim", [&] {
    for (int i = 0; i < 3; ++i) {
      times.push_back(f.kernel.Now().nanoseconds());
      f.kernel.Yield();
    }
  });
  f.kernel.At(At(30), [&] {
    hook.pause_at = 0;
    f.kernel.Resume(f.group);
  });
  BOOST_TEST((f.kernel.Run().end == RunEnd::kFinished));
  BOOST_TEST((times == std::vector<std::int64_t>{0, 30, 30}));
}

std::uint64_t HashOfSeed(std::uint64_t seed) {
  VirtualTime time;
  SeededPicker picker(seed);
  StackPool stacks;
  Recorder hook;
  Kernel kernel({.time = time, .picker = picker, .stacks = stacks, .hook = &hook});
  hook.kernel = &kernel;
  TaskGroup& group = kernel.MakeGroup("node");
  for (int i = 0; i < 20; ++i) {
    kernel.Spawn(group, "fiber", [&kernel, i] {
      for (int round = 0; round < 20; ++round) {
        kernel.Wait(
            {.what = "x", .deadline = kernel.Now() + Duration::Nanoseconds(1 + (i * round) % 4)},
            nullptr);
        kernel.Yield();
      }
    });
  }
  kernel.Run();
  return hook.hash.value();
}

BOOST_AUTO_TEST_CASE(equal_picks_give_equal_runs) {
  BOOST_TEST(HashOfSeed(1) == HashOfSeed(1));
  BOOST_TEST(HashOfSeed(1) != HashOfSeed(2));
}

BOOST_AUTO_TEST_CASE(two_kernels_take_turns_on_one_thread) {
  KernelFixture other;
  int here = 0;
  int there = 0;
  Spawn("here", [&] {
    Sleep(5);
    ++here;
    Sleep(5);
    ++here;
  });
  other.Spawn("there", [&] {
    other.Sleep(3);
    ++there;
  });
  kernel.Run({.until = At(6)});
  other.kernel.Run();
  kernel.Run();
  BOOST_TEST(here == 2);
  BOOST_TEST(there == 1);
}

BOOST_AUTO_TEST_CASE(a_list_that_dies_before_its_waiters_forgets_them) {
  auto list = std::make_unique<WaitList>();
  WaitOutcome outcome = WaitOutcome::kWoken;
  Spawn("waiter", [&] { outcome = kernel.Wait({.what = "x", .deadline = At(50)}, list.get()); });
  kernel.At(At(10), [&] { list = nullptr; });
  BOOST_TEST((kernel.Run().end == RunEnd::kFinished));
  BOOST_TEST(outcome == WaitOutcome::kDeadline);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
