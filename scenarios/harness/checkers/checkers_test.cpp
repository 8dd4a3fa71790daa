#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/env/step_context.h"
#include "scenarios/harness/checker.h"

namespace faultline::scenarios {
namespace {

// A checker and the events that a test tells it: node 0 is the chief, node 1 a worker.
class Told {
 public:
  explicit Told(std::string_view invariant, RunFacts facts = DefaultFacts()) {
    for (auto& checker : MakeCheckers(facts)) {
      if (checker->invariant() == invariant) checker_ = std::move(checker);
    }
    BOOST_REQUIRE(checker_ != nullptr);
  }

  static RunFacts DefaultFacts() {
    RunFacts facts;
    facts.node_names = {"chief", "worker"};
    facts.node_roles = {"chief", "worker"};
    facts.target_steps = 10;
    return facts;
  }
  static RunFacts StrictFacts() {
    RunFacts facts = DefaultFacts();
    facts.semantics = Semantics::Strict();
    facts.strict = true;
    return facts;
  }

  Told& At(double seconds) {
    time_ = TimePoint() + Duration::FromSeconds(seconds);
    return *this;
  }
  Told& On(sim::NodeId node, std::uint32_t incarnation = 1) {
    node_ = node;
    incarnation_ = incarnation;
    return *this;
  }
  Told& Say(Point point, std::initializer_list<Field> fields) {
    const std::vector<Field> kept(fields);
    Tell(sim::EventKind::kAnnounce, PointName(point), kept, point);
    return *this;
  }
  Told& Happens(sim::EventKind kind, std::string_view name) {
    Tell(kind, name, {}, Point{});
    return *this;
  }
  Checker& End() {
    checker_->Finish(time_);
    return *checker_;
  }

 private:
  void Tell(sim::EventKind kind, std::string_view name, const std::vector<Field>& fields,
            Point point) {
    sim::TraceEvent event;
    event.number = ++number_;
    event.time = time_;
    event.node = node_;
    event.incarnation = incarnation_;
    event.kind = kind;
    event.point = point;
    event.name = name;
    event.fields = fields;
    checker_->OnEvent(event);
  }

  std::unique_ptr<Checker> checker_;
  TimePoint time_;
  sim::NodeId node_ = 0;
  std::uint32_t incarnation_ = 1;
  std::uint64_t number_ = 0;
};

Field F(std::string_view name, std::int64_t value) { return {name, value}; }
Field T(std::string_view name, std::string_view value) { return {name, value}; }

// The checker compared something and found nothing, or found exactly one violation.
void Holds(Checker& checker) {
  BOOST_TEST(checker.comparisons() > 0U);
  for (const Found& found : checker.violations()) BOOST_ERROR(found.text);
}
void Fires(Checker& checker) {
  BOOST_TEST(checker.comparisons() > 0U);
  BOOST_TEST(checker.violations().size() == 1U);
}

BOOST_AUTO_TEST_SUITE(checkers)

BOOST_AUTO_TEST_CASE(every_listed_invariant_has_a_checker) {
  const auto all = MakeCheckers(Told::DefaultFacts());
  const auto listed = ListInvariants();
  BOOST_REQUIRE(all.size() == listed.size());
  for (std::size_t i = 0; i < all.size(); ++i) BOOST_TEST(all[i]->invariant() == listed[i].id);
}

BOOST_AUTO_TEST_CASE(inv_1_init_in_a_waiting_worker_or_twice) {
  const auto create = [](Told& told, std::string_view role) {
    told.Say(Point::kCreateAttempt, {T("role", role)}).Say(Point::kInitStart, {F("session", 1)});
  };
  Told good("INV-1");
  create(good, "chief");
  Holds(good.End());
  Told worker("INV-1");
  create(worker, "worker");
  Fires(worker.End());
  Told twice("INV-1");
  create(twice, "chief");
  twice.Say(Point::kInitStart, {F("session", 1)});
  Fires(twice.End());
  Told outside("INV-1");
  outside.Say(Point::kInitStart, {F("session", 1)});
  Fires(outside.End());
}

BOOST_AUTO_TEST_CASE(inv_2_init_after_restore) {
  Told good("INV-2");
  good.Say(Point::kRestoreDone, {F("session", 1), T("code", "OK")})
      .Say(Point::kInitStart, {F("session", 2)});
  Holds(good.End());
  Told bad("INV-2");
  bad.Say(Point::kRestoreDone, {F("session", 1), T("code", "OK")})
      .Say(Point::kInitStart, {F("session", 1)});
  Fires(bad.End());
  Told write("INV-2");
  write.Say(Point::kRestoreDone, {F("session", 1), T("code", "OK")})
      .Say(Point::kVariableWrite, {F("session", 1), T("cause", CauseName(Cause::kInit))});
  Fires(write.End());
}

BOOST_AUTO_TEST_CASE(inv_5_init_over_an_unreadable_state) {
  const auto init_after = [](std::string_view answer, RunFacts facts) {
    Told told("INV-5", facts);
    told.Say(Point::kCreateAttempt, {T("role", "chief")})
        .Say(Point::kStateRead, {T("answer", answer)})
        .Say(Point::kInitStart, {F("session", 1)});
    return told;
  };
  Holds(init_after("none", Told::DefaultFacts()).End());
  Told tf = init_after("unreadable", Told::DefaultFacts());
  Fires(tf.End());
  BOOST_TEST(tf.End().allowed_by() == "RF-94");
  Told strict = init_after("unreadable", Told::StrictFacts());
  Fires(strict.End());
  BOOST_TEST(strict.End().allowed_by() == "");
}

BOOST_AUTO_TEST_CASE(inv_6_init_after_an_acknowledged_checkpoint) {
  Told good("INV-6");
  good.Say(Point::kInitStart, {F("session", 1)})
      .Say(Point::kSaveDone, {T("prefix", "/c/m-0"), T("code", "OK")});
  Holds(good.End());
  Told bad("INV-6");
  bad.Say(Point::kSaveDone, {T("prefix", "/c/m-0"), T("code", "OK")})
      .Say(Point::kInitStart, {F("session", 1)});
  Fires(bad.End());
  BOOST_TEST(bad.End().allowed_by() == "");
  Told excused("INV-6");
  excused.Say(Point::kSaveDone, {T("prefix", "/c/m-0"), T("code", "OK")})
      .Happens(sim::EventKind::kLifecycle, "power_failed")
      .Say(Point::kInitStart, {F("session", 1)});
  Fires(excused.End());
  BOOST_TEST(excused.End().allowed_by() == "RF-91 RF-94");
}

BOOST_AUTO_TEST_CASE(inv_13_acknowledged_checkpoint_is_lost) {
  const auto lost = [](RunFacts facts, bool power_failure, bool rewritten) {
    Told told("INV-13", facts);
    told.Say(Point::kSaveStart, {T("prefix", "/c/m-4")})
        .Say(Point::kSaveDone, {T("prefix", "/c/m-4"), T("code", "OK")});
    if (rewritten) told.Say(Point::kSaveStart, {T("prefix", "/c/m-4")});
    if (power_failure) told.Happens(sim::EventKind::kLifecycle, "power_failed");
    told.Say(Point::kCheckpointProbe, {T("prefix", "/c/m-4"), T("code", "DATA_LOSS")});
    return told;
  };
  // A power failure excuses only what was saved before it, a rewrite only while it goes on.
  Told later("INV-13");
  later.Happens(sim::EventKind::kLifecycle, "power_failed")
      .Say(Point::kSaveStart, {T("prefix", "/c/m-4")})
      .Say(Point::kSaveDone, {T("prefix", "/c/m-4"), T("code", "OK")})
      .Say(Point::kSaveStart, {T("prefix", "/c/m-4")})
      .Say(Point::kSaveDone, {T("prefix", "/c/m-4"), T("code", "OK")})
      .Say(Point::kCheckpointProbe, {T("prefix", "/c/m-4"), T("code", "DATA_LOSS")});
  Fires(later.End());
  BOOST_TEST(later.End().allowed_by() == "");
  Told retired("INV-13");
  retired.Say(Point::kSaveDone, {T("prefix", "/c/m-4"), T("code", "OK")})
      .Say(Point::kStateWritten, {T("path", "/c/m-8")})
      .Say(Point::kCheckpointProbe, {T("prefix", "/c/m-4"), T("code", "OK")})
      .Say(Point::kSaveSubStep, {T("prefix", "/c/m-4"), T("sub", "N9")})
      .Say(Point::kCheckpointProbe, {T("prefix", "/c/m-4"), T("code", "NOT_FOUND")});
  Holds(retired.End());
  Told good("INV-13");
  good.Say(Point::kSaveDone, {T("prefix", "/c/m-4"), T("code", "OK")})
      .Say(Point::kCheckpointProbe, {T("prefix", "/c/m-4"), T("code", "OK")})
      .Say(Point::kCheckpointRemoved, {T("prefix", "/c/m-4")})
      .Say(Point::kCheckpointProbe, {T("prefix", "/c/m-4"), T("code", "NOT_FOUND")});
  Holds(good.End());
  Told plain = lost(Told::DefaultFacts(), false, false);
  Fires(plain.End());
  BOOST_TEST(plain.End().allowed_by() == "");
  Told power = lost(Told::DefaultFacts(), true, false);
  BOOST_TEST(power.End().allowed_by() == "RF-91");
  Told rewrite = lost(Told::DefaultFacts(), false, true);
  BOOST_TEST(rewrite.End().allowed_by() == "RF-93");
  Told strict = lost(Told::StrictFacts(), true, true);
  Fires(strict.End());
  BOOST_TEST(strict.End().allowed_by() == "");
}

BOOST_AUTO_TEST_CASE(inv_14_state_file_names_an_incomplete_checkpoint) {
  Told good("INV-14");
  good.Say(Point::kStateProbe, {T("answer", "none")})
      .Say(Point::kStateProbe, {T("answer", "state"), T("path", "/c/m-4"), T("code", "OK")});
  Holds(good.End());
  Told bad("INV-14");
  bad.Say(Point::kStateProbe, {T("answer", "state"), T("path", "/c/m-4"), T("code", "NOT_FOUND")});
  Fires(bad.End());
}

BOOST_AUTO_TEST_CASE(inv_23_begin_again_on_recovery) {
  Told good("INV-23");
  good.Say(Point::kMonitoredStart, {F("monitored", 1), F("hooks", 2)})
      .Say(Point::kHookBegin, {F("monitored", 1), T("hook", "A#0")})
      .Say(Point::kHookBegin, {F("monitored", 1), T("hook", "B#1")});
  Holds(good.End());
  good.Say(Point::kHookAfterCreate, {F("monitored", 1), T("hook", "A#0")})
      .Say(Point::kHookBegin, {F("monitored", 1), T("hook", "A#0")});
  Fires(good.End());
}

BOOST_AUTO_TEST_CASE(inv_24_hooks_miss_after_create_session) {
  const auto start = [](Told& told) {
    told.Say(Point::kMonitoredStart, {F("monitored", 1), F("hooks", 2)})
        .Say(Point::kCreateDone, {F("session", 7), T("code", "OK")})
        .Say(Point::kHookAfterCreate, {F("monitored", 1), T("hook", "A#0"), F("session", 7)});
  };
  Told good("INV-24");
  start(good);
  good.Say(Point::kHookAfterCreate, {F("monitored", 1), T("hook", "B#1"), F("session", 7)})
      .Say(Point::kRunStart, {F("monitored", 1), F("session", 7)});
  Holds(good.End());
  Told bad("INV-24");
  start(bad);
  bad.Say(Point::kRunStart, {F("monitored", 1), F("session", 7)});
  Fires(bad.End());
}

BOOST_AUTO_TEST_CASE(inv_25_after_run_without_success) {
  const auto run = [](Told& told, std::string_view code) {
    told.Say(Point::kMonitoredStart, {F("monitored", 1), F("hooks", 1)})
        .Say(Point::kRunStart, {F("monitored", 1), F("run", 1), F("attempt", 1)})
        .Say(Point::kHookBeforeRun,
             {F("monitored", 1), T("hook", "A#0"), F("run", 1), F("attempt", 1)})
        .Say(Point::kSessionRunEnd, {F("run", 1), F("attempt", 1), T("code", code)})
        .Say(Point::kHookAfterRun,
             {F("monitored", 1), T("hook", "A#0"), F("run", 1), F("attempt", 1)});
  };
  Told good("INV-25");
  run(good, "OK");
  Holds(good.End());
  Told bad("INV-25");
  run(bad, "ABORTED");
  Fires(bad.End());
}

BOOST_AUTO_TEST_CASE(inv_25_a_hook_is_left_out) {
  const auto run = [](std::int64_t before, std::int64_t after) {
    Told told("INV-25");
    told.Say(Point::kMonitoredStart, {F("monitored", 1), F("hooks", 2)})
        .Say(Point::kRunStart, {F("monitored", 1), F("run", 1), F("attempt", 1)});
    for (std::int64_t i = 0; i < before; ++i) {
      told.Say(Point::kHookBeforeRun, {F("monitored", 1), T("hook", i == 0 ? "A#0" : "B#1"),
                                       F("run", 1), F("attempt", 1)});
    }
    told.Say(Point::kSessionRunEnd, {F("run", 1), F("attempt", 1), T("code", "OK")});
    for (std::int64_t i = 0; i < after; ++i) {
      told.Say(Point::kHookAfterRun, {F("monitored", 1), T("hook", i == 0 ? "A#0" : "B#1"),
                                      F("run", 1), F("attempt", 1)});
    }
    told.Say(Point::kRunEnd, {F("monitored", 1), F("run", 1), F("attempt", 1), T("code", "OK")});
    return told;
  };
  Holds(run(2, 2).End());
  Fires(run(2, 1).End());
  Fires(run(2, 0).End());
  BOOST_TEST(run(1, 1).End().violations().size() == 2U);
}

BOOST_AUTO_TEST_CASE(inv_26_end_after_an_error_and_no_end_after_a_clean_close) {
  const auto close = [](std::int64_t ends, std::int64_t clean) {
    Told told("INV-26");
    told.Say(Point::kMonitoredStart, {F("monitored", 1), F("hooks", 1)});
    for (std::int64_t i = 0; i < ends; ++i) {
      told.Say(Point::kHookEnd, {F("monitored", 1), T("hook", i == 0 ? "A#0" : "B#1")});
    }
    told.Say(Point::kMonitoredEnd,
             {F("monitored", 1), F("clean", clean), T("code", clean ? "OK" : "INTERNAL")});
    return told;
  };
  Holds(close(1, 1).End());
  Holds(close(0, 0).End());
  Fires(close(1, 0).End());
  Fires(close(0, 1).End());
}

BOOST_AUTO_TEST_CASE(inv_27_graph_changes) {
  Told told("INV-27");
  told.Say(Point::kGraphFinal, {F("monitored", 1), F("digest", 5)})
      .Say(Point::kGraphFinal, {F("monitored", 1), F("digest", 5)});
  Holds(told.End());
  told.Say(Point::kGraphFinal, {F("monitored", 1), F("digest", 6)});
  Fires(told.End());
}

BOOST_AUTO_TEST_CASE(inv_29_closed_session_runs) {
  Told told("INV-29");
  told.Say(Point::kMonitoredEnd, {F("monitored", 1)})
      .Say(Point::kRunAfterClose, {F("monitored", 1), T("code", "RuntimeError")})
      .Say(Point::kCloseAfterClose, {F("monitored", 1), T("code", "RuntimeError")});
  Holds(told.End());
  told.Say(Point::kRunStart, {F("monitored", 1)});
  Fires(told.End());
}

BOOST_AUTO_TEST_CASE(inv_32_recovers_from_the_wrong_code) {
  Told good("INV-32");
  good.Say(Point::kMonitoredStart, {F("monitored", 1), F("recovery", 1)})
      .Say(Point::kErrorSeen, {F("monitored", 1), T("code", "ABORTED")})
      .Say(Point::kRecoveryStart, {F("monitored", 1), T("code", "ABORTED")})
      .Say(Point::kErrorSeen, {F("monitored", 1), T("code", "INTERNAL")})
      .Say(Point::kRunRaised, {F("monitored", 1), T("code", "INTERNAL")});
  Holds(good.End());
  Told bad("INV-32");
  bad.Say(Point::kRecoveryStart, {F("monitored", 1), T("code", "INTERNAL")});
  Fires(bad.End());
  Told swallowed("INV-32");
  swallowed.Say(Point::kMonitoredStart, {F("monitored", 1), F("recovery", 1)})
      .Say(Point::kErrorSeen, {F("monitored", 1), T("where", "run"), T("code", "ABORTED")})
      .Say(Point::kRunAcknowledged, {F("monitored", 1)});
  Fires(swallowed.End());
  Told retold("INV-32");
  retold.Say(Point::kMonitoredStart, {F("monitored", 1), F("recovery", 1)})
      .Say(Point::kErrorSeen,
           {F("monitored", 1), T("where", "hook"), T("code", "INTERNAL"), T("message", "a")})
      .Say(Point::kRunRaised, {F("monitored", 1), T("code", "INTERNAL"), T("message", "b")});
  Fires(retold.End());
  Told leaks("INV-32");
  leaks.Say(Point::kMonitoredStart, {F("monitored", 1), F("recovery", 1)})
      .Say(Point::kRunRaised, {F("monitored", 1), T("code", "UNAVAILABLE")});
  Fires(leaks.End());
}

BOOST_AUTO_TEST_CASE(inv_33_cleanup_error_replaces_the_cause) {
  const auto end = [](RunFacts facts, std::string_view code, std::string_view where = "close") {
    Told told("INV-33", facts);
    told.Say(Point::kErrorSeen, {F("monitored", 1), T("where", "run"), T("code", "DATA_LOSS")})
        .Say(Point::kErrorSeen, {F("monitored", 1), T("where", where), T("code", "CANCELLED")})
        .Say(Point::kMonitoredEnd, {F("monitored", 1), T("code", code)});
    return told;
  };
  Holds(end(Told::StrictFacts(), "DATA_LOSS").End());
  Told bad = end(Told::StrictFacts(), "CANCELLED");
  Fires(bad.End());
  BOOST_TEST(bad.End().allowed_by() == "");
  BOOST_TEST(end(Told::DefaultFacts(), "CANCELLED").End().allowed_by() == "RF-86");
  // An end hook's error takes the place of an end of input (MS-25).
  Told at_end("INV-33");
  at_end.Say(Point::kErrorSeen, {F("monitored", 1), T("where", "run"), T("code", "OUT_OF_RANGE")})
      .Say(Point::kHookEnd, {F("monitored", 1)})
      .Say(Point::kErrorSeen, {F("monitored", 1), T("where", "hook"), T("code", "RuntimeError")})
      .Say(Point::kMonitoredEnd, {F("monitored", 1), T("code", "RuntimeError")});
  Fires(at_end.End());
  BOOST_TEST(at_end.End().allowed_by() == "MS-25");
  // TF loses the cause in joining and closing only, not within a run.
  Told in_run = end(Told::DefaultFacts(), "CANCELLED", "run");
  Fires(in_run.End());
  BOOST_TEST(in_run.End().allowed_by() == "");
}

BOOST_AUTO_TEST_CASE(inv_36_older_checkpoint_is_restored) {
  Told told("INV-36");
  told.Say(Point::kSaveDone, {T("prefix", "/c/m-8"), F("step", 8), T("code", "OK")})
      .Say(Point::kRestoreDone, {T("path", "/c/m-8"), T("code", "OK")});
  Holds(told.End());
  told.Say(Point::kRestoreDone, {T("path", "/c/m-4"), T("code", "OK")});
  Fires(told.End());
}

BOOST_AUTO_TEST_CASE(inv_36_acknowledged_updates_vanish_without_a_roll_back) {
  const auto write = [](Told& told, Cause cause, std::int64_t session, std::int64_t version) {
    told.Say(
        Point::kVariableWrite,
        {T("store", "s"), T("variable", "w"), T("cause", CauseName(cause)), F("session", session),
         F("run", cause == Cause::kUpdate ? 1 : 0), F("version", version)});
  };
  const auto updated = [&] {
    Told told("INV-36");
    told.Say(Point::kCreateAttempt, {T("role", "chief")})
        .Say(Point::kSessionOpen, {F("session", 3)});
    write(told, Cause::kInit, 3, 1);
    told.Say(Point::kCreateDone, {T("role", "chief"), T("code", "OK")});
    write(told, Cause::kUpdate, 3, 2);
    told.Say(Point::kRunAcknowledged, {F("monitored", 1), F("run", 1)});
    return told;
  };
  Told good = updated();
  write(good, Cause::kUpdate, 3, 3);
  Holds(good.End());
  Told gap = updated();
  write(gap, Cause::kUpdate, 3, 4);
  Fires(gap.End());
  Told worker = updated();
  worker.On(1).Say(Point::kCreateAttempt, {T("role", "worker")});
  worker.Say(Point::kSessionOpen, {F("session", 4)});
  worker.On(0);
  write(worker, Cause::kInit, 4, 3);
  Fires(worker.End());
  Told chief = updated();
  chief.Say(Point::kCreateAttempt, {T("role", "chief")})
      .Say(Point::kSessionOpen, {F("session", 5)});
  write(chief, Cause::kRestore, 5, 3);
  Holds(chief.End());
}

BOOST_AUTO_TEST_CASE(inv_40_lost_increment_and_late_update) {
  const auto step = [](Told& told, std::int64_t value, std::int64_t run) {
    told.Say(Point::kGlobalStepWrite,
             {T("store", "s"), T("cause", CauseName(Cause::kUpdate)), F("session", 1),
              F("run", run), F("attempt", 1), F("step", value)});
  };
  Told good("INV-40");
  step(good, 1, 1);
  step(good, 2, 2);
  Holds(good.End());
  step(good, 4, 3);
  Fires(good.End());
  Told late("INV-40");
  step(late, 1, 1);
  step(late, 2, 2);
  late.Say(Point::kVariableWrite, {T("store", "s"), T("cause", CauseName(Cause::kUpdate)),
                                   F("session", 1), F("run", 2), F("attempt", 1)});
  Fires(late.End());
}

BOOST_AUTO_TEST_CASE(inv_41_step_falls_or_restores_another_value) {
  const auto write = [](Told& told, Cause cause, std::int64_t value) {
    told.Say(Point::kGlobalStepWrite,
             {T("store", "s"), T("cause", CauseName(cause)), F("step", value)});
  };
  const auto restore = [&](std::int64_t value) {
    Told told("INV-41");
    told.Say(Point::kSaveDone, {T("prefix", "/c/m-4"), F("step", 4), T("code", "OK")})
        .Say(Point::kRestoreStart, {T("path", "/c/m-4")});
    write(told, Cause::kRestore, value);
    return told;
  };
  Holds(restore(4).End());
  Fires(restore(5).End());
  Told falls("INV-41");
  write(falls, Cause::kUpdate, 6);
  write(falls, Cause::kUpdate, 5);
  Fires(falls.End());
}

BOOST_AUTO_TEST_CASE(inv_42_program_counts_differently) {
  Told told("INV-42");
  told.Say(Point::kGlobalStepWrite, {F("step", 3)}).Say(Point::kProgress, {F("step", 3)});
  Holds(told.End());
  told.Say(Point::kProgress, {F("step", 4)});
  Fires(told.End());
}

BOOST_AUTO_TEST_CASE(inv_43_stops_before_or_far_beyond_the_target) {
  const auto end = [](std::int64_t step) {
    Told told("INV-43");
    told.Say(Point::kFinalValues, {F("step", step)});
    return told;
  };
  Holds(end(10).End());
  Holds(end(11).End());
  Fires(end(9).End());
  Fires(end(12).End());
}

Told Wait(std::string_view invariant, double slept, double gives_up) {
  Told told(invariant);
  told.On(1).At(0).Say(Point::kWaitStart,
                       {F("max_wait_ns", 60'000'000'000), F("recovery_wait_ns", 30'000'000'000)});
  told.Say(Point::kSessionOpen, {F("session", 1)}).Say(Point::kWaitForReady, {F("session", 1)});
  told.At(slept).Say(Point::kSessionOpen, {F("session", 2)});
  told.At(gives_up).Say(Point::kWaitEnd, {T("code", "DEADLINE_EXCEEDED")});
  return told;
}

BOOST_AUTO_TEST_CASE(inv_49_polls_off_the_grid_or_gives_up_at_the_wrong_time) {
  Holds(Wait("INV-49", 30, 60).End());
  Told off = Wait("INV-49", 31, 60);
  BOOST_TEST(off.End().comparisons() > 0U);
  BOOST_TEST(off.End().violations().size() == 1U);
  Told early = Wait("INV-49", 30, 30);
  Fires(early.End());
  Told long_poll = Wait("INV-49", 30, 200);
  BOOST_TEST(long_poll.End().violations().empty());  // one poll took that long
  Told overslept("INV-49");
  overslept.On(1).At(0).Say(
      Point::kWaitStart, {F("max_wait_ns", 60'000'000'000), F("recovery_wait_ns", 30'000'000'000)});
  overslept.Say(Point::kSessionOpen, {F("session", 1)})
      .Say(Point::kWaitForReady, {F("session", 1)});
  overslept.At(200).Say(Point::kWaitEnd, {T("code", "DEADLINE_EXCEEDED")});
  Fires(overslept.End());
}

BOOST_AUTO_TEST_CASE(inv_50_ready_model_is_not_seen) {
  const auto wait = [](double ready, std::string_view code, double end) {
    Told told("INV-50");
    told.On(1).At(0).Say(Point::kWaitStart, {F("max_wait_ns", 120'000'000'000),
                                             F("recovery_wait_ns", 30'000'000'000)});
    told.Say(Point::kSessionOpen, {F("session", 1)}).Say(Point::kWaitForReady, {F("session", 1)});
    told.On(0).At(ready).Say(Point::kCreateDone, {T("role", "chief"), T("code", "OK")});
    told.On(1).At(end).Say(Point::kSessionOpen, {F("session", 2)});
    told.Say(Point::kWaitEnd, {T("code", code)});
    return told;
  };
  Holds(wait(10, "OK", 30).End());
  Fires(wait(10, "OK", 90).End());
  Fires(wait(10, "DEADLINE_EXCEEDED", 40).End());
  Told never("INV-50");
  never.On(1).At(0).Say(Point::kWaitStart, {F("max_wait_ns", Duration::Max().nanoseconds()),
                                            F("recovery_wait_ns", 30'000'000'000)});
  never.Say(Point::kSessionOpen, {F("session", 1)}).Say(Point::kWaitForReady, {F("session", 1)});
  never.On(0).At(10).Say(Point::kCreateDone, {T("role", "chief"), T("code", "OK")});
  never.At(500);
  Fires(never.End());
}

BOOST_AUTO_TEST_CASE(inv_53_creates_again_without_a_pause) {
  const auto again = [](RunFacts facts, double at) {
    Told told("INV-53", facts);
    told.At(1).Say(Point::kCreateAttempt, {T("role", "chief")});
    told.At(at).Say(Point::kCreateAttempt, {T("role", "chief")});
    return told;
  };
  Holds(again(Told::StrictFacts(), 2).End());
  Told bad = again(Told::StrictFacts(), 1);
  Fires(bad.End());
  BOOST_TEST(bad.End().allowed_by() == "");
  BOOST_TEST(again(Told::DefaultFacts(), 1).End().allowed_by() == "RF-77");

  // The pauses have to grow.
  const auto often = [](double factor) {
    Told told("INV-53", Told::StrictFacts());
    double at = 1;
    double pause = 0.15;
    for (int i = 0; i < 10; ++i) {
      told.At(at).Say(Point::kCreateAttempt, {T("role", "chief")});
      at += pause;
      pause *= factor;
    }
    return told;
  };
  Holds(often(2).End());
  Told constant = often(1);
  BOOST_TEST(!constant.End().violations().empty());
  BOOST_TEST(constant.End().allowed_by() == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::scenarios
