// The base wrapper, the coordinated and the recoverable layer on their own.

#include "core/session/session_layer.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/session/coordinated_session.h"
#include "core/session/recoverable_session.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

// F-6: answers no n times, then yes.
class StopAtN : public WrappedSession {
 public:
  StopAtN(LayerContext context, std::shared_ptr<Session> session, int n)
      : WrappedSession(context, std::make_unique<RawLayer>(std::move(session))), n_(n) {}
  Result<bool> CheckStop() override { return n_-- <= 0; }

 private:
  int n_;
};

// F-3: the first n runs work, every later one is ABORTED; closing does nothing.
class AbortAfterN : public ForwardingSession {
 public:
  AbortAfterN(std::shared_ptr<Session> session, int n)
      : ForwardingSession(std::move(session), 1), n_(n) {}
  Result<Fetched> TryRun(const RunRequest& request) override {
    if (n_ == 0) return Status(Code::kAborted, "aborted after n runs");
    --n_;
    return inner().TryRun(request);
  }
  Status TryClose() override { return Status(); }

 private:
  int n_;
};

struct Fixture {
  Fixture() : model(graph), context{process.runtime, 7} {
    process.Run([&] { raw = process.OpenSession(graph); });
  }
  std::unique_ptr<SessionLayer> Raw() { return std::make_unique<RawLayer>(raw); }

  TestProcess process;
  Graph graph;
  FeedModel model;
  LayerContext context;
  std::shared_ptr<Session> raw;

  RunRequest Request(std::int32_t fed) {
    return {.fetches = model.v, .feeds = {{model.c, Tensor::Scalar(fed)}}};
  }
  std::int32_t Run(SessionLayer& layer, std::int32_t fed) {
    const Result<Fetched> result = layer.Run(Request(fed));
    ThrowIfError(result.status());
    return result->scalar<std::int32_t>();
  }
  bool Stops(SessionLayer& layer) { return layer.ShouldStop().value(); }
};

BOOST_AUTO_TEST_SUITE(session_layer)

BOOST_AUTO_TEST_CASE(ms_t16_wrapped_properties) {
  Fixture f;
  WrappedSession wrapped(f.context, f.Raw());
  BOOST_TEST(wrapped.graph() == &f.graph);
  BOOST_TEST(wrapped.target() == f.raw->target());
}

BOOST_AUTO_TEST_CASE(ms_t17_wrapped_should_stop_on_close) {
  Fixture f;
  f.process.Run([&] {
    WrappedSession wrapped(f.context, f.Raw());
    BOOST_TEST(!f.Stops(wrapped));
    BOOST_TEST(wrapped.Close().ok());
    BOOST_TEST(f.Stops(wrapped));
    BOOST_TEST(f.raw->closed());
    BOOST_TEST(wrapped.Close().ok());  // WS-4
  });
}

BOOST_AUTO_TEST_CASE(ms_t18_wrapped_should_stop_uses_check_stop) {
  Fixture f;
  f.process.Run([&] {
    StopAtN wrapped(f.context, f.raw, 3);
    for (int i = 0; i < 3; ++i) BOOST_TEST(!f.Stops(wrapped));
    BOOST_TEST(f.Stops(wrapped));
  });
}

BOOST_AUTO_TEST_CASE(ms_t19_wrapped_run) {
  Fixture f;
  f.process.Run([&] {
    BOOST_TEST(f.raw->Run(f.model.v, {{f.model.c, Tensor::Scalar(42)}}).scalar<std::int32_t>() ==
               42);
    WrappedSession wrapped(f.context, f.Raw());
    BOOST_TEST(f.Run(wrapped, 51) == 51);
  });
}

struct Coordinated : Fixture {
  Coordinated()
      : coordinator(std::make_shared<Coordinator>(process.env(), std::set<Code>())),
        session(context, Raw(), coordinator, Duration::Seconds(120)) {}
  std::shared_ptr<Coordinator> coordinator;
  CoordinatedSession session;
};

BOOST_AUTO_TEST_CASE(ms_t20_coordinated_properties) {
  Coordinated f;
  BOOST_TEST(f.session.graph() == &f.graph);
  BOOST_TEST(f.session.target() == f.raw->target());
}

BOOST_AUTO_TEST_CASE(ms_t21_coordinated_run) {
  Coordinated f;
  f.process.Run([&] { BOOST_TEST(f.Run(f.session, 42) == 42); });
}

BOOST_AUTO_TEST_CASE(ms_t22_coordinated_should_stop_on_close) {
  Coordinated f;
  f.process.Run([&] {
    BOOST_TEST(!f.Stops(f.session));
    BOOST_TEST(f.session.Close().ok());
    BOOST_TEST(f.Stops(f.session));
  });
}

BOOST_AUTO_TEST_CASE(ms_t23_coordinated_should_stop_on_a_stop_of_the_coordinator) {
  Coordinated f;
  f.process.Run([&] {
    BOOST_TEST(!f.Stops(f.session));
    f.coordinator->RequestStop();
    BOOST_TEST(f.Stops(f.session));
    BOOST_TEST(f.Run(f.session, 5) == 5);  // WS-25
  });
}

BOOST_AUTO_TEST_CASE(ms_t24_coordinated_stops_threads_on_close) {
  Coordinated f;
  f.process.Run([&] {
    std::vector<std::shared_ptr<Task>> threads;
    for (int i = 0; i < 3; ++i) {
      threads.push_back(f.process.env().spawner.Spawn("spinner", [&] {
        while (!f.coordinator->ShouldStop()) {
          SleepFor(f.process.env(), "a turn", Duration::Milliseconds(1));
        }
      }));
      f.coordinator->RegisterThread(threads.back());
    }
    BOOST_TEST(f.session.Close().ok());
    for (const auto& thread : threads) BOOST_TEST(thread->finished());
    BOOST_TEST(f.coordinator->ShouldStop());
    BOOST_TEST(f.Stops(f.session));
  });
}

BOOST_AUTO_TEST_CASE(ws_22_the_recorded_error_comes_out_of_close_after_the_session_is_closed) {
  Coordinated f;
  f.process.Run([&] {
    f.coordinator->RequestStop(Status(Code::kUnknown, "from a thread"));
    BOOST_TEST(f.session.ShouldStop().status() == Status(Code::kUnknown, "from a thread"));
    BOOST_TEST(f.session.Close() == Status(Code::kUnknown, "from a thread"));
    BOOST_TEST(f.raw->closed());
    BOOST_TEST(f.session.Close().ok());
  });
}

BOOST_AUTO_TEST_CASE(ws_23_a_recorded_preemption_error_replaces_another_error_only) {
  for (const Code recorded : {Code::kAborted, Code::kUnavailable, Code::kUnknown, Code::kOk}) {
    Coordinated f;
    f.process.Run([&] {
      if (recorded != Code::kOk) f.coordinator->RequestStop(Status(recorded, "thread"));
      BOOST_TEST(f.Run(f.session, 3) == 3);
      RunRequest bad = f.Request(1);
      bad.fetches = "no such thing";
      const Code code = f.session.Run(bad).status().code();
      BOOST_TEST(code == (IsPreemption(recorded) ? recorded : Code::kValueError));
      const Status closed = f.session.Close();
      BOOST_TEST(closed.code() == recorded);
    });
  }
}

BOOST_AUTO_TEST_CASE(ms_t25_recoverable_properties) {
  Fixture f;
  f.process.Run([&] {
    RecoverableSession session(f.context,
                               [&]() -> Result<std::unique_ptr<SessionLayer>> { return f.Raw(); });
    BOOST_TEST(session.Start().ok());
    BOOST_TEST(session.graph() == &f.graph);
    BOOST_TEST(session.target() == f.raw->target());
  });
}

BOOST_AUTO_TEST_CASE(ms_t26_recoverable_run) {
  Fixture f;
  f.process.Run([&] {
    RecoverableSession session(f.context,
                               [&]() -> Result<std::unique_ptr<SessionLayer>> { return f.Raw(); });
    BOOST_TEST(session.Start().ok());
    BOOST_TEST(f.Run(session, 51) == 51);
  });
}

BOOST_AUTO_TEST_CASE(ms_t27_recovery) {
  Fixture f;
  std::vector<std::shared_ptr<Session>> left{std::make_shared<AbortAfterN>(f.raw, 3),
                                             std::make_shared<AbortAfterN>(f.raw, 2),
                                             std::make_shared<AbortAfterN>(f.raw, 1)};
  const LayerCreator creator = [&]() -> Result<std::unique_ptr<SessionLayer>> {
    if (left.empty()) return Status(Code::kValueError, "no more sessions");
    auto layer = std::make_unique<RawLayer>(left.back());
    left.pop_back();
    return std::unique_ptr<SessionLayer>(std::move(layer));
  };
  f.process.Run([&] {
    RecoverableSession session(f.context, creator);
    BOOST_TEST(session.Start().ok());
    const struct {
      std::int32_t fed;
      std::size_t left;
    } runs[] = {{51, 2}, {42, 1}, {33, 1}, {24, 0}, {11, 0}, {0, 0}};
    BOOST_TEST(left.size() == 2U);
    for (const auto& run : runs) {
      BOOST_TEST(f.Run(session, run.fed) == run.fed);
      BOOST_TEST(left.size() == run.left);
    }
    BOOST_TEST(session.Run(f.Request(1)).status() == Status(Code::kValueError, "no more sessions"));
    BOOST_TEST(f.Stops(session));  // WS-15
  });
  BOOST_TEST(f.process.observer().Count(Point::kRecoveryStart) == 3);
}

#ifdef FL_MUTANTS
BOOST_AUTO_TEST_CASE(the_mutant_forget_thread_error_drops_what_a_thread_reported) {
  for (const bool planted : {false, true}) {
    Coordinated f;
    f.process.runtime.semantics.mutant_forget_thread_error = planted;
    f.process.Run([&] {
      f.coordinator->RequestStop(Status(Code::kInternal, "from a thread"));
      const Status closed = f.session.Close();
      BOOST_TEST((closed.code() == (planted ? Code::kOk : Code::kInternal)));
      BOOST_TEST(f.raw->closed());
    });
  }
}

BOOST_AUTO_TEST_CASE(the_mutant_overlong_join_doubles_the_grace_period) {
  for (const bool planted : {false, true}) {
    Coordinated f;
    f.process.runtime.semantics.mutant_overlong_join = planted;
    f.process.Run([&] {
      Env& env = f.process.env();
      f.coordinator->RegisterThread(env.spawner.Spawn(
          "long", [&env] { SleepFor(env, "its work", Duration::Seconds(1000)); }));
      BOOST_TEST(f.session.Close().ok());
      BOOST_TEST((f.process.Now() - TimePoint()) ==
                 Duration::Seconds(planted ? 240 : 120) + Duration::Milliseconds(1));
    });
  }
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
