// The reference traces TR-1..TR-9 of session.md 17 (TR-10: session_manager_polling_test.cpp).

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/monitored_session.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

using Trace = std::vector<std::string>;

// Shows announcements as the words of session.md 17; sessions are numbered in order of opening.
class Tracer {
 public:
  Trace Show(const std::vector<RecordingObserver::Announcement>& announcements) {
    Trace trace;
    for (const auto& announcement : announcements) {
      const std::string word = Word(announcement);
      if (!word.empty()) trace.push_back(word);
    }
    return trace;
  }

 private:
  using Announcement = RecordingObserver::Announcement;

  std::string Session(const Announcement& announcement) {
    const std::int64_t id = announcement.number("session");
    return "R" + std::to_string(
                     sessions_.emplace(id, static_cast<int>(sessions_.size()) + 1).first->second);
  }
  static std::string Hook(const Announcement& announcement) {
    return announcement.text("hook").substr(0, 1);
  }
  std::string Word(const Announcement& a) {
    switch (a.point) {
      case Point::kHookBegin:
        return Hook(a) + ".begin";
      case Point::kGraphFinal:
        return "finalize";
      case Point::kSessionOpen:
        return "open " + Session(a);
      case Point::kInitStart:
        return "init " + Session(a);
      case Point::kRestoreStart:
        return "restore " + Session(a);
      case Point::kReadyCheck:
        return a.text("which") + " " + Session(a);
      case Point::kLocalInitStart:
        return "local init " + Session(a);
      case Point::kHookAfterCreate:
        return Hook(a) + ".after_create " + Session(a);
      case Point::kHookBeforeRun:
        return Hook(a) + ".before";
      case Point::kSessionRunEnd:
        return a.text("cause") != "update" ? "" : "run " + Session(a) + " " + a.text("code");
      case Point::kHookAfterRun:
        return Hook(a) + ".after";
      case Point::kHookEnd:
        return Hook(a) + ".end";
      case Point::kSessionClose:
        return "close " + Session(a);
      default:
        return "";
    }
  }

  std::map<std::int64_t, int> sessions_;
};

// A process with hooks A and B, which raise or report when told.
struct Fixture {
  Fixture() : model(graph) {
    for (const char* name : {"A", "B"}) hooks.push_back(std::make_shared<FunctionHook>(name));
    hooks[0]->after_create = [this](Session&, Coordinator& given) { coordinator = &given; };
  }
  std::unique_ptr<MonitoredSession> Open(ScaffoldOptions scaffold = {}, std::string dir = "") {
    ChiefSessionCreatorOptions chief{.scaffold = std::make_shared<Scaffold>(std::move(scaffold)),
                                     .checkpoint_dir = std::move(dir)};
    return std::make_unique<MonitoredSession>(
        process.runtime, graph,
        MonitoredSessionOptions{.session_creator = std::make_unique<ChiefSessionCreator>(
                                    process.runtime, graph, std::move(chief)),
                                .hooks = {hooks[0], hooks[1]}});
  }
  std::int64_t Step(MonitoredSession& session) {
    return session.Run(model.step).scalar<std::int64_t>();
  }
  void Check(const Trace& expected) {
    const Trace actual = Tracer().Show(process.observer().all());
    BOOST_TEST(actual == expected, boost::test_tools::per_element());
  }

  TestProcess process;
  Graph graph;
  StepModel model;
  std::vector<std::shared_ptr<FunctionHook>> hooks;
  Coordinator* coordinator = nullptr;
};

Trace operator+(Trace a, const Trace& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Trace Begun() { return {"A.begin", "B.begin"}; }
// Everything from finalize to after_create of the n-th session.
Trace Created(int n, const std::string& path = "init") {
  const std::string r = " R" + std::to_string(n);
  return {"finalize",
          "open" + r,
          path + r,
          "ready_for_local_init" + r,
          "local init" + r,
          "ready" + r,
          "A.after_create" + r,
          "B.after_create" + r};
}
Trace Ran(int n) {
  return {"A.before", "B.before", "run R" + std::to_string(n) + " OK", "A.after", "B.after"};
}
Trace Failed(int n, const std::string& code) {
  return {"A.before", "B.before", "run R" + std::to_string(n) + " " + code};
}
Trace Closed(int n) { return {"close R" + std::to_string(n)}; }
Trace Ended() { return {"A.end", "B.end"}; }

// A bounded counter that fails OUT_OF_RANGE at once: a run that fails in the graph itself.
Output Exhausted(Graph& graph) {
  const Variable counter = MakeLocalVariable(graph, Tensor::Scalar(std::int64_t{0}), "exhausted");
  return CountUpTo(counter, 0);
}

BOOST_AUTO_TEST_SUITE(reference_traces)

BOOST_AUTO_TEST_CASE(tr_1_a_clean_run) {
  Fixture f;
  bool final_at_create = false;
  f.hooks[1]->after_create = [&](Session&, Coordinator&) { final_at_create = f.graph.finalized(); };
  f.process.Run([&] {
    auto session = f.Open();
    WithSession(*session, [&](MonitoredSession& s) { BOOST_TEST(f.Step(s) == 1); });
  });
  f.Check(Begun() + Created(1) + Ran(1) + Ended() + Closed(1));
  BOOST_TEST(final_at_create);
  BOOST_TEST(!f.graph.finalized());
}

BOOST_AUTO_TEST_CASE(tr_2_a_clean_run_with_a_checkpoint) {
  Fixture f;
  f.process.Run([&] {
    Scaffold scaffold;
    scaffold.Finalize(f.process.runtime, f.graph);
    BOOST_TEST(MakeDirectories(f.process.env().files, "/ckpt").ok());
    const auto other = f.process.OpenSession(f.graph);
    other->Run(scaffold.init_op());
    scaffold.saver()->Save(*other, "/ckpt/model.ckpt", {.global_step = 0});
    other->Close();
    f.process.observer().Clear();
    auto session = f.Open({}, "/ckpt");
    WithSession(*session, [&](MonitoredSession& s) { BOOST_TEST(f.Step(s) == 1); });
  });
  f.Check(Begun() + Created(1, "restore") + Ran(1) + Ended() + Closed(1));
}

BOOST_AUTO_TEST_CASE(tr_3_aborted_in_the_run) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    f.process.sessions.Fail({.nth = 1, .status = Status(Code::kAborted, "run"), .after = true});
    BOOST_TEST(f.Step(*session) == 1);
    session->Close();
  });
  // The fault strikes above the raw session, which has executed the first attempt.
  Trace failed = Ran(1);
  failed.resize(3);
  f.Check(Begun() + Created(1) + failed + Closed(1) + Created(2) + Ran(2) + Ended() + Closed(2));
}

BOOST_AUTO_TEST_CASE(tr_4_unavailable_in_the_last_after_run) {
  Fixture f;
  bool raised = false;
  f.hooks[1]->after_run = [&](SessionRunContext&, const SessionRunValues&) {
    if (!std::exchange(raised, true)) throw UnavailableError("after the run");
  };
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_TEST(f.Step(*session) == 1);
    session->Close();
  });
  f.Check(Begun() + Created(1) + Ran(1) + Closed(1) + Created(2) + Ran(2) + Ended() + Closed(2));
}

BOOST_AUTO_TEST_CASE(tr_5_aborted_reported_by_a_thread) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    f.coordinator->RequestStop(Status(Code::kAborted, "thread"));
    BOOST_TEST(f.Step(*session) == 1);
    BOOST_TEST(!session->ShouldStop());
    session->Close();
  });
  f.Check(Begun() + Created(1) + Ran(1) + Closed(1) + Created(2) + Ended() + Closed(2));
}

BOOST_AUTO_TEST_CASE(tr_6_unknown_reported_by_a_thread) {
  Fixture f;
  f.process.Run([&] {
    auto session = f.Open();
    f.coordinator->RequestStop(Status(Code::kUnknown, "thread"));
    BOOST_TEST(f.Step(*session) == 1);
    BOOST_TEST(session->ShouldStop());
    BOOST_CHECK_THROW(session->Close(), UnknownError);
  });
  f.Check(Begun() + Created(1) + Ran(1) + Ended() + Closed(1));
  const auto ended = f.process.observer().Of(Point::kMonitoredEnd).at(0);
  BOOST_TEST(ended.number("clean") == 1);  // no exception was in flight
  BOOST_TEST(ended.text("code") == "UNKNOWN");
}

BOOST_AUTO_TEST_CASE(tr_7_out_of_range_in_the_run) {
  Fixture f;
  const Output exhausted = Exhausted(f.graph);
  f.process.Run([&] {
    auto session = f.Open();
    WithSession(*session, [&](MonitoredSession& s) { s.Run(exhausted); });
  });
  f.Check(Begun() + Created(1) + Failed(1, "OUT_OF_RANGE") + Ended() + Closed(1));
}

BOOST_AUTO_TEST_CASE(tr_8_invalid_argument_in_the_run) {
  Fixture f;
  const Output missing = Placeholder(f.graph, DataType::kFloat, PartialShape(), "missing");
  f.process.Run([&] {
    auto session = f.Open();
    BOOST_CHECK_THROW(WithSession(*session, [&](MonitoredSession& s) { s.Run(missing); }),
                      InvalidArgumentError);
  });
  f.Check(Begun() + Created(1) + Failed(1, "INVALID_ARGUMENT") + Closed(1));
}

BOOST_AUTO_TEST_CASE(tr_9_creation_fails_twice) {
  Fixture f;
  f.process.sessions.Fail(
      {.on = SessionFault::On::kOpen, .nth = 1, .status = Status(Code::kUnavailable, "open")});
  bool raised = false;
  f.process.Run([&] {
    auto session = f.Open({.init_fn = [&](Scaffold&, Session&) {
      if (!std::exchange(raised, true)) throw AbortedError("init fn");
    }});
    session->Close();
  });
  f.Check(Begun() + Trace{"finalize", "finalize", "open R1", "init R1", "close R1"} + Created(2) +
          Ended() + Closed(2));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
