// CancelToken, Event, Mutex, SleepFor, paths and the small functions on files.

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/unwind.h"
#include "core/env/cancel.h"
#include "core/env/event.h"
#include "core/env/file_error.h"
#include "core/env/mutex.h"
#include "core/env/observer.h"
#include "core/env/transport.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::FileOp;

const Status kEnough(Code::kAborted, "enough");

BOOST_AUTO_TEST_SUITE(cancel_token)

BOOST_AUTO_TEST_CASE(the_first_reason_wins_and_callbacks_run_once_in_order) {
  CancelToken token;
  std::vector<int> order;
  token.OnCancel([&] { order.push_back(1); });
  const auto removed = token.OnCancel([&] { order.push_back(2); });
  token.OnCancel([&] { order.push_back(3); });
  token.Remove(removed);
  BOOST_TEST(!token.cancelled());
  token.Cancel(kEnough);
  token.Cancel(Status(Code::kCancelled, "later"));
  BOOST_TEST(token.reason() == kEnough);
  BOOST_TEST((order == std::vector<int>{1, 3}));
}

BOOST_AUTO_TEST_CASE(a_late_callback_runs_at_once) {
  CancelToken token;
  token.Cancel(kEnough);
  bool ran = false;
  BOOST_TEST(token.OnCancel([&] { ran = true; }) == 0U);
  BOOST_TEST(ran);
  token.Remove(0);
}

BOOST_AUTO_TEST_CASE(callbacks_may_change_the_callbacks) {
  CancelToken token;
  std::vector<int> order;
  CancelToken::CallbackId second = 0;
  token.OnCancel([&] {
    order.push_back(1);
    token.Remove(second);
    token.OnCancel([&] { order.push_back(9); });  // cancelled already: at once
  });
  second = token.OnCancel([&] { order.push_back(2); });
  token.Cancel(kEnough);
  BOOST_TEST((order == std::vector<int>{1, 9}));
}

BOOST_AUTO_TEST_CASE(a_link_cancels_the_child_while_it_lives) {
  CancelToken parent;
  CancelToken child;
  CancelToken grown_up;
  { const CancelLink link(&parent, &grown_up); }
  const CancelLink link(&parent, &child);
  const CancelLink none(nullptr, &child);
  parent.Cancel(kEnough);
  BOOST_TEST(child.reason() == kEnough);
  BOOST_TEST(!grown_up.cancelled());
  CancelToken born_late;
  const CancelLink late(&parent, &born_late);
  BOOST_TEST(born_late.cancelled());
}

BOOST_AUTO_TEST_CASE(a_cancellation_needs_a_reason) {
  CancelToken token;
  BOOST_CHECK_THROW(token.Cancel(Status()), AssertionFailed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(waiting)

BOOST_AUTO_TEST_CASE(an_event_that_is_set_and_reset_at_once_keeps_its_waiters) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Event event(env.spawner);
    WaitOutcome outcome = WaitOutcome::kWoken;
    const auto waiter = env.spawner.Spawn("waiter", [&] {
      outcome = event.Wait({.what = "event", .deadline = env.clock.Now() + Duration::Seconds(1)});
    });
    env.spawner.Yield();
    event.Set();
    event.Reset();
    waiter->Join({.what = "waiter"});
    BOOST_TEST(outcome == WaitOutcome::kDeadline);
  });
}

BOOST_AUTO_TEST_CASE(an_event_set_at_the_deadline_counts_as_woken) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Event event(env.spawner);
    const TimePoint deadline = env.clock.Now() + Duration::Seconds(1);
    const auto setter = env.spawner.Spawn("setter", [&] {
      env.spawner.MakeWaitQueue()->Wait({.what = "the deadline", .deadline = deadline});
      event.Set();
    });
    env.spawner.Yield();  // the setter's timer is the first of the two
    BOOST_TEST(event.Wait({.what = "event", .deadline = deadline}) == WaitOutcome::kWoken);
  });
}

BOOST_AUTO_TEST_CASE(a_mutex_is_taken_in_the_order_of_asking) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    Mutex mutex(env.spawner, "m");
    std::vector<int> order;
    std::vector<std::shared_ptr<Task>> tasks;
    mutex.Lock();
    for (int i = 0; i < 3; ++i) {
      tasks.push_back(env.spawner.Spawn("user", [&, i] {
        const MutexLock lock(mutex);
        order.push_back(i);
        SleepFor(env, "inside", Duration::Seconds(1));
      }));
    }
    env.spawner.Yield();
    BOOST_TEST(mutex.held());
    BOOST_TEST(order.empty());
    mutex.Unlock();
    for (const auto& task : tasks) task->Join({.what = "user"});
    BOOST_TEST((order == std::vector<int>{0, 1, 2}));
  });
}

BOOST_AUTO_TEST_CASE(a_crash_while_a_mutex_is_held_and_waited_for_ends_every_fiber) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    auto mutex = std::make_shared<Mutex>(env.spawner, "m");
    for (int i = 0; i < 3; ++i) {
      env.spawner.Spawn("user", [&env, mutex] {
        struct LockAgain {  // a destructor that would wait while the crash unwinds
          Mutex& mutex;
          ~LockAgain() { mutex.Lock(); }
        } again{*mutex};
        const MutexLock lock(*mutex);
        SleepFor(env, "for ever", Duration::Max());
      });
    }
    env.spawner.Yield();
  });
  BOOST_TEST(fake.group().size() == 3U);
  BOOST_TEST(fake.kernel().Shutdown().empty());
  BOOST_TEST(fake.group().size() == 0U);
}

BOOST_AUTO_TEST_CASE(sleep_ends_early_when_cancelled) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    CancelToken token;
    env.spawner.Spawn("canceller", [&] {
      SleepFor(env, "a second", Duration::Seconds(1));
      token.Cancel(kEnough);
    });
    BOOST_TEST(SleepFor(env, "an hour", Duration::Seconds(3600), &token) ==
               WaitOutcome::kCancelled);
    BOOST_TEST(env.clock.Now().seconds() == 1.0);
    BOOST_TEST(SleepFor(env, "nothing", Duration(), &token) == WaitOutcome::kCancelled);
    BOOST_TEST(SleepFor(env, "nothing", Duration()) == WaitOutcome::kDeadline);
    BOOST_TEST(env.clock.Now().seconds() == 1.0);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(file_functions)

BOOST_AUTO_TEST_CASE(paths_are_joined_and_split) {
  BOOST_TEST(JoinPath("a", "b") == "a/b");
  BOOST_TEST(JoinPath("a/", "b") == "a/b");
  BOOST_TEST(JoinPath("", "b") == "b");
  BOOST_TEST(JoinPath("a", "/b") == "/b");
  BOOST_TEST(JoinPath("/", "b") == "/b");
  BOOST_TEST(DirectoryOf("a/b/c") == "a/b");
  BOOST_TEST(DirectoryOf("c") == "");
  BOOST_TEST(DirectoryOf("/c") == "/");
  BOOST_TEST(DirectoryOf("a/") == "a");
  BOOST_TEST(BaseName("a/b/c") == "c");
  BOOST_TEST(BaseName("c") == "c");
  BOOST_TEST(BaseName("a/") == "");
}

BOOST_AUTO_TEST_CASE(make_directories_makes_every_missing_parent) {
  FakeEnv fake;
  BOOST_TEST(MakeDirectories(fake.files(), "/a/b/c") == Status());
  BOOST_TEST(fake.files().Exists("/a/b/c"));
  BOOST_TEST(MakeDirectories(fake.files(), "/a/b/c/") == Status());
  BOOST_TEST(MakeDirectories(fake.files(), "relative/x") == Status());
  BOOST_TEST(fake.files().Exists("relative/x"));
  fake.files().Put("/a/file", "x");
  BOOST_TEST(MakeDirectories(fake.files(), "/a/file/sub").code() == Code::kFailedPrecondition);
  const Status full(Code::kResourceExhausted, "full");
  fake.files().Fail({.op = FileOp::kMakeDirectory, .path = "/n/m", .status = full});
  BOOST_TEST(MakeDirectories(fake.files(), "/n/m/o") == full);
}

BOOST_AUTO_TEST_CASE(whole_files_are_read_and_written) {
  FakeEnv fake;
  BOOST_TEST(WriteFile(fake.files(), "/a", "content") == Status());
  BOOST_TEST(*ReadFile(fake.files(), "/a") == "content");
  BOOST_TEST(ReadFile(fake.files(), "/b").status() ==
             Status(Code::kNotFound, "/b; No such file or directory"));
  const Status broken(Code::kUnknown, "broken");
  fake.files().Fail({.op = FileOp::kClose, .status = broken});
  BOOST_TEST(WriteFile(fake.files(), "/a", "x") == broken);
}

BOOST_AUTO_TEST_CASE(existence_is_not_found_or_an_error) {
  FakeEnv fake;
  fake.files().Put("/a", "x");
  BOOST_TEST(*FileExists(fake.files(), "/a"));
  BOOST_TEST(!*FileExists(fake.files(), "/b"));
  const Status stale(Code::kAborted, "/a; Stale file handle");
  fake.files().Fail({.op = FileOp::kStat, .status = stale});
  BOOST_TEST(FileExists(fake.files(), "/a").status() == stale);
}

BOOST_AUTO_TEST_CASE(ck_105_system_errors_have_their_codes) {
  const std::vector<std::pair<Code, std::vector<int>>> table = {
      {Code::kNotFound, {ENOENT, ENODEV, ENXIO}},
      {Code::kAlreadyExists, {EEXIST}},
      {Code::kPermissionDenied, {EPERM, EACCES, EROFS}},
      {Code::kFailedPrecondition, {ENOTDIR, EISDIR, ENOTEMPTY, EBADF, EBUSY, EPIPE}},
      {Code::kResourceExhausted, {ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM}},
      {Code::kInvalidArgument, {EINVAL, ENAMETOOLONG}},
      {Code::kDeadlineExceeded, {ETIMEDOUT}},
      {Code::kUnavailable,
       {EAGAIN, EINTR, ECONNREFUSED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH,
        ENOLINK, ENOLCK}},
      {Code::kAborted, {ESTALE, EDEADLK}},
      {Code::kOutOfRange, {EFBIG, EOVERFLOW}},
      {Code::kUnimplemented, {EXDEV, ENOSYS, ENOTSUP}},
      {Code::kUnknown, {EIO, ELOOP, 9999}}};
  for (const auto& [code, errors] : table) {
    for (const int error : errors) BOOST_TEST(CodeOfErrno(error) == code);
  }
  BOOST_TEST(FileError("/d/f", EIO).message() == "/d/f; Input/output error");
  BOOST_TEST(FileError("x", 9999).message() == "x; Unknown error 9999");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(observer)

BOOST_AUTO_TEST_CASE(names_of_points_are_invertible) {
  for (int i = 0; i < PointCount(); ++i) {
    const Point point = static_cast<Point>(i);
    Point parsed = Point::kProgramStart;
    BOOST_TEST(ParsePointName(PointName(point), &parsed));
    BOOST_TEST(parsed == point);
    BOOST_TEST(!PointText(point).empty());
  }
  Point untouched = Point::kSaveDone;
  BOOST_TEST(!ParsePointName("NoSuchPoint", &untouched));
  BOOST_TEST(untouched == Point::kSaveDone);
  BOOST_CHECK_THROW(PointName(static_cast<Point>(PointCount())), AssertionFailed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(transport)

BOOST_AUTO_TEST_CASE(rf_24_only_the_transports_own_errors_are_marked) {
  BOOST_TEST(IsTransportError(TransportError("connection refused")));
  BOOST_TEST(TransportError("connection refused").code() == Code::kUnavailable);
  BOOST_TEST(!IsTransportError(Status(Code::kUnavailable, "connection refused")));
  BOOST_TEST(!IsTransportError(Status(Code::kUnavailable, "x").WithNode("a/node")));
  BOOST_TEST(!IsTransportError(Status()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
