#include "core/session/monitored_session.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/hooks/checkpoint_saver_hook.h"
#include "core/session/hooks/stop_at_step_hook.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";

// A process with a step model, and short words for what cases do.
struct Fixture {
  explicit Fixture(Semantics semantics = Semantics()) : process(semantics), model(graph) {}

  std::unique_ptr<MonitoredSession> Open(HookList hooks = {},
                                         ChiefSessionCreatorOptions chief = {}) {
    return std::make_unique<MonitoredSession>(
        process.runtime, graph,
        MonitoredSessionOptions{.session_creator = std::make_unique<ChiefSessionCreator>(
                                    process.runtime, graph, std::move(chief)),
                                .hooks = std::move(hooks)});
  }
  std::int64_t Read(MonitoredSession& session) {
    return session.Run(model.read).scalar<std::int64_t>();
  }
  std::int64_t Step(MonitoredSession& session) {
    return session.Run(model.step).scalar<std::int64_t>();
  }

  TestProcess process;
  Graph graph;
  StepModel model;
};

BOOST_AUTO_TEST_SUITE(monitored_session)

BOOST_AUTO_TEST_CASE(ms_t36_defaults) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Tensor::Scalar(0), "v");
  process.Run([&] {
    MonitoredSession session(process.runtime, graph);
    WithSession(session,
                [&](MonitoredSession& s) { BOOST_TEST(s.Run(v).scalar<std::int32_t>() == 0); });
    BOOST_TEST(session.closed());
  });
}

BOOST_AUTO_TEST_CASE(ms_t37_last_step) {
  Fixture f;
  const std::string path = "/saved/state";
  f.process.Run([&] {
    BOOST_TEST(MakeDirectories(f.process.env().files, "/saved").ok());
    auto scaffold = std::make_shared<Scaffold>();
    auto saving = std::make_shared<FunctionHook>();
    saving->end = [&](Session& raw) { scaffold->saver()->Save(raw, path); };
    auto first = f.Open({std::make_shared<StopAtStepHook>(StopAtStep::LastStep(3)), saving},
                        {.scaffold = scaffold});
    WithSession(*first, [&](MonitoredSession& s) {
      BOOST_TEST(f.Read(s) == 0);
      for (const std::int64_t step : {1, 2, 3}) {
        BOOST_TEST(!s.ShouldStop());
        BOOST_TEST(f.Step(s) == step);
      }
      BOOST_TEST(s.ShouldStop());
    });

    auto restoring = std::make_shared<Scaffold>(ScaffoldOptions{
        .init_fn = [&](Scaffold& own, Session& raw) { own.saver()->Restore(raw, path); }});
    auto second = f.Open({std::make_shared<StopAtStepHook>(StopAtStep::LastStep(5))},
                         {.scaffold = restoring});
    WithSession(*second, [&](MonitoredSession& s) {
      BOOST_TEST(f.Read(s) == 3);
      for (const std::int64_t step : {4, 5}) {
        BOOST_TEST(!s.ShouldStop());
        BOOST_TEST(f.Step(s) == step);
      }
      BOOST_TEST(s.ShouldStop());
    });
  });
}

BOOST_AUTO_TEST_CASE(ms_t38_recovery) {
  Fixture f;
  f.process.Run([&] {
    auto scaffold = std::make_shared<Scaffold>();
    auto first = f.Open({std::make_shared<CheckpointSaverHook>(CheckpointSaverHookOptions{
                            .checkpoint_dir = kDir, .save_steps = 1, .scaffold = scaffold})},
                        {.scaffold = scaffold, .checkpoint_dir = kDir});
    WithSession(*first, [&](MonitoredSession& s) {
      BOOST_TEST(f.Read(s) == 0);
      BOOST_TEST(f.Step(s) == 1);
      BOOST_TEST(f.Step(s) == 2);
    });
    auto second = f.Open({}, {.scaffold = scaffold, .checkpoint_dir = kDir});
    WithSession(*second, [&](MonitoredSession& s) { BOOST_TEST(f.Read(s) == 2); });
    const std::string latest = LatestCheckpoint(f.process.env(), kDir).value();
    BOOST_TEST(latest == kDir + "/model.ckpt-2");
    auto third = f.Open({}, {.scaffold = scaffold, .checkpoint_filename_with_path = latest});
    WithSession(*third, [&](MonitoredSession& s) { BOOST_TEST(f.Read(s) == 2); });
  });
}

// MS-T39 and MS-T40.
void RetryFromScratch(Code code) {
  Fixture f;
  auto hook = std::make_shared<RaiseOnceAtN>(4, code);
  f.process.Run([&] {
    auto session = f.Open({hook});
    WithSession(*session, [&](MonitoredSession& s) {
      BOOST_TEST(f.Read(s) == 0);
      BOOST_TEST(f.Step(s) == 1);
      BOOST_TEST(f.Step(s) == 2);
      BOOST_TEST(!s.ShouldStop());
      BOOST_TEST(!hook->raised);
      BOOST_TEST(f.Step(s) == 1);
      BOOST_TEST(!s.ShouldStop());
      BOOST_TEST(hook->raised);
      BOOST_TEST(f.Step(s) == 2);
    });
  });
  BOOST_TEST(f.process.sessions.opened == 2);
  BOOST_TEST(f.process.sessions.open_now == 0);
  BOOST_TEST(f.process.sessions.most_open == 1);  // IV-5
}

BOOST_AUTO_TEST_CASE(ms_t39_retry_on_aborted_error) { RetryFromScratch(Code::kAborted); }
BOOST_AUTO_TEST_CASE(ms_t40_retry_on_unavailable_error) { RetryFromScratch(Code::kUnavailable); }

BOOST_AUTO_TEST_CASE(ms_t41_recover_and_retry_on_aborted_error) {
  Fixture f;
  auto hook = std::make_shared<RaiseOnceAtN>(4, Code::kAborted);
  f.process.Run([&] {
    auto scaffold = std::make_shared<Scaffold>();
    auto saver = std::make_shared<CheckpointSaverHook>(
        CheckpointSaverHookOptions{.checkpoint_dir = kDir, .save_steps = 1, .scaffold = scaffold});
    auto session = f.Open({hook, saver}, {.scaffold = scaffold, .checkpoint_dir = kDir});
    WithSession(*session, [&](MonitoredSession& s) {
      BOOST_TEST(f.Read(s) == 0);
      BOOST_TEST(f.Step(s) == 1);
      BOOST_TEST(f.Step(s) == 2);
      BOOST_TEST(!hook->raised);
      BOOST_TEST(f.Step(s) == 3);
      BOOST_TEST(hook->raised);
      BOOST_TEST(!s.ShouldStop());
      BOOST_TEST(f.Step(s) == 4);
    });
  });
}

// MS-T42 and MS-T43.
void ExitsCleanly(const std::function<void()>& raise) {
  Fixture f;
  auto recorder = std::make_shared<RecordingHook>();
  bool reached = false;
  f.process.Run([&] {
    auto session = f.Open({std::make_shared<RaiseOnceAtN>(2, raise), recorder});
    WithSession(*session, [&](MonitoredSession& s) {
      BOOST_TEST(f.Read(s) == 0);
      BOOST_TEST(!s.ShouldStop());
      f.Step(s);
      reached = true;
    });
    BOOST_TEST(session->ShouldStop());
    BOOST_TEST(session->graph() == nullptr);
  });
  BOOST_TEST(!reached);
  BOOST_TEST(recorder->ends == 1);
  BOOST_TEST(recorder->afters == 1);
  const auto ended = f.process.observer().Of(Point::kMonitoredEnd).at(0);
  BOOST_TEST(ended.text("code") == "OK");
  BOOST_TEST(ended.number("clean") == 1);
}

BOOST_AUTO_TEST_CASE(ms_t42_exit_cleanly_on_out_of_range) {
  ExitsCleanly([] { throw OutOfRangeError("the end"); });
}
BOOST_AUTO_TEST_CASE(ms_t43_exit_cleanly_on_stop_iteration) {
  ExitsCleanly([] { throw StopIteration(); });
}

BOOST_AUTO_TEST_CASE(er_5_a_class_derived_from_out_of_range_does_not_exit_quietly) {
  struct Special : OutOfRangeError {
    Special() : OutOfRangeError("special") {}
  };
  Fixture f;
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({recorder});
    BOOST_CHECK_THROW(WithSession(*session, [](MonitoredSession&) { throw Special(); }), Special);
  });
  BOOST_TEST(recorder->ends == 0);
}

BOOST_AUTO_TEST_CASE(ms_t44_a_regular_exception_passes_through_run) {
  Fixture f;
  auto hook = std::make_shared<RaiseOnceAtN>(4, [] { throw RuntimeError("regular exception"); });
  f.process.Run([&] {
    auto session = f.Open({hook});
    BOOST_CHECK_EXCEPTION(WithSession(*session,
                                      [&](MonitoredSession& s) {
                                        BOOST_TEST(f.Read(s) == 0);
                                        BOOST_TEST(f.Step(s) == 1);
                                        BOOST_TEST(f.Step(s) == 2);
                                        BOOST_TEST(!s.ShouldStop());
                                        f.Step(s);
                                      }),
                          RuntimeError, [](const RuntimeError& error) {
                            return error.status().message() == "regular exception";
                          });
    BOOST_TEST(hook->raised);
    BOOST_TEST(session->ShouldStop());
  });
}

BOOST_AUTO_TEST_CASE(ms_t45_an_exception_reported_to_the_coordinator_comes_out_of_the_scope) {
  Fixture f;
  auto hook = std::make_shared<FunctionHook>();
  Coordinator* coordinator = nullptr;
  hook->after_create = [&](Session&, Coordinator& given) { coordinator = &given; };
  f.process.Run([&] {
    auto session = f.Open({hook});
    BOOST_CHECK_EXCEPTION(
        WithSession(*session,
                    [&](MonitoredSession& s) {
                      BOOST_TEST(f.Read(s) == 0);
                      coordinator->RequestStop(Status(Code::kRuntimeError, "from a thread"));
                      BOOST_TEST(f.Read(s) == 0);
                    }),
        RuntimeError,
        [](const RuntimeError& error) { return error.status().message() == "from a thread"; });
  });
}

BOOST_AUTO_TEST_CASE(ms_t46_stops_cleanly_without_an_exception) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    WithSession(*session, [&](MonitoredSession& s) {
      BOOST_TEST(f.Step(s) == 1);
      BOOST_TEST(f.Step(s) == 2);
      BOOST_TEST(!s.ShouldStop());
    });
    BOOST_TEST(session->ShouldStop());
    BOOST_TEST(session->graph() == nullptr);
  });
  BOOST_TEST(f.process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_CASE(ms_t47_a_regular_exception_of_the_body_comes_out_of_the_scope) {
  struct Own {
    int value;
  };
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    // No std::exception: it keeps its identity all the same (WS-26).
    BOOST_CHECK_EXCEPTION(WithSession(*session,
                                      [&](MonitoredSession& s) {
                                        BOOST_TEST(f.Step(s) == 1);
                                        BOOST_TEST(f.Step(s) == 2);
                                        throw Own{17};
                                      }),
                          Own, [](const Own& own) { return own.value == 17; });
    BOOST_TEST(session->ShouldStop());
    BOOST_TEST(session->graph() == nullptr);
  });
}

BOOST_AUTO_TEST_CASE(ms_t48_graph) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    WithSession(*session, [&](MonitoredSession& s) { BOOST_TEST(s.graph() == &f.graph); });
  });
}

BOOST_AUTO_TEST_CASE(ms_t49_the_graph_is_final_between_begin_and_close) {
  for (const bool final_before : {false, true}) {
    Fixture f;
    f.process.Run([&] {
      if (final_before) {
        Scaffold().Finalize(f.process.runtime, f.graph);
        // What hooks' begin needs is there already.
      }
      bool in_begin = true;
      auto hook = std::make_shared<FunctionHook>();
      hook->begin = [&](const HookContext& context) { in_begin = context.graph.finalized(); };
      auto session = f.Open({hook});
      BOOST_TEST(in_begin == final_before);
      WithSession(*session, [&](MonitoredSession&) { BOOST_TEST(f.graph.finalized()); });
      BOOST_TEST(f.graph.finalized() == final_before);
    });
  }
}

// F-7.
struct OptionsHook : SessionRunHook {
  explicit OptionsHook(RunOptions asked_in) : asked(std::move(asked_in)) {}
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext&) override {
    return SessionRunArgs{.options = asked};
  }
  void AfterRun(SessionRunContext&, const SessionRunValues& values) override {
    options.push_back(values.options);
    metadata.push_back(values.metadata);
  }
  RunOptions asked;
  std::vector<RunOptions> options;
  std::vector<RunMetadata> metadata;
};

BOOST_AUTO_TEST_CASE(ms_t50_merge_run_options_from_hooks) {
  TestProcess process;
  Graph graph;
  const Output my_const = Constant(graph, Tensor::Scalar(42), "my_const");
  Constant(graph, Tensor::Scalar(24), "my_const_2");
  const DebugWatch a{.node_name = "my_const", .debug_ops = {"DebugIdentity"}, .debug_urls = {}};
  const DebugWatch b{.node_name = "my_const_2", .debug_ops = {"DebugIdentity"}, .debug_urls = {}};
  auto first = std::make_shared<OptionsHook>(RunOptions{
      .trace_level = TraceLevel::kHardwareTrace, .timeout_ms = 30000, .debug_watches = {a}});
  auto second = std::make_shared<OptionsHook>(RunOptions{.trace_level = TraceLevel::kFullTrace,
                                                         .timeout_ms = 60000,
                                                         .output_partition_graphs = true,
                                                         .report_tensor_allocations_upon_oom = true,
                                                         .debug_watches = {b}});
  const RunOptions own;
  process.Run([&] {
    MonitoredSession session(process.runtime, graph, {.hooks = {first, second}});
    BOOST_TEST(session.Run(my_const, {}, &own).scalar<std::int32_t>() == 42);
    session.Close();
  });
  const RunOptions& seen = second->options.at(0);
  BOOST_TEST((seen.trace_level == TraceLevel::kFullTrace));
  BOOST_TEST(seen.timeout_ms == 60000);
  BOOST_TEST(seen.output_partition_graphs);
  BOOST_TEST(seen.report_tensor_allocations_upon_oom);
  BOOST_TEST((seen.debug_watches == std::vector<DebugWatch>{a, b}));
  BOOST_TEST((first->options.at(0) == seen));
  BOOST_TEST(second->metadata.size() == 1U);
  BOOST_TEST((own == RunOptions()));
}

// MS-T28: a thread's ABORTED leads to a recovery from should_stop.
BOOST_AUTO_TEST_CASE(ms_t28_recovery_from_coordinator_exception) {
  TestProcess process;
  Graph graph;
  FeedModel model(graph);
  process.Run([&] {
    auto counting = std::make_unique<CountingCreator>(process.OpenSession(graph));
    CountingCreator& creator = *counting;
    auto hook = std::make_shared<SideThreadFailure>(process.env(), 2);
    MonitoredSession session(process.runtime, graph,
                             {.session_creator = std::move(counting), .hooks = {hook}});
    const auto run = [&](std::int32_t fed) {
      return session.Run(model.v, {{model.c, Tensor::Scalar(fed)}}).scalar<std::int32_t>();
    };
    BOOST_TEST(creator.calls == 1);
    BOOST_TEST(!session.ShouldStop());
    BOOST_TEST(run(51) == 51);
    BOOST_TEST(!session.ShouldStop());
    BOOST_TEST(run(42) == 42);
    BOOST_TEST(!session.ShouldStop());
    BOOST_TEST(creator.calls == 2);
    session.Close();
  });
}

BOOST_AUTO_TEST_CASE(ws_19_another_thread_error_stops_and_comes_out_of_close) {
  TestProcess process;
  Graph graph;
  FeedModel model(graph);
  process.Run([&] {
    auto counting = std::make_unique<CountingCreator>(process.OpenSession(graph));
    CountingCreator& creator = *counting;
    auto hook = std::make_shared<SideThreadFailure>(process.env(), 1, Code::kUnknown);
    MonitoredSession session(process.runtime, graph,
                             {.session_creator = std::move(counting), .hooks = {hook}});
    session.Run(model.v);
    BOOST_TEST(session.ShouldStop());
    BOOST_TEST(creator.calls == 1);
    BOOST_CHECK_THROW(session.Close(), UnknownError);
    BOOST_TEST(session.closed());
  });
}

BOOST_AUTO_TEST_CASE(ms_13_ms_26_a_closed_session_refuses_run_and_close) {
  Fixture f;
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({recorder});
    session->Close();
    BOOST_CHECK_THROW(f.Step(*session), RuntimeError);
    BOOST_CHECK_THROW(session->Close(), RuntimeError);
    auto other = f.Open({recorder});
    BOOST_CHECK_THROW(WithSession(*other, [](MonitoredSession& s) { s.Close(); }), RuntimeError);
  });
  BOOST_TEST(recorder->ends == 2);
  BOOST_TEST(f.process.observer().Count(Point::kRunAfterClose) == 1);
  BOOST_TEST(f.process.observer().Count(Point::kCloseAfterClose) == 2);
}

BOOST_AUTO_TEST_CASE(ms_25_precedence_when_several_things_throw) {
  const auto scope = [](const char* end, const char* thread, std::function<void()> body) {
    Fixture f;
    auto hook = std::make_shared<FunctionHook>();
    if (end != nullptr) hook->end = [end](Session&) { throw InternalError(end); };
    Coordinator* coordinator = nullptr;
    hook->after_create = [&](Session&, Coordinator& given) { coordinator = &given; };
    Status error;
    f.process.Run([&] {
      auto session = f.Open({hook});
      error = ErrorOf([&] {
        WithSession(*session, [&](MonitoredSession&) {
          if (thread != nullptr) coordinator->RequestStop(Status(Code::kDataLoss, thread));
          if (body) body();
        });
      });
    });
    BOOST_TEST(f.process.sessions.open_now == 0);
    return error;
  };
  const auto quiet = [] { throw OutOfRangeError("the end of input"); };
  const auto loud = [] { throw RuntimeError("body"); };
  BOOST_TEST(scope("end", nullptr, quiet) == Status(Code::kInternal, "end"));
  BOOST_TEST(scope(nullptr, "thread", loud) == Status(Code::kDataLoss, "thread"));
  BOOST_TEST(scope("end", "thread", nullptr) == Status(Code::kDataLoss, "thread"));
  BOOST_TEST(scope("end", nullptr, loud) == Status(Code::kRuntimeError, "body"));
  BOOST_TEST(scope(nullptr, nullptr, quiet).ok());
}

BOOST_AUTO_TEST_CASE(ms_27_an_explicit_close_after_a_failed_run_calls_end) {
  Fixture f;
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({std::make_shared<RaiseOnceAtN>(1, Code::kInternal), recorder});
    BOOST_CHECK_THROW(f.Step(*session), InternalError);
    BOOST_TEST(!session->ShouldStop());  // MS-10
    BOOST_TEST(f.Step(*session) == 1);
    session->Close();
  });
  BOOST_TEST(recorder->ends == 1);
}

BOOST_AUTO_TEST_CASE(ms_28_threads_get_the_grace_period_and_are_left_alone) {
  TestProcess process;
  Graph graph;
  FeedModel model(graph);
  process.Run([&] {
    auto hook = std::make_shared<FunctionHook>();
    hook->after_create = [&](Session&, Coordinator& coordinator) {
      coordinator.RegisterThread(process.env().spawner.Spawn(
          "stubborn", [&] { SleepFor(process.env(), "its work", Duration::Seconds(500)); }));
    };
    MonitoredSession session(process.runtime, graph,
                             {.hooks = {hook}, .stop_grace_period = Duration::Seconds(10)});
    const TimePoint start = process.Now();
    session.Close();
    BOOST_TEST((process.Now() - start) == Duration::Milliseconds(10001));
  });
  BOOST_TEST(process.fake.logger().Count("stubborn") == 1);
}

BOOST_AUTO_TEST_CASE(mp_5_a_dropped_session_asks_its_threads_to_stop) {
  Fixture f;
  std::shared_ptr<Task> thread;
  f.process.Run([&] {
    auto hook = std::make_shared<FunctionHook>();
    hook->after_create = [&](Session&, Coordinator& coordinator) {
      thread = f.process.env().spawner.Spawn("waiter", [&] { coordinator.WaitForStop(); });
      coordinator.RegisterThread(thread);
    };
    auto session = f.Open({hook});
    session.reset();
    BOOST_TEST(!thread->finished());  // without joining
  });
  BOOST_TEST(f.process.fake.logger().Count("without having been closed") == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
