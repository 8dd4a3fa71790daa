// The switches keep_stop_requests and keep_root_cause, on and off; planted defects of sessions.

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/monitored_session.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

Semantics With(bool Semantics::*field, bool value = true) {
  Semantics semantics;
  semantics.*field = value;
  return semantics;
}

struct Fixture {
  explicit Fixture(Semantics semantics = {}) : process(semantics), model(graph) {
    hook->after_create = [this](Session&, Coordinator& given) { coordinator = &given; };
  }
  std::unique_ptr<MonitoredSession> Open(HookList more = {},
                                         ChiefSessionCreatorOptions chief = {}) {
    HookList hooks{hook};
    hooks.insert(hooks.end(), more.begin(), more.end());
    return std::make_unique<MonitoredSession>(
        process.runtime, graph,
        MonitoredSessionOptions{.session_creator = std::make_unique<ChiefSessionCreator>(
                                    process.runtime, graph, std::move(chief)),
                                .hooks = std::move(hooks)});
  }
  std::int64_t Step(MonitoredSession& session) {
    return session.Run(model.step).scalar<std::int64_t>();
  }
  // A thread that fails so once it is asked to stop.
  void FailWhenStopped(const std::string& message) {
    Coordinator* asked = coordinator;
    asked->RegisterThread(process.env().spawner.Spawn("late", [asked, message] {
      asked->WaitForStop();
      asked->RequestStop(Status(Code::kDataLoss, message));
    }));
  }

  TestProcess process;
  Graph graph;
  StepModel model;
  std::shared_ptr<FunctionHook> hook = std::make_shared<FunctionHook>();
  Coordinator* coordinator = nullptr;
};

BOOST_AUTO_TEST_SUITE(strict_session)

BOOST_AUTO_TEST_CASE(hk_11_a_stop_asked_for_in_an_attempt_that_is_repeated_is_void) {
  for (const bool keep : {false, true}) {
    Fixture f(With(&Semantics::keep_stop_requests, keep));
    auto thrower = std::make_shared<FunctionHook>();
    bool raised = false;
    f.hook->after_run = [&](SessionRunContext& context, const SessionRunValues&) {
      if (!raised) context.request_stop();
    };
    thrower->after_run = [&](SessionRunContext&, const SessionRunValues&) {
      if (!std::exchange(raised, true)) throw AbortedError("after");
    };
    f.process.Run([&] {
      auto session = f.Open({thrower});
      BOOST_TEST(f.Step(*session) == 1);
      BOOST_TEST(!session->ShouldStop());
      session->Close();
    });
    BOOST_TEST(f.process.sessions.opened == 2);
  }
}

BOOST_AUTO_TEST_CASE(ws_18_a_stop_that_a_hook_has_asked_for_comes_before_a_recovery) {
  for (const bool keep : {false, true}) {
    Fixture f(With(&Semantics::keep_stop_requests, keep));
    f.hook->after_run = [&](SessionRunContext& context, const SessionRunValues&) {
      context.request_stop();
      f.coordinator->RequestStop(Status(Code::kAborted, "thread"));
    };
    f.process.Run([&] {
      auto session = f.Open();
      f.Step(*session);
      BOOST_TEST(session->ShouldStop() == keep);  // without the switch it recovers (WS-17)
      BOOST_TEST(session->ShouldStop() == keep);
      session->Close();
    });
    BOOST_TEST(f.process.sessions.opened == (keep ? 1 : 2));
  }
}

BOOST_AUTO_TEST_CASE(a_stop_that_a_thread_has_asked_for_outlives_its_session) {
  for (const bool keep : {false, true}) {
    Fixture f(With(&Semantics::keep_stop_requests, keep));
    f.process.sessions.Fail({.nth = 2, .status = Status(Code::kAborted, "second run")});
    f.process.Run([&] {
      auto session = f.Open();
      f.Step(*session);
      f.coordinator->RequestStop();
      BOOST_TEST(f.Step(*session) == 1);  // recovered, and answered all the same (WS-25)
      BOOST_TEST(session->ShouldStop() == keep);
      session->Close();
    });
    BOOST_TEST(f.process.sessions.opened == 2);
  }
}

// The second of two runs in a step function that is called again, after the first asked to stop.
BOOST_AUTO_TEST_CASE(ws_30_a_repeated_step_function_makes_no_run_after_a_stop_of_its_own) {
  for (const bool keep : {false, true}) {
    Fixture f(With(&Semantics::keep_stop_requests, keep));
    f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "first run")});
    f.hook->after_run = [](SessionRunContext& context, const SessionRunValues&) {
      context.request_stop();
    };
    int executions = 0;
    f.process.Run([&] {
      auto session = f.Open();
      const Status error = ErrorOf([&] {
        session->RunStepFn([&](MonitoredSession::StepContext& context) {
          ++executions;
          for (int i = 0; i < 2; ++i) context.RunWithHooks(f.model.step);
        });
      });
      BOOST_TEST(error.code() == Code::kRuntimeError);
      BOOST_TEST(session->ShouldStop());
      session->Close();
    });
    BOOST_TEST(executions == 2);
    BOOST_TEST(f.process.observer().Count(Point::kRunAcknowledged) == 1);
  }
}

// What a scope ends with. `when` says when the thread reports its DATA_LOSS, if it does.
enum class Thread { kNone, kBefore, kAfter, kLate };
Status Ends(bool keep, const char* end, Thread when, const std::function<void()>& body) {
  Fixture f(With(&Semantics::keep_root_cause, keep));
  if (end != nullptr) f.hook->end = [end](Session&) { throw InternalError(end); };
  const auto report = [&] { f.coordinator->RequestStop(Status(Code::kDataLoss, "thread")); };
  Status error;
  f.process.Run([&] {
    auto session = f.Open();
    error = ErrorOf([&] {
      WithSession(*session, [&](MonitoredSession& s) {
        if (when == Thread::kLate) f.FailWhenStopped("thread");
        if (when == Thread::kBefore) report();
        if (!body) return;
        f.hook->before_run = [&](SessionRunContext&) -> std::optional<SessionRunArgs> {
          body();
          return std::nullopt;
        };
        const Status failed = ErrorOf([&] { f.Step(s); });
        if (when == Thread::kAfter) report();
        ThrowIfError(failed);
      });
    });
  });
  BOOST_TEST(f.process.sessions.open_now == 0);
  return error;
}

BOOST_AUTO_TEST_CASE(the_first_error_of_several_ends_the_session) {
  const auto loud = [] { throw RuntimeError("body"); };
  const auto quiet = [] { throw OutOfRangeError("the end of input"); };
  const Status thread(Code::kDataLoss, "thread");
  const Status body(Code::kRuntimeError, "body");
  const Status end(Code::kInternal, "end");
  struct Row {
    const char* end;
    Thread when;
    std::function<void()> body;
    Status tf;
    Status strict;
  };
  const std::vector<Row> rows = {
      {nullptr, Thread::kAfter, loud, thread, body},
      {nullptr, Thread::kBefore, loud, thread, thread},
      {nullptr, Thread::kLate, loud, body, body},
      {nullptr, Thread::kLate, nullptr, Status(), thread},
      {nullptr, Thread::kLate, quiet, Status(), thread},
      {"end", Thread::kLate, nullptr, end, end},
      {"end", Thread::kBefore, nullptr, thread, thread},
      {"end", Thread::kNone, quiet, end, end},
      {nullptr, Thread::kNone, quiet, Status(), Status()},
      {nullptr, Thread::kNone, loud, body, body},
  };
  for (const Row& row : rows) {
    BOOST_TEST_CONTEXT("row " << &row - rows.data()) {
      BOOST_TEST(Ends(false, row.end, row.when, row.body).ToString() == row.tf.ToString());
      BOOST_TEST(Ends(true, row.end, row.when, row.body).ToString() == row.strict.ToString());
    }
  }
}

BOOST_AUTO_TEST_CASE(rf_86_what_a_stopped_thread_reports_does_not_end_a_recovery) {
  for (const bool late : {true, false}) {
    Fixture f(With(&Semantics::keep_root_cause));
    f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "run")});
    Status error;
    f.process.Run([&] {
      auto session = f.Open();
      if (late) {
        f.FailWhenStopped("late");
      } else {
        f.coordinator->RequestStop(Status(Code::kDataLoss, "first"));
      }
      error = ErrorOf([&] { f.Step(*session); });
      (void)ErrorOf([&] { session->Close(); });
    });
    BOOST_TEST((error.code() == (late ? Code::kOk : Code::kDataLoss)));
    BOOST_TEST(f.process.sessions.opened == (late ? 2 : 1));
  }
}

#ifdef FL_MUTANTS

BOOST_AUTO_TEST_CASE(the_mutant_hand_out_unready_makes_no_last_check) {
  for (const bool mutant : {false, true}) {
    Fixture f(With(&Semantics::mutant_hand_out_unready, mutant));
    // Initializes nothing.
    auto scaffold = std::make_shared<Scaffold>(
        ScaffoldOptions{.init_op = NoOp(f.graph, "nothing"), .local_init_op = NoOp(f.graph)});
    scaffold = std::make_shared<Scaffold>(
        ScaffoldOptions{.ready_for_local_init_op = ReportUninitializedVariables(f.graph, {}),
                        .copy_from_scaffold = scaffold.get()});
    f.process.Run([&] {
      const Status error = ErrorOf([&] { f.Open({}, {.scaffold = scaffold})->Close(); });
      BOOST_TEST((error.code() == (mutant ? Code::kOk : Code::kRuntimeError)));
    });
  }
}

BOOST_AUTO_TEST_CASE(the_mutant_local_init_unasked_asks_nothing_before) {
  for (const bool mutant : {false, true}) {
    Fixture f(With(&Semantics::mutant_local_init_unasked, mutant));
    f.process.Run([&] { f.Open()->Close(); });
    int asked = 0;
    for (const auto& check : f.process.observer().Of(Point::kReadyCheck)) {
      if (check.text("which") == "ready_for_local_init") ++asked;
    }
    BOOST_TEST(asked == (mutant ? 0 : 1));
    BOOST_TEST(f.process.observer().Count(Point::kLocalInitDone) == 1);
  }
}

BOOST_AUTO_TEST_CASE(the_mutant_keep_failed_session_leaves_it_open) {
  for (const bool mutant : {false, true}) {
    Fixture f(With(&Semantics::mutant_keep_failed_session, mutant));
    f.process.sessions.Fail(
        {.cause = Cause::kInit, .nth = 1, .status = Status(Code::kInternal, "init")});
    f.process.Run([&] { BOOST_CHECK_THROW(f.Open(), InternalError); });
    BOOST_TEST(f.process.sessions.open_now == (mutant ? 1 : 0));
    BOOST_TEST(f.process.observer().Count(Point::kSessionClose) == (mutant ? 0 : 1));
  }
}

BOOST_AUTO_TEST_CASE(the_mutant_restore_oldest_restores_the_oldest) {
  for (const bool mutant : {false, true}) {
    Fixture f(With(&Semantics::mutant_restore_oldest, mutant));
    std::int64_t restored = 0;
    f.process.Run([&] {
      auto scaffold = std::make_shared<Scaffold>();
      f.hook->after_run = [&](SessionRunContext& context, const SessionRunValues&) {
        scaffold->saver()->Save(context.session(), "/ckpt/model.ckpt", {.global_step = ++restored});
      };
      BOOST_TEST(MakeDirectories(f.process.env().files, "/ckpt").ok());
      auto first = f.Open({}, {.scaffold = scaffold});
      for (int i = 0; i < 3; ++i) f.Step(*first);
      first->Close();
      f.hook->after_run = nullptr;
      auto second = f.Open({}, {.checkpoint_dir = "/ckpt"});
      restored = second->Run(f.model.read).scalar<std::int64_t>();
      second->Close();
    });
    BOOST_TEST(restored == (mutant ? 1 : 3));
  }
}

BOOST_AUTO_TEST_CASE(the_mutant_thaw_on_recovery_thaws_the_graph) {
  for (const bool mutant : {false, true}) {
    Fixture f(With(&Semantics::mutant_thaw_on_recovery, mutant));
    f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "run")});
    f.process.Run([&] {
      auto session = f.Open();
      BOOST_TEST(f.graph.finalized());
      f.Step(*session);
      BOOST_TEST(f.graph.finalized() == !mutant);
      session->Close();
    });
  }
}

BOOST_AUTO_TEST_CASE(the_mutants_run_twice_and_after_run_twice_do_so) {
  for (const bool run : {false, true}) {
    Fixture f(With(run ? &Semantics::mutant_run_twice : &Semantics::mutant_after_run_twice));
    auto recorder = std::make_shared<RecordingHook>();
    f.process.Run([&] {
      auto session = f.Open({recorder});
      BOOST_TEST(f.Step(*session) == (run ? 2 : 1));
      session->Close();
    });
    BOOST_TEST(recorder->afters == (run ? 1 : 2));
    BOOST_TEST(recorder->befores == 1);
  }
}

#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
