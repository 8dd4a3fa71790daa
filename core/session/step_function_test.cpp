#include "core/session/step_function.h"

#include <memory>
#include <string>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/monitored_session.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

using StepContext = MonitoredSession::StepContext;

// Only what takes a StepContext&, and nothing else, is a step function (SF-2).
static_assert(StepFunction<decltype([](StepContext&) {})>);
static_assert(StepFunction<decltype([](StepContext&) { return std::string(); })>);
static_assert(!StepFunction<decltype([](StepContext&, int) {})>);
static_assert(!StepFunction<decltype([]() {})>);
static_assert(!StepFunction<decltype([](int) {})>);
static_assert(!StepFunction<decltype([](StepContext) {})>);
static_assert(!StepFunction<decltype([](SessionRunContext&) {})>);
static_assert(!StepFunction<decltype([](auto&&...) {})>);
static_assert(std::is_void_v<StepResult<decltype([](StepContext&) {})>>);
static_assert(std::is_same_v<StepResult<decltype([](StepContext&) { return 1.5F; })>, float>);

// A placeholder and an identity of it.
struct Fixture {
  Fixture() : c(Placeholder(graph, DataType::kFloat, PartialShape(), "c")), v(Identity(c)) {}
  std::unique_ptr<MonitoredSession> Open(HookList hooks = {}) {
    return std::make_unique<MonitoredSession>(process.runtime, graph,
                                              MonitoredSessionOptions{.hooks = std::move(hooks)});
  }
  Fetched RunFed(StepContext& step) { return step.RunWithHooks(v, {{c, Tensor::Scalar(3.2F)}}); }

  TestProcess process;
  Graph graph;
  Output c;
  Output v;
};

BOOST_AUTO_TEST_SUITE(step_function)

BOOST_AUTO_TEST_CASE(ms_t51_step_fn_example) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    WithSession(*session, [&](MonitoredSession& s) {
      const Fetched got = s.RunStepFn([&](StepContext& step) { return f.RunFed(step); });
      BOOST_TEST(got.scalar<float>() == 3.2F);
    });
  });
}

BOOST_AUTO_TEST_CASE(ms_t52_a_step_function_stops) {
  Fixture f;
  bool reached = false;
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({recorder});
    WithSession(*session, [&](MonitoredSession& s) {
      s.RunStepFn([](StepContext& step) { step.RequestStop(); });
      reached = true;
    });
    BOOST_TEST(session->closed());
  });
  BOOST_TEST(!reached);
  BOOST_TEST(recorder->befores == 0);
  BOOST_TEST(recorder->ends == 1);
}

BOOST_AUTO_TEST_CASE(ms_t53_request_stop_in_a_loop) {
  Fixture f;
  bool reached = false;
  int calls = 0;
  f.process.Run([&] {
    auto session = f.Open();
    WithSession(*session, [&](MonitoredSession& s) {
      while (!s.ShouldStop()) {
        s.RunStepFn([&](StepContext& step) {
          ++calls;
          step.RequestStop();
        });
        reached = true;
      }
    });
  });
  BOOST_TEST(!reached);
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(sf_4_a_caught_request_to_stop_changes_nothing) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_CHECK_THROW(session->RunStepFn([](StepContext& step) { step.RequestStop(); }),
                      StopIteration);
    BOOST_TEST(!session->ShouldStop());
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(ms_t54_a_step_function_returns_what_it_likes) {
  Fixture f;
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({recorder});
    BOOST_TEST(session->RunStepFn([](StepContext&) { return std::string("a type"); }) == "a type");
    auto owned = session->RunStepFn([](StepContext&) { return std::make_unique<int>(7); });
    BOOST_TEST(*owned == 7);
    session->RunStepFn([](StepContext&) {});
    session->Close();
  });
  BOOST_TEST(recorder->befores == 0);  // SF-3
}

BOOST_AUTO_TEST_CASE(ms_t55_a_function_with_another_argument_is_no_step_function) {
  const auto one = [](StepContext&) {};
  const auto two = [](StepContext&, int) {};
  BOOST_TEST(StepFunction<decltype(one)>);
  BOOST_TEST(!StepFunction<decltype(two)>);
}

BOOST_AUTO_TEST_CASE(ms_t56_a_step_function_that_belongs_to_a_class) {
  struct Model {
    Fixture& f;
    float Step(StepContext& step) { return f.RunFed(step).scalar<float>(); }
  };
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    Model model{f};
    const float got = session->RunStepFn([&](StepContext& step) { return model.Step(step); });
    BOOST_TEST(got == 3.2F);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(ms_t57_a_step_function_with_hooks) {
  TestProcess process;
  Graph graph;
  const Variable var = MakeVariable(graph, Tensor::Scalar(0.0F), "var");
  const auto add = [&](float value) {
    return AssignAdd(var, Constant(graph, Tensor::Scalar(value)));
  };
  const Output s0 = add(0.3F);
  const Output s1 = add(0.7F);
  const Output s2 = [&] {
    ControlScope after(graph, {s1.op});
    return add(0.5F);
  }();
  const Output s3 = add(1.1F);
  const auto tolerance = boost::test_tools::tolerance(1e-5F);
  auto hook = std::make_shared<FunctionHook>();
  hook->before_run = [&](SessionRunContext&) { return SessionRunArgs::Fetching(s1); };
  bool looked = false;
  hook->after_run = [&](SessionRunContext& context, const SessionRunValues&) {
    looked = true;
    BOOST_TEST(context.session().Run(var).scalar<float>() == 1.5F, tolerance);
    BOOST_TEST(context.session().Run(s3).scalar<float>() == 2.6F, tolerance);
  };
  process.Run([&] {
    MonitoredSession session(process.runtime, graph, {.hooks = {hook}});
    const float got = session.RunStepFn([&](StepContext& step) {
      BOOST_TEST(step.session().Run(s0).scalar<float>() == 0.3F, tolerance);
      return step.RunWithHooks(s2).scalar<float>();
    });
    BOOST_TEST(got == 1.5F, tolerance);
    session.Close();
  });
  BOOST_TEST(looked);
}

BOOST_AUTO_TEST_CASE(ms_t58_recovers_from_an_exception_in_step_fn) {
  Fixture f;
  bool raised = false;
  f.process.Run([&] {
    auto session = f.Open();
    const Fetched got = session->RunStepFn([&](StepContext& step) {
      if (!std::exchange(raised, true)) throw AbortedError("from the step function");
      return f.RunFed(step);
    });
    BOOST_TEST(got.scalar<float>() == 3.2F);
    session->Close();
  });
  BOOST_TEST(raised);
  BOOST_TEST(f.process.sessions.opened == 2);
  const auto ends = f.process.observer().Of(Point::kStepFnEnd);
  BOOST_TEST_REQUIRE(ends.size() == 2U);
  BOOST_TEST(ends[0].text("code") == "ABORTED");
  BOOST_TEST(ends[1].text("code") == "OK");
  BOOST_TEST(ends[1].number("execution") == 2);
}

BOOST_AUTO_TEST_CASE(sf_8_each_execution_has_the_current_raw_session) {
  Fixture f;
  f.process.sessions.Fail({.nth = 1, .status = Status(Code::kUnavailable, "run")});
  std::vector<std::uint64_t> seen;
  f.process.Run([&] {
    auto session = f.Open();
    session->RunStepFn([&](StepContext& step) {
      BOOST_TEST(!step.session().closed());
      seen.push_back(step.session().id());
      f.RunFed(step);
    });
    session->Close();
  });
  BOOST_TEST_REQUIRE(seen.size() == 2U);
  BOOST_TEST(seen[0] != seen[1]);
  BOOST_TEST(f.process.observer().Count(Point::kRunAcknowledged) == 1);
  BOOST_TEST(f.process.observer().Count(Point::kRunRaised) == 0);
}

BOOST_AUTO_TEST_CASE(sf_7_another_exception_comes_out_and_leaves_the_session_open) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_CHECK_THROW(session->RunStepFn([](StepContext&) { throw InternalError("own"); }),
                      InternalError);
    BOOST_TEST(!session->ShouldStop());
    session->Close();
    BOOST_CHECK_THROW(session->RunStepFn([](StepContext&) {}), RuntimeError);  // MS-13
  });
  BOOST_TEST(f.process.sessions.opened == 1);
}

// MS-T29 and MS-T30: a session over one raw session, whose side thread fails at the second step.
struct SideThread {
  explicit SideThread(Code code) : model(graph), code_(code) {}
  void Start() {
    auto counting = std::make_unique<CountingCreator>(process.OpenSession(graph));
    creator = counting.get();
    auto hook = std::make_shared<SideThreadFailure>(process.env(), 2, code_);
    session = std::make_unique<MonitoredSession>(
        process.runtime, graph,
        MonitoredSessionOptions{.session_creator = std::move(counting), .hooks = {hook}});
  }
  std::int32_t Step(std::int32_t fed) {
    return session->RunStepFn([&](StepContext& step) {
      return step.RunWithHooks(model.v, {{model.c, Tensor::Scalar(fed)}}).scalar<std::int32_t>();
    });
  }

  // By the end of the second step the thread has failed; nobody has looked at it yet.
  void TakeTwoSteps() {
    BOOST_TEST(creator->calls == 1);
    BOOST_TEST(!session->ShouldStop());
    BOOST_TEST(Step(51) == 51);
    BOOST_TEST(!session->ShouldStop());
    BOOST_TEST(Step(42) == 42);
  }

  TestProcess process;
  Graph graph;
  FeedModel model;
  CountingCreator* creator = nullptr;
  std::unique_ptr<MonitoredSession> session;

 private:
  Code code_;
};

BOOST_AUTO_TEST_CASE(ms_t29_recovery_from_coordinator_exception_when_run_hooks) {
  SideThread f(Code::kAborted);
  f.process.Run([&] {
    f.Start();
    f.TakeTwoSteps();
    BOOST_TEST(!f.session->ShouldStop());
    BOOST_TEST(f.creator->calls == 2);
    f.session->Close();
  });
}

BOOST_AUTO_TEST_CASE(ms_t30_no_recovery_from_non_preemption_in_coordinator) {
  SideThread f(Code::kUnknown);
  f.process.Run([&] {
    f.Start();
    f.TakeTwoSteps();
    BOOST_TEST(f.session->ShouldStop());
    BOOST_TEST(f.creator->calls == 1);
    BOOST_CHECK_THROW(f.session->Close(), UnknownError);
  });
}

// SF-6: WS-23 holds for runs with hooks, not for those on the raw session.
BOOST_AUTO_TEST_CASE(sf_6_a_threads_preemption_error_wins_over_that_of_a_hooked_run) {
  for (const bool hooked : {true, false}) {
    Fixture f;
    auto hook = std::make_shared<FunctionHook>();
    Coordinator* coordinator = nullptr;
    hook->after_create = [&](Session&, Coordinator& given) { coordinator = &given; };
    int executions = 0;
    Status error;
    f.process.Run([&] {
      auto session = f.Open({hook});
      error = ErrorOf([&] {
        session->RunStepFn([&](StepContext& step) {
          if (++executions > 1) return;
          coordinator->RequestStop(Status(Code::kAborted, "thread"));
          if (hooked) {
            step.RunWithHooks(f.v);  // not fed
          } else {
            step.session().Run(f.v);
          }
        });
      });
      session->Close();
    });
    BOOST_TEST(executions == (hooked ? 2 : 1));
    BOOST_TEST((error.code() == (hooked ? Code::kOk : Code::kInvalidArgument)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
