#include "core/session/hooks/global_step_waiter_hook.h"

#include <memory>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

// Says when it is destroyed.
struct Witness {
  explicit Witness(bool* gone) : gone_(gone) {}
  ~Witness() { *gone_ = true; }
  bool* gone_;
};

struct Waiting : DrivenHook {
  explicit Waiting(std::int64_t step) : DrivenHook(std::make_shared<GlobalStepWaiterHook>(step)) {
    noop = NoOp(graph, "nothing");
  }
  // Others bring the step to this value at that time after now.
  void Later(int milliseconds, std::int64_t step) {
    others.push_back(process.env().spawner.Spawn("others", [this, milliseconds, step] {
      SleepFor(process.env(), "others", Duration::Milliseconds(milliseconds));
      SetStep(step);
    }));
  }
  // How long one run takes.
  double SecondsOfRun() {
    const TimePoint start = process.Now();
    Run(noop);
    return SecondsSince(process, start);
  }
  int Lines() { return process.fake.logger().Count("Waiting for global step"); }

  Operation* noop;
  std::vector<std::shared_ptr<Task>> others;
};

BOOST_AUTO_TEST_SUITE(global_step_waiter_hook)

BOOST_AUTO_TEST_CASE(hc_h37_step_zero_is_not_waited_for) {
  TestProcess process;
  Graph graph;
  StepModel model(graph);
  process.sessions.Fail(  // any read of the step
      {.cause = Cause::kUnknown, .nth = 1, .status = Status(Code::kInternal, "a read")});
  process.Run([&] {
    GlobalStepWaiterHook none(0);
    GlobalStepWaiterHook one(1);
    none.Begin({process.runtime, graph});
    one.Begin({process.runtime, graph});
    const auto session = std::move(process.sessions.Open("", graph, {}).value());
    const Fetch fetches;
    const FeedDict feeds;
    SessionRunContext context(fetches, feeds, *session);
    BOOST_TEST(!none.BeforeRun(context).has_value());
    BOOST_CHECK_THROW(one.BeforeRun(context), InternalError);
    session->Close();
  });
  BOOST_TEST((process.Now() == TimePoint()));
}

BOOST_AUTO_TEST_CASE(hk_1002_looks_each_half_second_and_waits_only_once) {
  Waiting f(20);
  f.Start([&] {
    f.Later(1200, 12);
    f.Later(1700, 25);
    BOOST_TEST(f.SecondsOfRun() == 2.0);
    BOOST_TEST(f.Lines() == 1);
    f.SetStep(0);
    BOOST_TEST(f.SecondsOfRun() == 0.0);
  });
}

BOOST_AUTO_TEST_CASE(hk_1002_a_step_that_is_there_already_is_not_waited_for) {
  Waiting f(20);
  f.Start([&] {
    f.SetStep(20);
    BOOST_TEST(f.SecondsOfRun() == 0.0);
    BOOST_TEST(f.Lines() == 1);
  });
}

BOOST_AUTO_TEST_CASE(hk_1002_a_line_for_each_thousand_steps) {
  Waiting f(3000);
  f.Start([&] {
    f.Later(100, 1000);   // not more than 1000 above 0
    f.Later(600, 1001);   // a line
    f.Later(1100, 2001);  // not more than 1000 above the last line
    f.Later(1600, 2002);  // a line
    f.Later(2100, 3000);
    BOOST_TEST(f.SecondsOfRun() == 2.5);
  });
  BOOST_TEST(f.Lines() == 3);
  BOOST_TEST(f.process.fake.logger().Count("it is 1001 now") == 1);
  BOOST_TEST(f.process.fake.logger().Count("it is 2002 now") == 1);
}

BOOST_AUTO_TEST_CASE(hk_1003_an_error_of_the_read_recovers_and_the_wait_starts_again) {
  TestProcess process;
  Graph graph;
  StepModel model(graph);
  auto recorder = std::make_shared<RecordingHook>();
  process.sessions.Fail(
      {.cause = Cause::kUnknown, .nth = 2, .status = Status(Code::kAborted, "x")});
  double seconds = 0;
  process.Run([&] {
    const auto set = Assign(model.global_step, Constant(graph, Tensor::Scalar<std::int64_t>(2)));
    MonitoredSession session(process.runtime, graph,
                             {.hooks = {recorder, std::make_shared<GlobalStepWaiterHook>(2)}});
    const TimePoint start = process.Now();
    const auto others = process.env().spawner.Spawn("others", [&] {
      SleepFor(process.env(), "others", Duration::Milliseconds(1800));
      recorder->session->Run(set);  // in the second session
    });
    session.Run(model.step);
    seconds = SecondsSince(process, start);
    session.Close();
  });
  BOOST_TEST(seconds == 2.0);
  BOOST_TEST(process.sessions.opened == 2);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_when_its_process_is_taken_down) {
  bool gone = false;
  bool returned = false;
  Waiting f(1);
  f.Start([&] {
    f.others.push_back(f.process.env().spawner.Spawn("waiter", [&] {
      const Witness witness(&gone);
      f.Run(f.noop);
      returned = true;
    }));
    f.process.Advance(Duration::Seconds(3600));
  });
  BOOST_TEST(!gone);
  BOOST_TEST(f.process.fake.kernel().Shutdown().empty());
  BOOST_TEST(gone);
  BOOST_TEST(!returned);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
