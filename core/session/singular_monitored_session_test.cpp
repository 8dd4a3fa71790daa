#include <memory>
#include <string>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/monitored_session.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

// MS-14: a monitored session is no raw session; and only one of the two shows its raw session.
template <class S>
concept ShowsRawSession = requires(S& session) {
  session.raw_session();
};
static_assert(!std::is_convertible_v<MonitoredSession&, Session&>);
static_assert(!std::is_convertible_v<SingularMonitoredSession&, Session&>);
static_assert(ShowsRawSession<SingularMonitoredSession>);
static_assert(!ShowsRawSession<MonitoredSession>);  // MS-12

struct Fixture {
  Fixture() : model(graph) {}
  std::unique_ptr<SingularMonitoredSession> Open(SingularMonitoredSessionOptions options = {}) {
    return std::make_unique<SingularMonitoredSession>(process.runtime, graph, std::move(options));
  }
  std::int64_t Step(SingularMonitoredSession& session) {
    return session.Run(model.step).scalar<std::int64_t>();
  }

  TestProcess process;
  Graph graph;
  StepModel model;
};

BOOST_AUTO_TEST_SUITE(singular_monitored_session)

BOOST_AUTO_TEST_CASE(ms_t59_handles_initialization) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Tensor::Scalar(0), "v");
  process.Run([&] {
    SingularMonitoredSession session(process.runtime, graph);
    WithSession(session, [&](SingularMonitoredSession& s) {
      BOOST_TEST(s.Run(v).scalar<std::int32_t>() == 0);
    });
    BOOST_TEST(session.closed());
  });
}

BOOST_AUTO_TEST_CASE(ms_t60_does_not_handle_aborted_error) {
  for (const bool caught : {true, false}) {
    Fixture f;
    auto hook = std::make_shared<FunctionHook>();
    hook->before_run = [](SessionRunContext&) -> std::optional<SessionRunArgs> {
      throw AbortedError("always");
    };
    Status error;
    f.process.Run([&] {
      auto session = f.Open({.hooks = {hook}});
      error = ErrorOf([&] {
        WithSession(*session, [&](SingularMonitoredSession& s) {
          if (caught) {
            BOOST_CHECK_THROW(f.Step(s), AbortedError);
          } else {
            f.Step(s);
          }
        });
      });
    });
    BOOST_TEST((error.code() == (caught ? Code::kOk : Code::kAborted)));
    BOOST_TEST(f.process.sessions.opened == 1);
    BOOST_TEST(f.process.sessions.open_now == 0);
  }
}

BOOST_AUTO_TEST_CASE(ms_t61_exits_cleanly_on_out_of_range) {
  Fixture f;
  auto recorder = std::make_shared<RecordingHook>();
  bool reached = false;
  f.process.Run([&] {
    auto session =
        f.Open({.hooks = {std::make_shared<RaiseOnceAtN>(2, Code::kOutOfRange), recorder}});
    WithSession(*session, [&](SingularMonitoredSession& s) {
      f.Step(s);
      BOOST_TEST(!s.ShouldStop());
      f.Step(s);
      reached = true;
    });
    BOOST_TEST(session->ShouldStop());
  });
  BOOST_TEST(!reached);
  BOOST_TEST(recorder->ends == 1);
}

BOOST_AUTO_TEST_CASE(ms_t62_graph) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_TEST(session->graph() == &f.graph);
    BOOST_TEST(f.graph.finalized());
    session->Close();
    BOOST_TEST(session->graph() == nullptr);
    BOOST_TEST(!f.graph.finalized());
  });
}

BOOST_AUTO_TEST_CASE(ms_t63_raw_session) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_TEST_REQUIRE(session->raw_session() != nullptr);
    BOOST_TEST(session->raw_session()->Run(f.model.step).scalar<std::int64_t>() == 1);
    session->Close();
    BOOST_TEST(session->raw_session() == nullptr);
  });
  BOOST_TEST(f.process.observer().Count(Point::kRunStart) == 0);
}

BOOST_AUTO_TEST_CASE(ms_2_all_arguments_reach_the_chief_creator) {
  Fixture f;
  int opened = 0;
  auto scaffold = std::make_shared<Scaffold>(
      ScaffoldOptions{.init_fn = [&](Scaffold&, Session&) { ++opened; }});
  f.process.Run([&] {
    BOOST_TEST(MakeDirectories(f.process.env().files, "/ckpt").ok());
    auto first = f.Open({.scaffold = scaffold});
    BOOST_TEST(f.Step(*first) == 1);
    scaffold->saver()->Save(*first->raw_session(), "/ckpt/model.ckpt", {.global_step = 1});
    first->Close();
    for (const bool by_file : {false, true}) {
      SingularMonitoredSessionOptions options{.scaffold = scaffold};
      (by_file ? options.checkpoint_filename_with_path : options.checkpoint_dir) =
          by_file ? "/ckpt/model.ckpt-1" : "/ckpt";
      auto session = f.Open(std::move(options));
      BOOST_TEST(f.Step(*session) == 2);
      session->Close();
    }
    BOOST_CHECK_THROW(
        f.Open({.checkpoint_dir = "/ckpt", .checkpoint_filename_with_path = "/ckpt/model.ckpt-1"}),
        ValueError);  // CR-4
    f.process.sessions.StartServer(f.graph);
    auto remote = f.Open({.scaffold = scaffold, .master = "server"});
    BOOST_TEST(remote->raw_session()->target() == "server");
    remote->Close();
  });
  BOOST_TEST(opened == 2);  // the first and the one on the server
}

BOOST_AUTO_TEST_CASE(ms_5_an_error_of_the_creation_comes_out_of_the_constructor) {
  Fixture f;
  f.process.sessions.Fail(
      {.on = SessionFault::On::kOpen, .nth = 1, .status = Status(Code::kUnavailable, "open")});
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    BOOST_CHECK_THROW(f.Open({.hooks = {recorder}}), UnavailableError);
    BOOST_TEST(f.graph.finalized());  // GF-7
  });
  BOOST_TEST(recorder->begins == 1);
  BOOST_TEST(recorder->ends == 0);
  BOOST_TEST(f.process.observer().Of(Point::kMonitoredEnd).at(0).text("code") == "UNAVAILABLE");
}

BOOST_AUTO_TEST_CASE(ms_9_ms_23_what_a_thread_reports_comes_out_whatever_it_is) {
  for (const Code code : {Code::kAborted, Code::kUnavailable, Code::kUnknown}) {
    Fixture f;
    auto hook = std::make_shared<FunctionHook>();
    Coordinator* coordinator = nullptr;
    hook->after_create = [&](Session&, Coordinator& given) { coordinator = &given; };
    f.process.Run([&] {
      auto session = f.Open({.hooks = {hook}});
      coordinator->RequestStop(Status(code, "thread"));
      BOOST_TEST(f.Step(*session) == 1);
      BOOST_TEST((ErrorOf([&] { session->ShouldStop(); }) == Status(code, "thread")));
      BOOST_TEST((ErrorOf([&] { session->Close(); }) == Status(code, "thread")));
      BOOST_TEST(session->ShouldStop());
    });
    BOOST_TEST(f.process.sessions.opened == 1);
  }
}

BOOST_AUTO_TEST_CASE(sf_5_a_step_function_is_called_once_without_recovery) {
  Fixture f;
  int calls = 0;
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_CHECK_THROW(session->RunStepFn([&](SingularMonitoredSession::StepContext& step) {
      BOOST_TEST(&step.session() == session->raw_session());
      ++calls;
      throw AbortedError("step");
    }),
                      AbortedError);
    BOOST_TEST(session->RunStepFn([&](SingularMonitoredSession::StepContext& step) {
      return step.RunWithHooks(f.model.step).scalar<std::int64_t>();
    }) == 1);
    session->Close();
  });
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
