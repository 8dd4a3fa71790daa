#include "core/testing/spawner_conformance.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/env/event.h"
#include "core/env/mutex.h"
#include "core/testing/printers.h"

namespace faultline::testing {
namespace {

const Duration kNap = Duration::Milliseconds(2);

void JoinAll(const std::vector<std::shared_ptr<Task>>& tasks) {
  for (const auto& task : tasks) {
    BOOST_TEST(task->Join({.what = "a fiber of the test"}) == WaitOutcome::kWoken);
  }
}

void CheckTasks(Env& env) {
  bool ran = false;
  const auto task = env.spawner.Spawn("child", [&] { ran = true; });
  BOOST_TEST(!ran, "a body ran inside of Spawn");
  BOOST_TEST(!task->finished());
  BOOST_TEST(task->name() == "child");
  BOOST_TEST(task->Join({.what = "child"}) == WaitOutcome::kWoken);
  BOOST_TEST(ran);
  BOOST_TEST(task->finished());
  BOOST_TEST(task->Join({.what = "child again"}) == WaitOutcome::kWoken);

  Event release(env.spawner);
  const auto slow = env.spawner.Spawn("slow", [&] { release.Wait({.what = "release"}); });
  BOOST_TEST(slow->Join({.what = "slow", .deadline = env.clock.Now() + kNap}) ==
             WaitOutcome::kDeadline);
  release.Set();
  BOOST_TEST(slow->Join({.what = "slow"}) == WaitOutcome::kWoken);
  BOOST_TEST(!env.spawner.Unwinding());
}

void CheckYieldAndCompute(Env& env) {
  int others = 0;
  const auto other = env.spawner.Spawn("other", [&] {
    for (int i = 0; i < 3; ++i) {
      ++others;
      env.spawner.Yield();
    }
  });
  for (int i = 0; i < 1000 && !other->finished(); ++i) env.spawner.Yield();
  BOOST_TEST(others == 3);
  env.spawner.Compute(1000);
  env.spawner.Compute(0);
}

void CheckWaitQueue(Env& env) {
  const auto queue = env.spawner.MakeWaitQueue();
  queue->WakeAll();  // wakes are not remembered
  BOOST_TEST(queue->Wait({.what = "nobody", .deadline = env.clock.Now() + kNap}) ==
             WaitOutcome::kDeadline);
  std::vector<int> order;
  int waiting = 0;
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 4; ++i) {
    tasks.push_back(env.spawner.Spawn("waiter", [&, i] {
      while (waiting < i) env.spawner.Yield();  // so that they wait in this order
      ++waiting;
      BOOST_TEST(queue->Wait({.what = "a wake"}) == WaitOutcome::kWoken);
      order.push_back(i);
    }));
  }
  while (waiting < 4) env.spawner.Yield();
  queue->WakeOne();
  SleepFor(env, "the first", kNap);
  BOOST_TEST((order == std::vector<int>{0}));
  queue->WakeOne();
  SleepFor(env, "the second", kNap);
  BOOST_TEST((order == std::vector<int>{0, 1}));
  queue->WakeAll();
  JoinAll(tasks);
  std::sort(order.begin(), order.end());
  BOOST_TEST((order == std::vector<int>{0, 1, 2, 3}));
}

void CheckCancel(Env& env) {
  const auto queue = env.spawner.MakeWaitQueue();
  CancelToken token;
  const auto canceller = env.spawner.Spawn("canceller", [&] {
    SleepFor(env, "a nap", kNap);
    token.Cancel(Status(Code::kAborted, "enough"));
  });
  BOOST_TEST(queue->Wait({.what = "a cancel", .cancel = &token}) == WaitOutcome::kCancelled);
  BOOST_TEST(queue->Wait({.what = "cancelled before", .cancel = &token}) ==
             WaitOutcome::kCancelled);
  BOOST_TEST(SleepFor(env, "a long time", Duration::Seconds(3600), &token) ==
             WaitOutcome::kCancelled);
  JoinAll({canceller});

  CancelToken unused;
  const auto waker = env.spawner.Spawn("waker", [&] { queue->WakeAll(); });
  BOOST_TEST(queue->Wait({.what = "a wake", .cancel = &unused}) == WaitOutcome::kWoken);
  unused.Cancel(Status(Code::kCancelled, "late"));  // the wait is over and must not be touched
  JoinAll({waker});
}

void CheckEvent(Env& env) {
  Event event(env.spawner);
  BOOST_TEST(event.Wait({.what = "event", .deadline = env.clock.Now() + kNap}) ==
             WaitOutcome::kDeadline);
  int woken = 0;
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 3; ++i) {
    tasks.push_back(env.spawner.Spawn("waiter", [&] {
      BOOST_TEST(event.Wait({.what = "event"}) == WaitOutcome::kWoken);
      ++woken;
    }));
  }
  SleepFor(env, "the waiters", kNap);
  BOOST_TEST(woken == 0);
  event.Set();
  JoinAll(tasks);
  BOOST_TEST(woken == 3);
  BOOST_TEST(event.Wait({.what = "a set event"}) == WaitOutcome::kWoken);
  event.Reset();
  BOOST_TEST(!event.IsSet());
}

void CheckMutex(Env& env) {
  Mutex mutex(env.spawner, "test mutex");
  int inside = 0;
  int entered = 0;
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 4; ++i) {
    tasks.push_back(env.spawner.Spawn("user", [&] {
      for (int round = 0; round < 3; ++round) {
        const MutexLock lock(mutex);
        BOOST_TEST(++inside == 1);
        ++entered;
        env.spawner.Yield();
        SleepFor(env, "inside", Duration::Microseconds(50));
        --inside;
      }
    }));
  }
  JoinAll(tasks);
  BOOST_TEST(entered == 12);
  BOOST_TEST(!mutex.held());
}

// Users close their session in a handler: the exception belongs to the fiber (DESIGN 2.1(8)).
void CheckHandlers(Env& env) {
  int right = 0;
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 5; ++i) {
    tasks.push_back(env.spawner.Spawn("handler", [&, i] {
      try {
        SleepFor(env, "an error", Duration::Microseconds(100 * (i % 3 + 1)));
        throw AbortedError(std::to_string(i));
      } catch (const OpError&) {
        SleepFor(env, "session close", Duration::Microseconds(100 * (5 - i)));
        env.spawner.Yield();
        BOOST_TEST(std::uncaught_exceptions() == 0);
        const Status again = CallUser([] { throw; });
        right += again.message() == std::to_string(i) ? 1 : 0;
      }
    }));
  }
  JoinAll(tasks);
  BOOST_TEST(right == 5);
}

}  // namespace

void SpawnerConformance(Env& env) {
  CheckTasks(env);
  CheckYieldAndCompute(env);
  CheckWaitQueue(env);
  CheckCancel(env);
  CheckEvent(env);
  CheckMutex(env);
  CheckHandlers(env);
}

}  // namespace faultline::testing
