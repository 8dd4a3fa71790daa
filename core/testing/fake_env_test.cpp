#include "core/testing/fake_env.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/unwind.h"
#include "core/env/event.h"

namespace faultline::testing {
namespace {

BOOST_AUTO_TEST_SUITE(fake_env)

BOOST_AUTO_TEST_CASE(a_body_sleeps_without_real_time_passing) {
  FakeEnv fake;
  bool ran = false;
  fake.Run([&](Env& env) {
    const TimePoint start = env.clock.Now();
    const TimePoint wall = env.clock.WallNow();
    SleepFor(env, "an hour", Duration::Seconds(3600));
    BOOST_TEST(env.clock.Now() - start == Duration::Seconds(3600));
    BOOST_TEST(env.clock.WallNow() - wall == Duration::Seconds(3600));
    ran = true;
  });
  BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(what_leaves_a_fiber_is_thrown_on_the_tests_stack) {
  FakeEnv fake;
  BOOST_CHECK_EXCEPTION(
      fake.Run([](Env&) { throw std::runtime_error("from the body"); }), std::runtime_error,
      [](const std::runtime_error& error) { return std::string(error.what()) == "from the body"; });
  BOOST_CHECK_THROW(fake.Run([](Env& env) {
    env.spawner.Spawn("other", [] { throw std::out_of_range("from another fiber"); });
    SleepFor(env, "nothing", Duration::Seconds(1));
  }),
                    std::out_of_range);
}

BOOST_AUTO_TEST_CASE(a_failed_assertion_is_thrown_on_the_tests_stack) {
  FakeEnv fake;
  BOOST_CHECK_THROW(fake.Run([](Env&) { throw AssertionFailed("planted"); }), AssertionFailed);
}

BOOST_AUTO_TEST_CASE(a_requirement_of_the_test_itself_ends_the_body_only) {
  struct Requirement {};  // as Boost.Test's own, no std::exception
  FakeEnv fake;
  BOOST_CHECK_THROW(fake.Run([](Env&) { throw Requirement(); }), Requirement);
  bool again = false;
  fake.Run([&](Env&) { again = true; });
  BOOST_TEST(again);
}

BOOST_AUTO_TEST_CASE(a_body_that_waits_for_ever_is_explained) {
  FakeEnv fake;
  BOOST_CHECK_EXCEPTION(
      fake.Run([](Env& env) {
        SleepFor(env, "a while", Duration::Seconds(2));
        Event never(env.spawner);
        never.Wait({.what = "an event that nobody sets"});
      }),
      TestStuck, [](const TestStuck& error) {
        return std::string(error.what()).find("waits for an event that nobody sets since 2 s") !=
               std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(a_loop_without_time_passing_is_a_livelock) {
  FakeEnv fake({.events_at_one_time = 1000});
  BOOST_CHECK_EXCEPTION(fake.Run([](Env& env) {
    for (;;) env.spawner.Yield();
  }),
                        TestStuck, [](const TestStuck& error) {
                          return std::string(error.what()).find("livelock") != std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(time_is_moved_by_hand_from_outside_and_from_inside) {
  FakeEnv fake;
  std::vector<double> seen;
  fake.Run([&](Env& env) {
    env.spawner.Spawn("ticker", [&] {
      for (;;) {
        SleepFor(env, "a tick", Duration::Seconds(10));
        seen.push_back(env.clock.Now().seconds());
      }
    });
    fake.Advance(Duration::Seconds(15));
  });
  BOOST_TEST(seen.size() == 1U);
  fake.Advance(Duration::Seconds(20));
  BOOST_TEST(seen.size() == 3U);
  BOOST_TEST(fake.clock().Now().seconds() == 35.0);
  fake.SetWall(TimePoint::FromNanoseconds(7));
  BOOST_TEST(fake.clock().WallNow().nanoseconds() == 7);
}

BOOST_AUTO_TEST_CASE(draws_depend_on_seed_and_purpose_alone) {
  FakeEnv a({.seed = 5});
  FakeEnv b({.seed = 5});
  FakeEnv c({.seed = 6});
  a.env().random.Draw("other");
  const std::uint64_t drawn = a.env().random.Draw("incarnation");
  BOOST_TEST(drawn == b.env().random.Draw("incarnation"));
  BOOST_TEST(drawn != c.env().random.Draw("incarnation"));
  BOOST_TEST(drawn != a.env().random.Draw("incarnation"));
}

BOOST_AUTO_TEST_CASE(announcements_and_lines_are_kept) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    env.logger.Log(LogLevel::kWarning, "the checkpoint is gone");
    env.observer.Announce(Point::kSaveDone, {{"prefix", "/ckpt/a"}, {"step", 7}});
  });
  BOOST_TEST(fake.logger().Count("is gone") == 1);
  BOOST_TEST(fake.observer().Count(Point::kSaveDone) == 1);
  const auto saved = fake.observer().Of(Point::kSaveDone).front();
  BOOST_TEST(saved.text("prefix") == "/ckpt/a");
  BOOST_TEST(saved.number("step") == 7);
  BOOST_CHECK_THROW(saved.number("prefix"), AssertionFailed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fake_file_system)

BOOST_AUTO_TEST_CASE(the_log_tells_every_call_in_order) {
  FakeEnv fake;
  BOOST_TEST(fake.files().MakeDirectory("/d").ok());
  BOOST_TEST(WriteFile(fake.files(), "/d/a", "abc").ok());
  BOOST_TEST(fake.files().Rename("/d/a", "/d/b").ok());
  BOOST_TEST(fake.files().Remove("/d/a").code() == Code::kNotFound);
  const std::vector<std::string> expected = {"make_directory /d",   "create /d/a",
                                             "append /d/a",         "close /d/a",
                                             "rename /d/a -> /d/b", "remove /d/a = NOT_FOUND"};
  BOOST_TEST(fake.files().LogLines() == expected, boost::test_tools::per_element());
  BOOST_TEST(fake.files().LogLines({FileOp::kCreate}).size() == 1U);
  BOOST_TEST(fake.files().Content("/d/b") == "abc");
}

BOOST_AUTO_TEST_CASE(the_nth_call_of_a_kind_on_a_path_fails) {
  FakeEnv fake;
  const Status planted(Code::kUnavailable, "planted");
  fake.files().Fail({.op = FileOp::kCreate, .path = "/a", .status = planted, .nth = 2});
  BOOST_TEST(WriteFile(fake.files(), "/b", "x").ok());
  BOOST_TEST(WriteFile(fake.files(), "/a", "first").ok());
  BOOST_TEST(WriteFile(fake.files(), "/a", "second") == planted);
  BOOST_TEST(fake.files().Content("/a") == "first");
  BOOST_TEST(WriteFile(fake.files(), "/a", "third").ok());
  BOOST_TEST(fake.files().Content("/a") == "third");
}

BOOST_AUTO_TEST_CASE(a_call_may_fail_after_its_effect) {
  FakeEnv fake;
  const Status planted(Code::kUnknown, "planted");
  fake.files().Put("/a", "x");
  fake.files().Fail({.op = FileOp::kRename, .status = planted, .times = 2, .after_effect = true});
  BOOST_TEST(fake.files().Rename("/a", "/b") == planted);
  BOOST_TEST(fake.files().Exists("/b"));
  BOOST_TEST(fake.files().Rename("/b", "/c") == planted);
  BOOST_TEST(fake.files().Rename("/c", "/d").ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
