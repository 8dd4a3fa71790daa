// The examples of docs/from_tensorflow.md. What stands between `// example NAME` and `// end` is
// the code block of that name on the page (guide_test.cpp compares them).

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/session/training.h"
#include "core/testing/session_fixtures.h"

namespace faultline {
namespace {

// What "...add operations to the graph..." of the pages stands for.
struct Model {
  explicit Model(Graph& graph)
      : global_step(GetOrCreateGlobalStep(graph)),
        w(MakeVariable(graph, Tensor::Scalar(4.0F), "w")),
        loss(Square(w.value())),
        train_op(GradientDescentOptimizer(0.1F).Minimize(graph, loss, global_step)) {}
  Variable global_step;
  Variable w;
  Output loss;
  Operation* train_op;
};

struct Example {
  testing::TestProcess process;
  Runtime& runtime = process.runtime;
  Graph graph;
  Model model{graph};

  // Runs `body` in a fiber, as every program runs.
  void Run(const std::function<void()>& body) { process.Run(body); }
  std::int64_t StepIn(const std::string& directory) {
    const auto latest = LatestCheckpoint(process.env(), directory);
    BOOST_REQUIRE(latest.ok());
    return std::stoll(latest->substr(latest->rfind('-') + 1));
  }
};

BOOST_AUTO_TEST_SUITE(from_tensorflow)

BOOST_AUTO_TEST_CASE(session_manager_of_a_chief) {
  Example e;
  e.Run([&] {
    Runtime& runtime = e.runtime;
    Graph& graph = e.graph;
    Operation* train_op = e.model.train_op;
    const Variable global_step = e.model.global_step;
    Operation* init_op =
        VariablesInitializer(graph, graph.GetVariables(GraphKeys::kGlobalVariables), "init");
    const std::string master;
    const int steps = 3;
    BOOST_REQUIRE(e.process.env().files.MakeDirectory("/tmp").ok());
    BOOST_REQUIRE(e.process.env().files.MakeDirectory("/tmp/mydir").ok());
    // example prepare_session
    auto saver = std::make_shared<Saver>(runtime, graph);
    SessionManager sm(runtime, graph);
    auto sess = sm.PrepareSession(
        {.target = master, .saver = saver, .checkpoint_dir = "/tmp/mydir", .init_op = init_op});
    for (int i = 0; i < steps; ++i) sess->Run(train_op);
    saver->Save(*sess, "/tmp/mydir/model.ckpt", {.global_step = GlobalStep(*sess, global_step)});
    sess->Close();
    // end
    BOOST_TEST(e.StepIn("/tmp/mydir") == 3);

    // example recover_session
    auto [session, initialized] =
        sm.RecoverSession({.target = master, .saver = saver, .checkpoint_dir = "/tmp/mydir"});
    if (!initialized) session->Run(init_op);
    // end
    BOOST_TEST(initialized);
    BOOST_TEST(session->Run(e.model.global_step).scalar<std::int64_t>() == 3);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(session_manager_of_a_worker) {
  Example e;
  e.process.sessions.StartServer(e.graph);
  const std::string master = "server";
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  Operation* train_op = e.model.train_op;
  Operation* init_op =
      VariablesInitializer(graph, graph.GetVariables(GraphKeys::kGlobalVariables), "init");
  const Output report = ReportUninitializedVariables(graph);
  bool waited = false;
  e.Run([&] {
    const auto worker = e.process.env().spawner.Spawn("worker", [&] {
      // example wait_for_session
      SessionManager sm(runtime, graph, {.ready_op = report});
      auto sess = sm.WaitForSession(master);
      sess->Run(train_op);
      // end
      waited = e.process.Now() > TimePoint();
      sess->Close();
    });
    SleepFor(e.process.env(), "a slow chief", Duration::Seconds(45));
    SessionManager chief(runtime, graph);
    const auto sess = chief.PrepareSession({.target = master, .init_op = init_op});
    worker->Join({.what = "the worker"});
    BOOST_TEST(sess->Run(e.model.global_step).scalar<std::int64_t>() == 1);
    sess->Close();
  });
  BOOST_TEST(waited);
}

BOOST_AUTO_TEST_CASE(wait_with_a_limit) {
  Example e;
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  const Output report = ReportUninitializedVariables(graph);
  const std::string master;
  std::string told;
  e.Run([&] {
    // example wait_limit
    SessionManager sm(runtime, graph, {.ready_op = report, .recovery_wait = Duration::Seconds(1)});
    try {
      auto sess = sm.WaitForSession(master, SessionConfig(), Duration::Seconds(3));
    } catch (const DeadlineExceededError& error) {
      told = error.what();
    }
    // end
  });
  BOOST_TEST(told.find('3') != std::string::npos);
  BOOST_TEST(SecondsSince(e.process, TimePoint()) == 3.0);
}

BOOST_AUTO_TEST_CASE(monitored_session_of_a_chief_and_of_a_worker) {
  Example e;
  e.process.sessions.StartServer(e.graph);
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  Operation* train_op = e.model.train_op;
  const std::string master = "server";
  const SessionConfig config;
  e.Run([&] {
    // example monitored_session
    MonitoredSessionOptions options;
    options.session_creator = std::make_unique<ChiefSessionCreator>(
        runtime, graph, ChiefSessionCreatorOptions{.master = master, .config = config});
    options.hooks = {std::make_shared<StopAtStepHook>(StopAtStep::LastStep(10))};
    MonitoredSession session(runtime, graph, std::move(options));
    // end
    // example monitored_worker
    MonitoredSessionOptions worker_options;
    worker_options.session_creator = std::make_unique<WorkerSessionCreator>(
        runtime, graph, WorkerSessionCreatorOptions{.master = master, .config = config});
    MonitoredSession worker(runtime, graph, std::move(worker_options));
    // end
    worker.Run(train_op);
    BOOST_TEST(session.Run(e.model.global_step).scalar<std::int64_t>() == 1);
    // example close
    session.Close();
    worker.Close();
    // end
    BOOST_TEST(session.ShouldStop());
  });
}

BOOST_AUTO_TEST_CASE(scope_and_end_of_input) {
  Example e;
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  const Output next_item = CountUpTo(MakeLocalVariable(graph, Tensor::Scalar(0), "item"), 5);
  int runs = 0;
  e.Run([&] {
    // example scope
    MonitoredSession session(runtime, graph);
    WithSession(session, [&](MonitoredSession& s) {
      while (!s.ShouldStop()) {
        s.Run(next_item);  // throws OutOfRangeError after the last item
        ++runs;
      }
    });
    // end
    BOOST_TEST(session.closed());
  });
  BOOST_TEST(runs == 5);
}

BOOST_AUTO_TEST_CASE(monitored_training_session) {
  Example e;
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  Operation* train_op = e.model.train_op;
  const Output loss = e.model.loss;
  const std::string master;
  const bool is_chief = true;
  e.Run([&] {
    // example training_session
    MonitoredTrainingSessionOptions options;
    options.master = master;
    options.is_chief = is_chief;
    options.checkpoint_dir = "/ckpt";
    options.save_checkpoint_steps = Setting::Of(100);
    options.save_summaries_steps = Setting::Off();
    options.hooks = {
        std::make_shared<StopAtStepHook>(StopAtStep::LastStep(250)),
        std::make_shared<NanTensorHook>(loss),
        std::make_shared<LoggingTensorHook>(LoggingTensorHook::Tags{{"loss", loss}},
                                            LoggingTensorHookOptions{.every_n_iter = 50}),
    };
    auto session = MonitoredTrainingSession(runtime, graph, options);
    WithSession(*session, [&](MonitoredSession& s) {
      while (!s.ShouldStop()) s.Run(train_op);
    });
    // end
    BOOST_TEST(e.StepIn("/ckpt") == 250);
    BOOST_TEST(e.process.env().files.Stat("/ckpt/model.ckpt-200.index").ok());
  });
}

// example own_hook
// Counts the runs, and asks to stop when the loss is small enough.
class StopWhenTrained : public SessionRunHook {
 public:
  StopWhenTrained(Output loss, float enough) : loss_(loss), enough_(enough) {}
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext&) override {
    return SessionRunArgs::Fetching(loss_);
  }
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override {
    ++runs;
    if (values.results.scalar<float>() <= enough_) context.request_stop();
  }
  int runs = 0;

 private:
  Output loss_;
  float enough_;
};
// end

BOOST_AUTO_TEST_CASE(a_hook_of_ones_own) {
  Example e;
  const auto hook = std::make_shared<StopWhenTrained>(e.model.loss, 0.5F);
  e.Run([&] {
    MonitoredSessionOptions options;
    options.hooks = {hook};
    MonitoredSession session(e.runtime, e.graph, std::move(options));
    WithSession(session, [&](MonitoredSession& s) {
      while (!s.ShouldStop()) s.Run(e.model.train_op);
    });
  });
  BOOST_TEST(hook->runs > 1);
  BOOST_TEST(hook->runs < 20);
}

BOOST_AUTO_TEST_CASE(step_function) {
  Example e;
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  Operation* train_op = e.model.train_op;
  const Variable global_step = e.model.global_step;
  e.Run([&] {
    // example step_function
    MonitoredSession session(runtime, graph);
    const auto step = session.RunStepFn([&](MonitoredSession::StepContext& context) {
      context.session().Run(train_op);  // without hooks
      context.RunWithHooks(train_op);   // with all of them
      return GlobalStep(context.session(), global_step);
    });
    session.Close();
    // end
    BOOST_TEST(step == 2);
  });
}

BOOST_AUTO_TEST_CASE(without_recovery) {
  Example e;
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  Operation* train_op = e.model.train_op;
  e.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "injected")});
  bool aborted = false;
  e.Run([&] {
    // example singular
    SingularMonitoredSession session(runtime, graph, {.checkpoint_dir = "/ckpt"});
    try {
      session.Run(train_op);
    } catch (const AbortedError&) {
      aborted = true;  // MonitoredSession would have recovered
    }
    session.raw_session()->Run(train_op);
    session.Close();
    // end
  });
  BOOST_TEST(aborted);
}

BOOST_AUTO_TEST_CASE(threads_of_ones_own) {
  Example e;
  Runtime& runtime = e.runtime;
  int calls = 0;
  e.Run([&] {
    // example coordinator
    auto coord = std::make_shared<Coordinator>(runtime.env);
    Loop(runtime.env, coord, Duration::Seconds(1), [&] {
      if (++calls == 5) coord->RequestStop();
    });
    coord->Join();
    // end
  });
  BOOST_TEST(calls == 5);
  BOOST_TEST(SecondsSince(e.process, TimePoint()) == 4.0);
}

BOOST_AUTO_TEST_CASE(queue_runners) {
  Example e;
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  int items = 0;
  e.Run([&] {
    // example queue_runner
    const Output source = CountUpTo(MakeLocalVariable(graph, Tensor::Scalar(0), "source"), 7);
    const Queue queue = FifoQueue(graph, 3, {DataType::kInt32}, "items");
    Operation* enqueue = Enqueue(queue, {source});
    const std::vector<Output> item = Dequeue(queue);
    AddQueueRunner(graph, std::make_shared<QueueRunner>(
                              QueueRunnerOptions{.queue = queue, .enqueue_ops = {enqueue}}));
    MonitoredSession session(runtime, graph);
    WithSession(session, [&](MonitoredSession& s) {
      for (;; ++items) s.Run(item[0]);
    });
    // end
  });
  BOOST_TEST(items == 7);
}

BOOST_AUTO_TEST_CASE(supervisor) {
  Example e;
  Runtime& runtime = e.runtime;
  Graph& graph = e.graph;
  Operation* train_op = e.model.train_op;
  e.Run([&] {
    // example supervisor
    Supervisor sv(runtime, graph, {.logdir = "/logs"});
    sv.ManagedSession([&](Session& sess) {
      for (int i = 0; i < 20 && !sv.ShouldStop(); ++i) sess.Run(train_op);
    });
    // end
    BOOST_TEST(sv.ShouldStop());
  });
}

// The defaults of the published pages.
BOOST_AUTO_TEST_CASE(defaults_are_those_of_the_pages) {
  const SessionManagerOptions manager;
  BOOST_TEST(manager.local_init_op.null());
  BOOST_TEST(manager.ready_op.null());
  BOOST_TEST(manager.ready_for_local_init_op.null());
  BOOST_TEST((manager.recovery_wait == Duration::Seconds(30)));
  BOOST_TEST(!manager.local_init_run_options.has_value());
  BOOST_TEST(manager.local_init_feeds.empty());
  const PrepareOptions prepare;
  BOOST_TEST(prepare.target.empty());
  BOOST_TEST(prepare.init_op.null());
  BOOST_TEST(prepare.saver == nullptr);
  BOOST_TEST(prepare.checkpoint_dir.empty());
  BOOST_TEST(prepare.checkpoint_filename_with_path.empty());
  BOOST_TEST(!prepare.wait_for_checkpoint);
  BOOST_TEST((prepare.max_wait == Duration::Seconds(7200)));
  BOOST_TEST((prepare.config == SessionConfig()));
  BOOST_TEST(prepare.init_feeds.empty());
  BOOST_TEST(!prepare.init_fn);
  const MonitoredSessionOptions monitored;
  BOOST_TEST(monitored.session_creator == nullptr);
  BOOST_TEST(monitored.hooks.empty());
  BOOST_TEST((monitored.stop_grace_period == Duration::Seconds(120)));
  BOOST_TEST((WorkerSessionCreatorOptions().max_wait == Duration::Seconds(1800)));
  const MonitoredTrainingSessionOptions training;
  BOOST_TEST(training.master.empty());
  BOOST_TEST(training.is_chief);
  BOOST_TEST(training.checkpoint_dir.empty());
  BOOST_TEST(training.scaffold == nullptr);
  BOOST_TEST(training.hooks.empty());
  BOOST_TEST(training.chief_only_hooks.empty());
  BOOST_TEST(!training.save_checkpoint_secs.set);
  BOOST_TEST(!training.save_summaries_steps.set);
  BOOST_TEST(!training.save_summaries_secs.set);
  BOOST_TEST((training.config == SessionConfig()));
  BOOST_TEST((training.stop_grace_period == Duration::Seconds(120)));
  BOOST_TEST(training.log_step_count_steps.value() == 100);
  BOOST_TEST((training.max_wait == Duration::Seconds(7200)));
  BOOST_TEST(!training.save_checkpoint_steps.set);
  BOOST_TEST(training.summary_dir.empty());
  BOOST_TEST(training.save_graph_def);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
