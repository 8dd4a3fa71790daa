#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/session/monitored_training_session.h"
#include "scenarios/harness/checkers/event_fields.h"
#include "scenarios/harness/cluster.h"
#include "scenarios/harness/harness.h"
#include "scenarios/harness/programs/training.h"
#include "scenarios/harness/scenario_text.h"

// Rows of RF section 14 from end to end: servers, sessions and monitored sessions in the simulator.

namespace faultline::scenarios {
namespace {

constexpr std::int64_t kPauseSecs = 30;  // RF-66
// More than any poll takes here.
constexpr Duration kPollMax = Duration::Milliseconds(50);

TimePoint At(double seconds) { return TimePoint() + Duration::FromSeconds(seconds); }

struct Entry {
  TimePoint time;
  sim::NodeId node = sim::kWorld;
  std::uint32_t incarnation = 0;
  sim::EventKind kind{};
  Point point{};
  std::string name;
  std::map<std::string, std::string> fields;

  std::string Of(const std::string& field) const {
    const auto found = fields.find(field);
    return found == fields.end() ? std::string() : found->second;
  }
  std::string code() const { return Of("code"); }
};

// Keeps what nodes announce and what becomes of them.
class Journal final : public sim::TraceSink {
 public:
  void OnEvent(const sim::TraceEvent& event) override {
    const bool life = event.kind == sim::EventKind::kLifecycle;
    if (!life && event.kind != sim::EventKind::kAnnounce) return;
    Entry entry{event.time, event.node,  event.incarnation,
                event.kind, event.point, std::string(event.name),
                {}};
    const EventFields fields(event);
    for (const Field& field : event.fields) {
      entry.fields[std::string(field.name)] = fields.Key(field.name);
    }
    entries_.push_back(std::move(entry));
  }

  // What that node announced of one point.
  std::vector<Entry> Of(sim::NodeId node, Point point) const {
    return Where([&](const Entry& e) {
      return e.kind == sim::EventKind::kAnnounce && e.node == node && e.point == point;
    });
  }
  // The one instant at which that became of the node.
  TimePoint LifeOf(sim::NodeId node, std::string_view name) const {
    const auto found = Where([&](const Entry& e) {
      return e.kind == sim::EventKind::kLifecycle && e.node == node && e.name == name;
    });
    BOOST_REQUIRE_MESSAGE(found.size() == 1U, fmt::format("{} times {}", found.size(), name));
    return found.front().time;
  }
  // The entries of `point` with a code other than OK.
  std::vector<Entry> ErrorsOf(sim::NodeId node, Point point) const {
    std::vector<Entry> errors = Of(node, point);
    std::erase_if(errors, [](const Entry& e) { return e.code() == "OK"; });
    return errors;
  }
  // How many of `begin` had no `end` yet at `time`.
  std::size_t Open(sim::NodeId node, Point begin, Point end, TimePoint time) const {
    const auto before = [&](Point point) {
      const std::vector<Entry> all = Of(node, point);
      return std::count_if(all.begin(), all.end(), [&](const Entry& e) { return e.time <= time; });
    };
    return static_cast<std::size_t>(before(begin) - before(end));
  }

 private:
  template <class Predicate>
  std::vector<Entry> Where(Predicate predicate) const {
    std::vector<Entry> found;
    std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(found), predicate);
    return found;
  }

  std::vector<Entry> entries_;
};

// Nodes of all scenarios here, in this order.
constexpr sim::NodeId kPs = 0;
constexpr sim::NodeId kChief = 1;
constexpr sim::NodeId kWorker = 2;

constexpr const char* kServerAndChief = R"(
  name: "case" description: "a case" seed: 7
  nodes { name: "ps" role: SERVER }
  nodes { name: "chief" role: CHIEF server: "ps" }
)";
constexpr const char* kWorkerToo = R"(nodes { name: "worker" role: WORKER server: "ps" })";

// One run and all that was heard of it.
struct Rows {
  Rows() {
    Result<Assets> loaded = LoadAssets();
    BOOST_REQUIRE_MESSAGE(loaded.ok(), loaded.status().ToString());
    assets = std::move(*loaded);
  }

  void Run(const std::string& text, std::uint64_t seed = 7) {
    Result<v1::Scenario> scenario = ParseScenario(text, {"", assets.programs});
    BOOST_REQUIRE_MESSAGE(scenario.ok(), scenario.status().ToString());
    journal = Journal();
    RunSettings settings;
    settings.seed = seed;
    settings.sinks = {&journal};
    outcome = RunScenario(*scenario, assets, settings);
    BOOST_TEST(outcome.report.outcome() == "passed");
    for (const std::string& reason : outcome.report.reasons()) BOOST_TEST_MESSAGE(reason);
  }

  Assets assets;
  Journal journal;
  RunOutcome outcome;
};

// RF-66, RF-67: polls of a duration d in [0, kPollMax], each but the last followed by exactly one
// pause. The end of each poll.
void CheckPolls(const Journal& journal, std::size_t polls, const std::string& code) {
  const std::vector<Entry> start = journal.Of(kWorker, Point::kWaitStart);
  const std::vector<Entry> pauses = journal.Of(kWorker, Point::kWaitForReady);
  const std::vector<Entry> end = journal.Of(kWorker, Point::kWaitEnd);
  BOOST_REQUIRE(start.size() == 1U);
  BOOST_REQUIRE(end.size() == 1U);
  BOOST_TEST(end[0].code() == code);
  BOOST_TEST(end[0].Of("attempts") == std::to_string(polls));
  BOOST_REQUIRE(pauses.size() == polls - 1);
  TimePoint poll = start[0].time;
  for (std::size_t i = 0; i < polls; ++i) {
    const TimePoint polled = i + 1 < polls ? pauses[i].time : end[0].time;
    BOOST_TEST((polled >= poll && polled - poll <= kPollMax),
               fmt::format("poll {} took {} ns", i, (polled - poll).nanoseconds()));
    poll = polled + Duration::Seconds(kPauseSecs);
  }
}

BOOST_FIXTURE_TEST_SUITE(runtime_rows, Rows)

BOOST_AUTO_TEST_CASE(t8_without_the_chief_a_worker_polls_on_its_grid_and_ends_after_m) {
  struct Row {
    std::int64_t max_wait_secs;
    std::size_t polls;
  };
  // The last poll is the first one after which less than a pause is left.
  for (const Row row : {Row{20, 1}, Row{60, 2}, Row{61, 3}, Row{100, 4}, Row{0, 240}}) {
    BOOST_TEST_CONTEXT("M " << row.max_wait_secs) {
      const std::int64_t limit = row.max_wait_secs > 0 ? row.max_wait_secs : 7200;
      Run(std::string(kServerAndChief) + kWorkerToo +
          fmt::format(R"(
          program {{ name: "counter" steps: 6 step_secs: 1 max_wait_secs: {} }}
          faults {{ faults {{ kind: CRASH node: "chief"
                              trigger {{ at_point {{ point: "InitStart" }} }} }} }}
          expect {{ ends {{ node: "worker" code: "DEADLINE_EXCEEDED"
                            message: "not ready after waiting {} secs" }} }})",
                      row.max_wait_secs, limit));
      CheckPolls(journal, row.polls, "DEADLINE_EXCEEDED");
      const TimePoint end = journal.Of(kWorker, Point::kWaitEnd).at(0).time;
      const TimePoint start = journal.Of(kWorker, Point::kWaitStart).at(0).time;
      BOOST_TEST((end - start > Duration::Seconds(limit - kPauseSecs)));
      BOOST_TEST((end - start <= Duration::Seconds(limit) + kPollMax));
      // Nobody recovers it, nothing was ever initialised or trained.
      BOOST_TEST((journal.LifeOf(kChief, "crashed") < At(1)));
      BOOST_TEST(journal.Of(kChief, Point::kProgramStart).size() == 1U);
      BOOST_TEST(journal.Of(kChief, Point::kInitDone).empty());
      BOOST_TEST(journal.Of(kWorker, Point::kRecoveryStart).empty());
      BOOST_TEST(journal.Of(kWorker, Point::kRunStart).empty());
      BOOST_TEST(journal.Of(kPs, Point::kGlobalStepWrite).empty());
    }
  }
}

// The counter, but the chief computes for 0.1 s before it comes to its session.
ProgramInfo SlowChiefProgram(const ProgramRegistry& programs) {
  ProgramInfo program = *programs.Find("counter");
  program.name = "slow_chief";
  program.run = [count = program.run](ProgramContext& context) {
    if (context.role == ProgramRole::kChief) {
      context.runtime.env.spawner.Compute(context.operations_per_second / 10);
    }
    return count(context);
  };
  return program;
}

std::string SlowChief(std::int64_t max_wait_secs, const std::string& end) {
  return std::string(kServerAndChief) + kWorkerToo +
         fmt::format(R"(
      program {{ name: "slow_chief" steps: 60 step_secs: 1 max_wait_secs: {} }}
      faults {{ faults {{ kind: SLOW_DOWN node: "chief" factor: 650 duration_secs: 60
                          trigger {{ at_secs: 0 }} }} }}
      expect {{ ends {{ node: "chief" code: "OK" }} ends {{ node: "worker" {} }} }})",
                     max_wait_secs, end);
}

BOOST_AUTO_TEST_CASE(t23_a_worker_waits_for_a_slow_chief_then_trains) {
  assets.programs.Add(SlowChiefProgram(assets.programs));
  Run(SlowChief(0, R"(code: "OK")"));
  CheckPolls(journal, 4, "OK");  // at 0, 30 and 60 s not ready, at 90 s ready
  const std::vector<Entry> init = journal.Of(kChief, Point::kInitDone);
  BOOST_REQUIRE(init.size() == 1U);
  BOOST_TEST((init[0].time > At(65) && init[0].time < At(66)));
  const std::vector<Entry> runs = journal.Of(kWorker, Point::kRunEnd);
  BOOST_REQUIRE(!runs.empty());
  BOOST_TEST((runs.front().time > At(90)));
  BOOST_TEST(journal.ErrorsOf(kWorker, Point::kRunEnd).empty());
  BOOST_TEST(journal.Of(kWorker, Point::kProgress).size() > 10U);
  BOOST_TEST(journal.Of(kWorker, Point::kInitStart).empty());
}

BOOST_AUTO_TEST_CASE(t23_a_worker_gives_up_on_a_chief_that_is_too_slow) {
  assets.programs.Add(SlowChiefProgram(assets.programs));
  Run(SlowChief(70, R"(code: "DEADLINE_EXCEEDED" message: "not ready after waiting 70 secs")"));
  CheckPolls(journal, 3, "DEADLINE_EXCEEDED");
  BOOST_TEST((journal.Of(kWorker, Point::kWaitEnd).at(0).time < At(61)));
  BOOST_TEST(journal.Of(kWorker, Point::kRunStart).empty());
  BOOST_TEST(journal.Of(kChief, Point::kProgress).size() == 60U);
}

struct RestartRow {
  std::string_view profile;
  double delay_secs;
  std::string_view code;
};

void RunRestart(Rows& rows, const RestartRow& row, const std::string& trigger, std::uint64_t seed) {
  rows.Run(std::string(kServerAndChief) + fmt::format(R"(
      program {{ name: "counter" steps: 20 save_every_steps: 5 step_secs: 1 }}
      profile: "{}"
      faults {{ faults {{ kind: RESTART node: "ps" delay_secs: {} trigger {{ {} }} }} }}
      expect {{ final_step: 20 recoveries: 1 ends {{ node: "chief" code: "OK" }} }})",
                                                      row.profile, row.delay_secs, trigger),
           seed);
}

// The one failed run has the row's code; the close that follows hears of the unknown handle; then
// there is a new session, on the new process, in which the same run is made again.
void CheckRecovery(const Journal& journal, const RestartRow& row) {
  const TimePoint crash = journal.LifeOf(kPs, "crashed");
  const TimePoint back = crash + Duration::FromSeconds(row.delay_secs);
  const std::vector<Entry> failed = journal.ErrorsOf(kChief, Point::kRunEnd);
  BOOST_REQUIRE(failed.size() == 1U);
  BOOST_TEST(failed[0].code() == row.code);
  BOOST_TEST(failed[0].Of("attempt") == "1");
  std::vector<std::string> seen;
  for (const Entry& error : journal.Of(kChief, Point::kErrorSeen)) {
    if (error.time >= crash) seen.push_back(error.Of("where") + " " + error.code());
  }
  BOOST_REQUIRE(!seen.empty());
  BOOST_TEST(seen.back() == "close ABORTED");
  BOOST_TEST((std::count(seen.begin(), seen.end(), "close ABORTED") == 1));
  const std::vector<Entry> recovery = journal.Of(kChief, Point::kRecoveryStart);
  BOOST_REQUIRE(recovery.size() == 1U);
  BOOST_TEST(recovery[0].code() == row.code);

  const std::vector<Entry> created = journal.Of(kPs, Point::kMasterSessionCreated);
  BOOST_REQUIRE(!created.empty());
  BOOST_TEST(created.back().incarnation == 2U);
  BOOST_TEST((created.back().time > back));
  const std::vector<Entry> all = journal.Of(kChief, Point::kRunEnd);
  const auto again = std::find_if(all.begin(), all.end(), [&](const Entry& e) {
    return e.Of("run") == failed[0].Of("run") && e.code() == "OK";
  });
  BOOST_REQUIRE(again != all.end());
  BOOST_TEST(again->Of("attempt") == "2");
  BOOST_TEST(again->Of("session") != failed[0].Of("session"));
  BOOST_TEST((again->time > back));
  const std::vector<Entry> creations = journal.Of(kChief, Point::kCreateDone);
  BOOST_REQUIRE(creations.size() == 2U);
  BOOST_TEST(creations.back().Of("path") == "restored");
}

BOOST_AUTO_TEST_CASE(t25_a_server_that_restarts_under_an_idle_client) {
  // Back before the client's next call, and only long after it.
  for (const RestartRow row :
       {RestartRow{"classic", 0.2, "UNAVAILABLE"}, RestartRow{"classic", 5, "UNAVAILABLE"},
        RestartRow{"retry", 0.2, "ABORTED"}, RestartRow{"retry", 5, "ABORTED"}}) {
    for (const std::uint64_t seed : {7U, 8U, 9U}) {
      BOOST_TEST_CONTEXT(row.profile << " back after " << row.delay_secs << " seed " << seed) {
        RunRestart(*this, row, "at_secs: 10.5", seed);
        const TimePoint crash = journal.LifeOf(kPs, "crashed");
        BOOST_TEST(journal.Open(kChief, Point::kSessionRunStart, Point::kSessionRunEnd, crash) ==
                   0U);
        CheckRecovery(journal, row);
        // classic: at the first use, whether the server is back or not; retry: once it is back.
        const TimePoint failed = journal.ErrorsOf(kChief, Point::kRunEnd).at(0).time;
        const bool late = row.profile == "retry" && row.delay_secs > 1;
        BOOST_TEST(((failed > crash + Duration::Seconds(4)) == late));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(t25_a_server_that_restarts_within_a_step) {
  for (const RestartRow row :
       {RestartRow{"classic", 0.2, "UNAVAILABLE"}, RestartRow{"classic", 5, "UNAVAILABLE"},
        RestartRow{"retry", 0.2, "ABORTED"}, RestartRow{"retry", 5, "ABORTED"}}) {
    BOOST_TEST_CONTEXT(row.profile << " back after " << row.delay_secs) {
      RunRestart(*this, row, R"(at_point { point: "StepExecuting" occurrence: 26 })", 7);
      const TimePoint crash = journal.LifeOf(kPs, "crashed");
      BOOST_TEST(journal.Open(kChief, Point::kRunStart, Point::kRunEnd, crash) == 1U);
      BOOST_TEST(journal.Open(kChief, Point::kSessionRunStart, Point::kSessionRunEnd, crash) == 1U);
      const std::vector<Entry> lost = journal.ErrorsOf(kChief, Point::kSessionRunEnd);
      BOOST_REQUIRE(!lost.empty());
      BOOST_TEST(lost.front().Of("cause") == "update");
      BOOST_TEST(lost.front().code() == row.code);
      CheckRecovery(journal, row);
    }
  }
}

// What the worker finds when the chief is gone.
struct Findings {
  std::int64_t begun = -1;
  std::int64_t taken = -1;
  std::int64_t tokens = -1;
};

// The chief's one step counts itself, waits on the server for a token and counts that too. At 40 s
// the worker gives one token and looks a second later.
ProgramInfo TokenProgram(Findings* findings) {
  ProgramInfo program;
  program.name = "token";
  program.text = "waits within a step";
  program.run = [findings](ProgramContext& context) -> Status {
    if (context.role == ProgramRole::kServer) return ServeVariables(context);
    Graph graph;
    GetOrCreateGlobalStep(graph);
    const auto zero = Tensor::Scalar<std::int64_t>(0);
    const Variable begun = MakeVariable(graph, zero, "begun");
    const Variable taken = MakeVariable(graph, zero, "taken");
    const Queue queue = FifoQueue(graph, 10, {DataType::kInt64}, "tokens");
    const Output one = Constant(graph, Tensor::Scalar<std::int64_t>(1), "one");
    Operation* const give = Enqueue(queue, {one}, "give");
    const Output tokens = QueueSize(queue, "size");
    const Output begin = AssignAdd(begun, one, "begin");
    Output token;
    {
      ControlScope after(graph, {begin.op});
      token = Dequeue(queue, "token").front();
    }
    const Output take = AssignAdd(taken, token, "take");

    Env& env = context.runtime.env;
    MonitoredTrainingSessionOptions options;
    options.master = context.server_target;
    options.is_chief = context.role == ProgramRole::kChief;
    const auto session = MonitoredTrainingSession(context.runtime, graph, options);
    WithSession(*session, [&](MonitoredSession& s) {
      if (options.is_chief) {
        s.Run(take);
        return;
      }
      SleepFor(env, "the time to give", At(40) - env.clock.Now());
      s.Run(give);
      SleepFor(env, "the token to be taken", Duration::Seconds(1));
      const Fetched found = s.Run({begun.value(), taken.value(), tokens});
      *findings = {found[0].scalar<std::int64_t>(), found[1].scalar<std::int64_t>(),
                   found[2].scalar<std::int32_t>()};
    });
    return Status();
  };
  return program;
}

// The reply to the chief's waiting step: the only step under way when the chief died.
Entry ReplyOfLostStep(const Journal& journal, TimePoint death) {
  std::map<std::string, int> open;
  for (const Entry& e : journal.Of(kPs, Point::kStepExecuting)) {
    if (e.time < death) ++open[e.Of("handle")];
  }
  const std::vector<Entry> replies = journal.Of(kPs, Point::kStepReplying);
  for (const Entry& e : replies) {
    if (e.time < death) --open[e.Of("handle")];
  }
  std::erase_if(open, [](const auto& entry) { return entry.second == 0; });
  BOOST_REQUIRE(open.size() == 1U);
  const std::string handle = open.begin()->first;
  const auto reply = std::find_if(replies.begin(), replies.end(), [&](const Entry& e) {
    return e.time >= death && e.Of("handle") == handle;
  });
  BOOST_REQUIRE(reply != replies.end());
  return *reply;
}

void RunLostClient(Rows& rows, const std::string& kind, const std::string& profile) {
  rows.Run(std::string(kServerAndChief) + kWorkerToo +
           fmt::format(R"(
      program {{ name: "token" steps: 1 }}
      profile: "{}"
      faults {{ faults {{ kind: {} node: "chief" trigger {{ at_secs: 20 }} }} }}
      expect {{ ends {{ node: "worker" code: "OK" }} }})",
                       profile, kind));
}

// RF-8, RF-10: nobody closes the session of a client that is gone.
bool Leaked(const Journal& journal, const std::string& handle) {
  const std::vector<Entry> closed = journal.Of(kPs, Point::kMasterSessionClosed);
  return std::none_of(closed.begin(), closed.end(),
                      [&](const Entry& e) { return e.Of("handle") == handle; });
}

BOOST_AUTO_TEST_CASE(t26_the_step_of_a_client_that_died_is_cancelled) {
  Findings findings;
  assets.programs.Add(TokenProgram(&findings));
  for (const std::string profile : {"classic", "retry"}) {
    BOOST_TEST_CONTEXT(profile) {
      findings = {};
      RunLostClient(*this, "CRASH", profile);
      const TimePoint death = journal.LifeOf(kChief, "crashed");
      const Entry reply = ReplyOfLostStep(journal, death);
      BOOST_TEST(reply.code() == "UNAVAILABLE");
      BOOST_TEST((reply.time < death + Duration::Seconds(1)));
      BOOST_TEST(findings.begun == 1);  // what it had applied stays
      BOOST_TEST(findings.taken == 0);
      BOOST_TEST(findings.tokens == 1);
      BOOST_TEST(Leaked(journal, reply.Of("handle")));
    }
  }
}

BOOST_AUTO_TEST_CASE(t26_the_step_of_a_client_that_vanished_completes) {
  Findings findings;
  assets.programs.Add(TokenProgram(&findings));
  for (const std::string profile : {"classic", "retry"}) {
    BOOST_TEST_CONTEXT(profile) {
      findings = {};
      RunLostClient(*this, "POWER_FAIL", profile);
      const Entry reply = ReplyOfLostStep(journal, journal.LifeOf(kChief, "power_failed"));
      BOOST_TEST(reply.code() == "OK");
      BOOST_TEST((reply.time >= At(40) && reply.time < At(41)));
      BOOST_TEST(findings.begun == 1);
      BOOST_TEST(findings.taken == 1);
      BOOST_TEST(findings.tokens == 0);
      BOOST_TEST(Leaked(journal, reply.Of("handle")));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::scenarios
