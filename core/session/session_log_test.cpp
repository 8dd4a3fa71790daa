#include "core/session/session_log.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/monitored_session.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

// One event of SM-50, or change of a session's state: the announcement and the line that tell it.
struct Told {
  Point point;
  std::vector<std::string> fields;
  std::string line;  // a part of it; "#" stands for the number of the session in the announcement
};

// The process, and a graph with a variable that is there from the start or never.
struct Fixture {
  explicit Fixture(Semantics semantics = {}) : process(semantics), model(graph) {}
  MonitoredSessionOptions Chief(std::string dir = "") {
    return {
        .session_creator = std::make_unique<ChiefSessionCreator>(
            process.runtime, graph,
            ChiefSessionCreatorOptions{.scaffold = scaffold, .checkpoint_dir = std::move(dir)})};
  }
  void SaveOne() {
    scaffold->Finalize(process.runtime, graph);
    BOOST_TEST(MakeDirectories(process.env().files, "/ckpt").ok());
    const auto other = process.OpenSession(graph);
    other->Run(scaffold->init_op());
    scaffold->saver()->Save(*other, "/ckpt/model.ckpt", {.global_step = 7});
    other->Close();
    process.observer().Clear();
  }
  void Check(const std::vector<Told>& table) {
    for (const Told& told : table) {
      BOOST_TEST_CONTEXT(PointName(told.point) << " " << told.line) {
        const auto announced = process.observer().Of(told.point);
        BOOST_TEST_REQUIRE(!announced.empty());
        for (const std::string& field : told.fields) {
          BOOST_TEST(announced.front().fields.contains(field), "no field " + field);
        }
        const bool found = std::any_of(announced.begin(), announced.end(), [&](const auto& one) {
          std::string line = told.line;
          const std::string id = told.line.find("Monitored") == 0 ? "monitored" : "session";
          const auto number = line.find('#');
          if (number != std::string::npos) {
            line.replace(number, 1, std::to_string(one.number(id)));
          }
          return process.fake.logger().Count(line) > 0;
        });
        if (found) continue;
        for (const auto& line : process.fake.logger().lines()) BOOST_TEST_MESSAGE(line.text);
        BOOST_ERROR("no such line");
      }
    }
  }

  TestProcess process;
  Graph graph;
  StepModel model;
  std::shared_ptr<Scaffold> scaffold = std::make_shared<Scaffold>();
};

BOOST_AUTO_TEST_SUITE(session_log)

BOOST_AUTO_TEST_CASE(the_life_of_a_session_that_is_initialized_lost_and_replaced) {
  Semantics semantics;
  semantics.bounded_recovery = true;
  Fixture f(semantics);
  f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "gone")});
  auto hook = std::make_shared<FunctionHook>();
  hook->after_run = [](SessionRunContext& context, const SessionRunValues&) {
    context.request_stop();
  };
  f.process.Run([&] {
    MonitoredSessionOptions options = f.Chief();
    options.hooks = {hook};
    MonitoredSession session(f.process.runtime, f.graph, std::move(options));
    session.Run(f.model.step);
    BOOST_TEST(session.ShouldStop());
    session.Close();
  });
  f.Check({
      {Point::kMonitoredStart,
       {"monitored", "hooks", "recovery"},
       "Monitored session # begins with 1"},
      {Point::kCreateAttempt, {"role", "attempt"}, "Creating a session as chief, attempt 1."},
      {Point::kSessionOpen, {"session", "target"}, "Session # is open in this process."},
      {Point::kInitStart, {"session"}, "Session #: initializing the model."},
      {Point::kInitDone, {"session", "code"}, "Session #: the model is initialized."},
      {Point::kLocalInitStart, {"session"}, "Session #: Running local_init_op."},
      {Point::kLocalInitDone, {"session", "code"}, "Session #: Done running local_init_op."},
      {Point::kCreateDone,
       {"session", "role", "path", "checkpoint", "code", "message"},
       "Session # is handed out to the chief: its model was initialized."},
      {Point::kRecoveryStart,
       {"monitored", "session", "code", "message"},
       "session # is lost and will be replaced: ABORTED: gone"},
      {Point::kRecoveryWait, {"monitored", "wait_ns"}, "Monitored session #: the next session is"},
      {Point::kRecovered,
       {"monitored", "session", "recoveries"},
       "goes on with session #, recovery 1."},
      {Point::kStopRequested, {"monitored"}, "Monitored session # is asked to stop."},
      {Point::kMonitoredEnd, {"monitored", "code", "clean"}, "Monitored session # is closed."},
  });
}

BOOST_AUTO_TEST_CASE(restoring_and_failing) {
  Fixture f;
  f.process.Run([&] {
    f.SaveOne();
    MonitoredSession session(f.process.runtime, f.graph, f.Chief("/ckpt"));
    BOOST_CHECK_THROW(
        WithSession(session, [](MonitoredSession&) { throw InternalError("the body"); }),
        InternalError);
  });
  f.Check({
      {Point::kRestoreStart,
       {"session", "path"},
       "Session #: Restoring parameters from /ckpt/model.ckpt-7"},
      {Point::kRestoreDone,
       {"session", "path", "code"},
       "Session #: Restored model from /ckpt/model.ckpt-7"},
      {Point::kCreateDone, {"session"}, "its model was restored from /ckpt/model.ckpt-7."},
      {Point::kMonitoredEnd, {"code"}, "Monitored session # is closed, with INTERNAL: the body"},
  });
}

BOOST_AUTO_TEST_CASE(waiting_for_a_checkpoint_and_failed_creations) {
  Fixture f;
  f.process.sessions.Fail(
      {.cause = Cause::kInit, .nth = 1, .status = Status(Code::kInternal, "init")});
  f.process.sessions.Fail(
      {.cause = Cause::kLocalInit, .nth = 1, .status = Status(Code::kInternal, "local")});
  f.process.Run([&] {
    f.scaffold->Finalize(f.process.runtime, f.graph);
    SessionManager manager(f.process.runtime, f.graph,
                           {.local_init_op = f.scaffold->local_init_op()});
    PrepareOptions options{.saver = f.scaffold->saver(),
                           .checkpoint_dir = "/ckpt",
                           .wait_for_checkpoint = true,
                           .max_wait = Duration::Seconds(31),
                           .init_op = f.scaffold->init_op()};
    BOOST_CHECK_THROW(manager.PrepareSession(options), InternalError);
    BOOST_CHECK_THROW(manager.PrepareSession(options), InternalError);
  });
  f.Check({
      {Point::kWaitForCheckpoint,
       {"directory", "waited_ns"},
       "Waiting for a checkpoint in /ckpt, for 30 s so far."},
      {Point::kInitDone, {"code"}, "Session #: the model could not be initialized: INTERNAL: init"},
      {Point::kLocalInitDone, {"code"}, "Session #: local_init_op failed: INTERNAL: local"},
      {Point::kCreateDone, {"code"}, "No session for the chief: INTERNAL: init"},
  });
}

BOOST_AUTO_TEST_CASE(restoring_that_does_not_make_the_model_ready) {
  for (const bool local : {true, false}) {
    Fixture f;
    f.process.Run([&] {
      // Not in the checkpoint, and initialized by nobody.
      const Variable other = MakeLocalVariable(f.graph, Tensor::Scalar(1), "other");
      const Output report = ReportUninitializedVariables(f.graph, {other});
      SessionManagerOptions options{.local_init_op = NoOp(f.graph, "nothing")};
      (local ? options.ready_for_local_init_op : options.ready_op) = report;
      f.SaveOne();
      SessionManager manager(f.process.runtime, f.graph, options);
      const auto recovered =
          manager.RecoverSession({.saver = f.scaffold->saver(), .checkpoint_dir = "/ckpt"});
      BOOST_TEST(!recovered.initialized);
    });
    f.Check({{Point::kRestoreNotReady,
              {"session", "path", "which", "reason"},
              std::string("did not make it ready") + (local ? " for local init" : "") +
                  ": variables without a value: other"}});
  }
}

BOOST_AUTO_TEST_CASE(waiting_for_the_model_tells_both_reasons) {
  Fixture f;
  f.process.Run([&] {
    const Output report = ReportUninitializedVariables(f.graph);
    SessionManager manager(f.process.runtime, f.graph, {.ready_op = report});
    BOOST_CHECK_THROW(manager.WaitForSession("", {}, Duration::Seconds(30)), DeadlineExceededError);
  });
  f.Check({
      {Point::kCreateAttempt, {"role"}, "Creating a session as worker, attempt 1."},
      {Point::kWaitForReady,
       {"session", "reason", "local_reason"},
       "Session #: Waiting for the model to be ready. For local init: ready; model: variables "
       "without a value: global_step"},
      {Point::kCreateDone, {"code"}, "No session for the worker: DEADLINE_EXCEEDED"},
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
