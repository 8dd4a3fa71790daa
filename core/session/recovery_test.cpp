// Recovery of monitored sessions: which errors lead to it, what it repeats, where it ends.

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/monitored_session.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

constexpr Code kErrors[] = {
    Code::kCancelled,        Code::kUnknown,           Code::kInvalidArgument,
    Code::kDeadlineExceeded, Code::kNotFound,          Code::kAlreadyExists,
    Code::kPermissionDenied, Code::kResourceExhausted, Code::kFailedPrecondition,
    Code::kAborted,          Code::kOutOfRange,        Code::kUnimplemented,
    Code::kInternal,         Code::kUnavailable,       Code::kDataLoss,
    Code::kUnauthenticated,
};

struct Fixture {
  explicit Fixture(Semantics semantics = Semantics()) : process(semantics), model(graph) {}
  std::unique_ptr<MonitoredSession> Open(HookList hooks = {}, int max_recoveries = 100) {
    return std::make_unique<MonitoredSession>(
        process.runtime, graph,
        MonitoredSessionOptions{.hooks = std::move(hooks), .max_recoveries = max_recoveries});
  }
  std::int64_t Step(MonitoredSession& session) {
    return session.Run(model.step).scalar<std::int64_t>();
  }
  int Count(Point point) { return process.observer().Count(point); }

  TestProcess process;
  Graph graph;
  StepModel model;
};

Semantics Only(bool Semantics::*field) {
  Semantics semantics;
  semantics.*field = true;
  return semantics;
}

enum class Where { kBeforeRun, kRun, kAfterRun };

// One run that fails once with `code` at that place.
void CheckErrorMatrix(Where where, Code code) {
  Fixture f;
  const Status injected(code, "injected");
  auto hook = std::make_shared<FunctionHook>();
  bool raised = false;
  const auto raise = [&] {
    if (std::exchange(raised, true)) return;
    ThrowStatus(injected);
  };
  hook->before_run = [&](SessionRunContext&) -> std::optional<SessionRunArgs> {
    if (where == Where::kBeforeRun) raise();
    return std::nullopt;
  };
  hook->after_run = [&](SessionRunContext&, const SessionRunValues&) {
    if (where == Where::kAfterRun) raise();
  };
  if (where == Where::kRun) f.process.sessions.Fail({.nth = 1, .status = injected});
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({hook, recorder});
    std::int64_t step = 0;
    const Status error = ErrorOf([&] { step = f.Step(*session); });
    if (IsPreemption(code)) {
      BOOST_TEST(error.ok());
      BOOST_TEST(step == 1);  // restarted from nothing
    } else {
      BOOST_TEST(error == injected);
      BOOST_TEST(!session->ShouldStop());                                   // MS-10
      BOOST_TEST(f.Step(*session) == (where == Where::kAfterRun ? 2 : 1));  // WS-13: kept
    }
    session->Close();
  });
  const int sessions = IsPreemption(code) ? 2 : 1;
  BOOST_TEST(f.process.sessions.opened == sessions);
  BOOST_TEST(recorder->begins == 1);
  BOOST_TEST(recorder->creates == sessions);
  BOOST_TEST(recorder->ends == 1);
  BOOST_TEST(f.Count(Point::kRecoveryStart) == sessions - 1);
  BOOST_TEST(f.Count(Point::kRunAcknowledged) == 1);
  BOOST_TEST(f.Count(Point::kRunRaised) == (IsPreemption(code) ? 0 : 1));
}

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_AUTO_TEST_CASE(er_4_only_aborted_and_unavailable_recover_wherever_they_come_from) {
  int recovered = 0;
  for (const Where where : {Where::kBeforeRun, Where::kRun, Where::kAfterRun}) {
    for (const Code code : kErrors) {
      BOOST_TEST_CONTEXT("place " << static_cast<int>(where) << ", " << CodeName(code)) {
        CheckErrorMatrix(where, code);
        recovered += IsPreemption(code) ? 1 : 0;
      }
    }
  }
  BOOST_TEST(recovered == 6);
}

BOOST_AUTO_TEST_CASE(mp_2_usage_errors_and_foreign_exceptions_do_not_recover) {
  struct Foreign {};
  Fixture f;
  auto hook = std::make_shared<RaiseOnceAtN>(1, [] { throw Foreign(); });
  f.process.Run([&] {
    auto session = f.Open({hook});
    BOOST_CHECK_THROW(f.Step(*session), Foreign);
    BOOST_CHECK_THROW(session->Run("no such tensor"), ValueError);
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 1);
}

BOOST_AUTO_TEST_CASE(ws_26_what_a_hook_threw_comes_out_unchanged) {
  struct Special : InternalError {
    explicit Special(int value_in) : InternalError("special"), value(value_in) {}
    int value;
  };
  Fixture f;
  auto hook = std::make_shared<RaiseOnceAtN>(1, [] { throw Special(23); });
  f.process.Run([&] {
    auto session = f.Open({hook});
    BOOST_CHECK_EXCEPTION(f.Step(*session), Special,
                          [](const Special& error) { return error.value == 23; });
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(ws_11_a_creation_is_tried_again_at_once_and_without_limit) {
  Fixture f;
  for (const int n : {1, 2, 3}) {
    f.process.sessions.Fail({.on = SessionFault::On::kOpen,
                             .nth = n,
                             .status = Status(n == 2 ? Code::kAborted : Code::kUnavailable, "x")});
  }
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    const TimePoint start = f.process.Now();
    auto session = f.Open({recorder});
    BOOST_TEST((f.process.Now() - start) == Duration());
    BOOST_TEST(f.Step(*session) == 1);
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 4);
  BOOST_TEST(recorder->begins == 1);
  BOOST_TEST(recorder->creates == 1);
}

BOOST_AUTO_TEST_CASE(ms_5_another_error_of_the_creation_leaves_the_constructor) {
  Fixture f;
  f.process.sessions.Fail({.cause = Cause::kInit, .status = Status(Code::kInternal, "init")});
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] { BOOST_CHECK_THROW(f.Open({recorder}), InternalError); });
  BOOST_TEST(recorder->begins == 1);
  BOOST_TEST(recorder->ends == 0);
  BOOST_TEST(f.graph.finalized());  // GF-7
  BOOST_TEST(f.process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_CASE(q_3_a_session_whose_after_create_session_fails_is_ended_first) {
  Fixture f;
  auto hook = std::make_shared<FunctionHook>();
  std::vector<std::shared_ptr<Task>> threads;
  hook->after_create = [&](Session&, Coordinator& coordinator) {
    threads.push_back(
        f.process.env().spawner.Spawn("its thread", [&coordinator] { coordinator.WaitForStop(); }));
    coordinator.RegisterThread(threads.back());
    if (threads.size() == 1) throw AbortedError("the first time");
  };
  auto later = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({hook, later});
    BOOST_TEST(threads.size() == 2U);
    BOOST_TEST(threads.at(0)->finished());
    BOOST_TEST(!threads.at(1)->finished());
    BOOST_TEST(later->creates == 1);
    BOOST_TEST(f.process.sessions.open_now == 1);
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 2);
  BOOST_TEST(f.process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_CASE(ws_15_an_error_of_the_new_creation_leaves_run_and_a_later_run_revives) {
  Fixture f;
  f.process.sessions.Fail({.nth = 2, .status = Status(Code::kAborted, "run")});
  f.process.sessions.Fail(
      {.on = SessionFault::On::kOpen, .nth = 2, .status = Status(Code::kInternal, "open")});
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({recorder});
    BOOST_TEST(f.Step(*session) == 1);
    BOOST_CHECK_THROW(f.Step(*session), InternalError);
    BOOST_TEST(session->ShouldStop());
    BOOST_TEST(f.Step(*session) == 1);
    BOOST_TEST(!session->ShouldStop());
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 3);
  BOOST_TEST(recorder->ends == 1);
}

BOOST_AUTO_TEST_CASE(ws_15_an_error_of_a_thread_leaves_run_in_place_of_the_retry) {
  Fixture f;
  auto hook = std::make_shared<FunctionHook>();
  Coordinator* coordinator = nullptr;
  hook->after_create = [&](Session&, Coordinator& given) { coordinator = &given; };
  f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "run")});
  f.process.Run([&] {
    auto session = f.Open({hook});
    coordinator->RequestStop(Status(Code::kDataLoss, "thread"));
    BOOST_CHECK_THROW(f.Step(*session), DataLossError);
    BOOST_TEST(session->ShouldStop());
    BOOST_TEST(f.process.sessions.open_now == 0);
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 1);
}

BOOST_AUTO_TEST_CASE(ws_4_an_error_of_closing_the_old_session_is_swallowed) {
  Fixture f;
  f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "run")});
  f.process.sessions.Fail(
      {.on = SessionFault::On::kClose, .nth = 1, .status = Status(Code::kInternal, "close")});
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_TEST(f.Step(*session) == 1);
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 2);
}

BOOST_AUTO_TEST_CASE(ws_18_a_stop_flag_is_forgotten_with_its_session) {
  Fixture f;
  auto hook = std::make_shared<FunctionHook>();
  Coordinator* coordinator = nullptr;
  hook->after_create = [&](Session&, Coordinator& given) { coordinator = &given; };
  hook->after_run = [&](SessionRunContext& context, const SessionRunValues&) {
    context.request_stop();
    coordinator->RequestStop(Status(Code::kAborted, "thread"));
  };
  f.process.Run([&] {
    auto session = f.Open({hook});
    f.Step(*session);
    BOOST_TEST(!session->ShouldStop());
    BOOST_TEST(f.process.sessions.opened == 2);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(hk_13_a_preemption_error_after_the_run_repeats_its_effects) {
  Fixture f;
  int after = 0;
  auto first = std::make_shared<FunctionHook>();
  first->after_run = [&](SessionRunContext&, const SessionRunValues&) { ++after; };
  auto second = std::make_shared<FunctionHook>();
  bool raised = false;
  second->after_run = [&](SessionRunContext&, const SessionRunValues&) {
    if (!std::exchange(raised, true)) throw UnavailableError("once");
  };
  f.process.Run([&] {
    auto session = f.Open({first, second});
    f.Step(*session);
    session->Close();
  });
  BOOST_TEST(after == 2);
  const auto starts = f.process.observer().Of(Point::kRunStart);
  BOOST_TEST(starts.size() == 2U);
  BOOST_TEST(starts.at(0).number("run") == 1);
  BOOST_TEST(starts.at(1).number("run") == 1);
  BOOST_TEST(starts.at(0).number("attempt") == 1);
  BOOST_TEST(starts.at(1).number("attempt") == 2);
}

BOOST_AUTO_TEST_CASE(q_10_tf_gives_end_the_closed_session_after_a_failed_creation) {
  Fixture f;
  f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "run")});
  f.process.sessions.Fail(
      {.on = SessionFault::On::kOpen, .nth = 2, .status = Status(Code::kInternal, "open")});
  auto hook = std::make_shared<FunctionHook>();
  int ends = 0;
  hook->end = [&](Session& session) {
    ++ends;
    BOOST_TEST(session.closed());
    session.Run(f.model.read);
  };
  f.process.Run([&] {
    auto session = f.Open({hook});
    BOOST_CHECK_THROW(f.Step(*session), InternalError);
    BOOST_CHECK_THROW(session->Close(), RuntimeError);
    BOOST_TEST(!f.graph.finalized());
  });
  BOOST_TEST(ends == 1);
}

BOOST_AUTO_TEST_CASE(q_10_strict_calls_no_end_without_a_session_and_raises_its_error) {
  for (const Code code : {Code::kInternal, Code::kOutOfRange}) {
    Fixture f(Only(&Semantics::no_end_without_session));
    f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "run")});
    f.process.sessions.Fail(
        {.on = SessionFault::On::kOpen, .nth = 2, .status = Status(code, "open")});
    auto recorder = std::make_shared<RecordingHook>();
    f.process.Run([&] {
      auto session = f.Open({recorder});
      const Status error =
          ErrorOf([&] { WithSession(*session, [&](MonitoredSession& s) { f.Step(s); }); });
      BOOST_TEST(error == Status(code, "open"));
      BOOST_TEST(session->closed());
    });
    BOOST_TEST(recorder->ends == 0);
  }
}

BOOST_AUTO_TEST_CASE(q_10_strict_a_caller_that_ignores_the_lost_session_learns_of_it_at_close) {
  Fixture f(Only(&Semantics::no_end_without_session));
  f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "run")});
  f.process.sessions.Fail(
      {.on = SessionFault::On::kOpen, .nth = 2, .status = Status(Code::kInternal, "open")});
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({recorder});
    const Status swallowed = ErrorOf([&] { f.Step(*session); });
    BOOST_TEST(!swallowed.ok());
    BOOST_CHECK_THROW(session->Close(), InternalError);
  });
  BOOST_TEST(recorder->ends == 0);
}

std::vector<std::int64_t> PausesInSeconds(Fixture& f) {
  std::vector<std::int64_t> pauses;
  for (const auto& wait : f.process.observer().Of(Point::kRecoveryWait)) {
    pauses.push_back(wait.number("wait_ns") / 1'000'000'000);
  }
  return pauses;
}

BOOST_AUTO_TEST_CASE(q_11_bounded_recovery_pauses_longer_and_longer_and_ends_with_the_error) {
  Fixture f(Only(&Semantics::bounded_recovery));
  f.process.sessions.Fail({.nth = 2, .status = Status(Code::kAborted, "broken"), .for_ever = true});
  f.process.Run([&] {
    auto session = f.Open({}, 9);
    BOOST_TEST(f.Step(*session) == 1);
    const TimePoint start = f.process.Now();
    BOOST_TEST(ErrorOf([&] { f.Step(*session); }) == Status(Code::kAborted, "broken"));
    // The first recovery follows an acknowledged run and comes at once.
    BOOST_TEST((f.process.Now() - start) == Duration::Seconds(1 + 2 + 4 + 8 + 16 + 32 + 60 + 60));
    BOOST_TEST(session->ShouldStop());
    BOOST_TEST(ErrorOf([&] { f.Step(*session); }) == Status(Code::kAborted, "broken"));
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 10);
  BOOST_TEST(PausesInSeconds(f) == (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60}));
  BOOST_TEST(f.process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_CASE(q_11_bounded_recovery_counts_creations_that_fail) {
  Fixture f(Only(&Semantics::bounded_recovery));
  f.process.sessions.Fail({.on = SessionFault::On::kOpen,
                           .status = Status(Code::kUnavailable, "away"),
                           .for_ever = true});
  f.process.Run(
      [&] { BOOST_TEST(ErrorOf([&] { f.Open({}, 3); }) == Status(Code::kUnavailable, "away")); });
  BOOST_TEST(f.process.sessions.opened == 4);
  BOOST_TEST(PausesInSeconds(f) == (std::vector<std::int64_t>{1, 2, 4}));
}

BOOST_AUTO_TEST_CASE(q_11_an_acknowledged_run_starts_the_count_anew) {
  Fixture f(Only(&Semantics::bounded_recovery));
  for (int n = 2; n <= 40; n += 2) {
    f.process.sessions.Fail({.nth = n, .status = Status(Code::kAborted, "every other run")});
  }
  f.process.Run([&] {
    auto session = f.Open({}, 1);
    for (int i = 0; i < 20; ++i) f.Step(*session);
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 20);
  BOOST_TEST(f.Count(Point::kRecoveryWait) == 0);
}

BOOST_AUTO_TEST_CASE(tf_recovers_without_pause_and_without_bound) {
  Fixture f;
  for (int n = 1; n <= 300; ++n) {
    f.process.sessions.Fail({.nth = n, .status = Status(Code::kAborted, "again")});
  }
  f.process.Run([&] {
    auto session = f.Open({}, 3);
    BOOST_TEST(f.Step(*session) == 1);
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 301);
  BOOST_TEST(f.Count(Point::kRecoveryWait) == 0);
}

#ifdef FL_MUTANTS
BOOST_AUTO_TEST_CASE(the_mutant_recover_on_internal_recovers_from_internal) {
  Fixture f(Only(&Semantics::mutant_recover_on_internal));
  f.process.sessions.Fail({.nth = 1, .status = Status(Code::kInternal, "x")});
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_TEST(f.Step(*session) == 1);
    session->Close();
  });
  BOOST_TEST(f.process.sessions.opened == 2);
}

BOOST_AUTO_TEST_CASE(the_mutant_begin_on_recovery_calls_begin_again) {
  Fixture f(Only(&Semantics::mutant_begin_on_recovery));
  f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "x")});
  auto recorder = std::make_shared<RecordingHook>();
  f.process.Run([&] {
    auto session = f.Open({recorder});
    f.Step(*session);
    session->Close();
  });
  BOOST_TEST(recorder->begins == 2);
  BOOST_TEST(f.Count(Point::kHookBegin) == 2);
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
