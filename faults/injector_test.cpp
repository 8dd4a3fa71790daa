#include "faults/injector.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/text_format.h>
#include <boost/test/unit_test.hpp>

#include "faults/fault_plan.h"

namespace faultline::faults {
namespace {

// A message that carries one text.
struct Note final : Message {
  explicit Note(std::string t) : text(std::move(t)) {}
  std::string_view kind() const override { return "Note"; }
  std::uint64_t byte_size() const override { return text.size(); }
  std::uint64_t digest() const override { return text.size(); }
  std::string Serialize() const override { return text; }
  static Result<std::unique_ptr<Message>> Decode(std::string_view bytes) {
    return std::unique_ptr<Message>(std::make_unique<Note>(std::string(bytes)));
  }
  std::string text;
};

// A session that counts what reached it.
struct Reached {
  int opens = 0;
  int runs = 0;
  int closes = 0;
};
class CountingSession final : public Session {
 public:
  CountingSession(Graph& graph, Reached& reached) : graph_(graph), reached_(reached) {}
  Graph& graph() const override { return graph_; }
  const std::string& target() const override { return target_; }
  std::uint64_t id() const override { return 1; }
  Result<Fetched> TryRun(const RunRequest&) override {
    ++reached_.runs;
    return nothing_;
  }
  Status TryClose() override {
    ++reached_.closes;
    closed_ = true;
    return Status();
  }
  bool closed() const override { return closed_; }

 private:
  Graph& graph_;
  Reached& reached_;
  const std::string target_;
  const Fetched nothing_;
  bool closed_ = false;
};
class CountingFactory final : public SessionFactory {
 public:
  explicit CountingFactory(Reached& reached) : reached_(reached) {}
  Result<std::unique_ptr<Session>> Open(const std::string&, Graph& graph,
                                        const SessionConfig&) override {
    ++reached_.opens;
    return std::unique_ptr<Session>(std::make_unique<CountingSession>(graph, reached_));
  }

 private:
  Reached& reached_;
};

// Two nodes, "a" that does what a case says and "b" that answers notes, under one plan.
class Bench {
 public:
  explicit Bench(const std::string& plan) {
    BOOST_REQUIRE(google::protobuf::TextFormat::ParseFromString(plan, &plan_));
    const Status valid = ValidatePlan(plan_, {"a", "b"});
    BOOST_REQUIRE_MESSAGE(valid.ok(), valid.ToString());
    a_ = &simulator_.AddNode(Named("a"));
    b_ = &simulator_.AddNode(Named("b"));
    injector_ = std::make_unique<Injector>(plan_, simulator_);
    simulator_.SetInterposer(injector_.get());
  }

  // Runs `body` as the program of "a" to the end. A copy of it runs again if "a" is restarted.
  sim::RunResult Run(std::function<void(Env&)> body) {
    b_->Start([](Env& env) {
      CallMethod method{&Note::Decode, &Note::Decode,
                        [](const CallContext&, std::unique_ptr<Message> request)
                            -> Result<std::unique_ptr<Message>> { return request; }};
      static_cast<void>(env.transport.Serve("b:1", "Echo", std::move(method)));
      SleepFor(env, "the end", Duration::Seconds(1000));
    });
    injector_->Arm();
    a_->SetMain(std::move(body));
    simulator_.At(TimePoint() + injector_->StartDelayOf(*a_), [this] {
      a_->Restart();
      injector_->NodeStarted(*a_);
    });
    return simulator_.Run();
  }

  // The only activation that there is.
  const Activation& Only() const {
    BOOST_REQUIRE(injector_->activations().size() == 1U);
    BOOST_TEST(injector_->FindNotFired().empty());
    return injector_->activations()[0];
  }

  sim::Simulator simulator_{{}};
  v1::FaultPlan plan_;
  sim::Node* a_ = nullptr;
  sim::Node* b_ = nullptr;
  std::unique_ptr<Injector> injector_;

 private:
  static sim::NodeOptions Named(std::string name) {
    sim::NodeOptions options;
    options.name = std::move(name);
    return options;
  }
};

// Ten steps of a second each.
void TenSteps(Env& env) {
  for (std::int64_t step = 1; step <= 10; ++step) {
    SleepFor(env, "a step", Duration::Seconds(1));
    env.observer.Announce(Point::kProgress, {{"step", step}});
  }
}

Result<std::unique_ptr<Message>> Echo(Env& env, Duration limit) {
  CallOptions options;
  options.deadline = env.clock.Now() + limit;
  return env.transport.Call("b:1", "Echo", std::make_unique<Note>("hello"), options);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(injector)

BOOST_AUTO_TEST_CASE(a_crash_by_time_kills_the_process) {
  Bench bench(R"(faults { kind: CRASH node: "a" trigger { at_secs: 2.5 } })");
  int deaths = 0;
  bench.injector_->OnDeath([&](sim::Node& node) {
    BOOST_TEST(node.name() == "a");
    BOOST_TEST(!node.running());
    ++deaths;
  });
  bench.Run(TenSteps);
  BOOST_TEST(deaths == 1);
  BOOST_TEST(bench.a_->exits().size() == 1U);
  BOOST_TEST(bench.Only().time.seconds() == 2.5);
  BOOST_TEST(bench.Only().effect == "incarnation 1 died");
}

BOOST_AUTO_TEST_CASE(a_crash_strikes_at_a_step_a_point_and_a_turn) {
  for (const std::string trigger :
       {"at_step: 4", R"(at_point { point: "Progress" field: "step" value: "4" })",
        R"(at_point { point: "Progress" occurrence: 4 })"}) {
    Bench bench(R"(faults { kind: CRASH node: "a" trigger { )" + trigger + " } }");
    bench.Run(TenSteps);
    BOOST_TEST(bench.Only().time.seconds() == 4.0);
  }
  Bench bench(R"(faults { kind: CRASH node: "a" trigger { at_turn: 3 } })");
  bench.Run(TenSteps);
  BOOST_TEST(bench.Only().time.seconds() == 2.0);
  BOOST_TEST(bench.a_->turns() == 3U);
}

BOOST_AUTO_TEST_CASE(a_power_failure_loses_what_was_not_synced) {
  Bench bench(R"(faults { kind: POWER_FAIL node: "a" unsynced: LOSE_ALL trigger { at_secs: 5 } })");
  bench.Run([](Env& env) {
    BOOST_TEST(WriteFile(env.files, "/lost", "12345").ok());
    SleepFor(env, "the end", Duration::Seconds(10));
  });
  BOOST_TEST(
      bench.Only().effect ==
      "incarnation 1 lost its power; 1 unsynced entries lost, 0 changed, 0 back, 5 bytes fewer");
  BOOST_TEST(!bench.a_->disk().Get("/lost").ok());
}

BOOST_AUTO_TEST_CASE(a_restart_starts_the_node_again) {
  Bench bench(R"(faults { kind: RESTART node: "a" delay_secs: 3 trigger { at_secs: 2.5 } })");
  bench.Run(TenSteps);
  BOOST_TEST(bench.a_->incarnation() == 2U);
  BOOST_TEST(bench.Only().effect == "incarnation 1 died; incarnation 2 started");
}

BOOST_AUTO_TEST_CASE(a_pause_stands_still_and_goes_on) {
  Bench bench(R"(faults { kind: PAUSE node: "a" duration_secs: 30 trigger { at_secs: 2.5 } })");
  double ended = 0;
  bench.Run([&](Env& env) {
    TenSteps(env);
    ended = env.clock.Now().seconds();
  });
  // The third step is late by the pause, those after it take their second each.
  BOOST_TEST(ended == 39.5);
  BOOST_TEST(bench.Only().effect == "stood still for 30 s");
}

BOOST_AUTO_TEST_CASE(a_slow_down_makes_computing_slower_for_a_while) {
  Bench bench(
      R"(faults { kind: SLOW_DOWN node: "a" factor: 4 duration_secs: 3
                  trigger { at_secs: 0.5 } })");
  std::vector<double> ends;
  bench.Run([&](Env& env) {
    for (int i = 0; i < 3; ++i) {
      env.spawner.Compute(1'000'000'000);
      ends.push_back(env.clock.Now().seconds());
    }
  });
  BOOST_REQUIRE(ends.size() == 3U);
  BOOST_TEST(ends[1] - ends[0] > 1.9);
  BOOST_TEST(bench.Only().effect == "works 4 times slower");
  BOOST_TEST(bench.a_->slow_down().numerator == bench.a_->slow_down().denominator);
}

BOOST_AUTO_TEST_CASE(a_late_start_starts_late) {
  Bench bench(R"(faults { kind: LATE_START node: "a" delay_secs: 20 })");
  double started = 0;
  bench.Run([&](Env& env) { started = env.clock.Now().seconds(); });
  BOOST_TEST(started == 20.0);
  BOOST_TEST(bench.Only().effect == "first started at 20.000 s");
}

BOOST_AUTO_TEST_CASE(all_codes_come_out_of_a_call_before_or_after_its_effect) {
  for (int number = 1; number < kCanonicalCodes; ++number) {
    const Code code = static_cast<Code>(number);
    for (const std::string effect : {"BEFORE", "AFTER"}) {
      Bench bench(R"(faults { kind: ERROR node: "a" call: UPDATE code: ")" +
                  std::string(CodeName(code)) + R"(" effect: )" + effect +
                  " times: 2 trigger { at_call: 2 } }");
      Reached reached;
      std::vector<Status> answers;
      bench.Run([&](Env&) {
        CountingFactory inner(reached);
        FaultySessionFactory factory(inner, bench.injector_->StrikerOf(*bench.a_));
        Graph graph;
        auto opened = factory.Open("", graph, {});
        RunRequest request;
        request.context.cause = Cause::kSave;
        BOOST_TEST((*opened)->TryRun(request).ok());
        request.context.cause = Cause::kUpdate;
        for (int i = 0; i < 4; ++i) answers.push_back((*opened)->TryRun(request).status());
        BOOST_TEST((*opened)->TryClose().ok());
      });
      BOOST_REQUIRE(answers.size() == 4U);
      BOOST_TEST(answers[0].ok());
      BOOST_TEST((answers[1].code() == code));
      BOOST_TEST((answers[2].code() == code));
      BOOST_TEST(answers[3].ok());
      BOOST_TEST(answers[1].message().find("inject") == std::string::npos);
      BOOST_TEST(reached.runs == (effect == "AFTER" ? 5 : 3));
      BOOST_TEST(bench.injector_->activations().size() == 2U);
    }
  }
}

BOOST_AUTO_TEST_CASE(opening_and_closing_fail_on_demand) {
  Bench bench(R"(
    faults { kind: ERROR node: "a" call: OPEN code: "UNAVAILABLE" trigger { at_call: 1 } }
    faults { kind: ERROR node: "a" call: CLOSE code: "ABORTED" effect: AFTER
             trigger { at_call: 1 } })");
  Reached reached;
  bench.Run([&](Env&) {
    CountingFactory inner(reached);
    FaultySessionFactory factory(inner, bench.injector_->StrikerOf(*bench.a_));
    Graph graph;
    BOOST_TEST((factory.Open("", graph, {}).status().code() == Code::kUnavailable));
    auto opened = factory.Open("", graph, {});
    BOOST_REQUIRE(opened.ok());
    BOOST_TEST(((*opened)->TryClose().code() == Code::kAborted));
    BOOST_TEST((*opened)->closed());
  });
  BOOST_TEST(reached.opens == 1);
  BOOST_TEST(reached.closes == 1);
  BOOST_TEST(bench.injector_->FindNotFired().empty());
}

BOOST_AUTO_TEST_CASE(a_broken_connection_is_noticed_by_the_next_call) {
  Bench bench(R"(faults { kind: BREAK_CONNECTION node: "a" peer: "b" trigger { at_secs: 2 } })");
  bench.Run([](Env& env) {
    BOOST_TEST(Echo(env, Duration::Seconds(1)).ok());
    SleepFor(env, "the fault", Duration::Seconds(5));
    BOOST_TEST(IsTransportError(Echo(env, Duration::Seconds(1)).status()));
    BOOST_TEST(Echo(env, Duration::Seconds(1)).ok());
  });
  BOOST_TEST(bench.Only().effect == "1 connections broke");
}

BOOST_AUTO_TEST_CASE(a_break_without_a_connection_did_not_fire) {
  Bench bench(R"(faults { kind: BREAK_CONNECTION node: "a" peer: "b" trigger { at_secs: 2 } })");
  bench.Run(TenSteps);
  BOOST_TEST(bench.injector_->activations().empty());
  BOOST_REQUIRE(bench.injector_->FindNotFired().size() == 1U);
  BOOST_TEST(bench.injector_->FindNotFired()[0].why == "no connection was open");
}

BOOST_AUTO_TEST_CASE(a_partition_holds_messages_until_it_heals) {
  Bench bench(
      R"(faults { kind: PARTITION node: "a" peer: "b" duration_secs: 30 trigger { at_secs: 2 } })");
  double answered = 0;
  bench.Run([&](Env& env) {
    BOOST_TEST(Echo(env, Duration::Seconds(1)).ok());
    SleepFor(env, "the fault", Duration::Seconds(5));
    BOOST_TEST(Echo(env, Duration::Seconds(100)).ok());
    answered = env.clock.Now().seconds();
  });
  BOOST_TEST(answered >= 32.0);
  BOOST_TEST(bench.Only().effect == "messages to 1 peers stand still");
}

BOOST_AUTO_TEST_CASE(a_storage_error_strikes_the_call_that_matches) {
  Bench bench(R"(faults {
    kind: STORAGE_ERROR node: "a" file_call: CREATE path: "/x*" code: "RESOURCE_EXHAUSTED"
    trigger { at_call: 2 } })");
  std::vector<Status> answers;
  bench.Run([&](Env& env) {
    for (const std::string path : {"/x1", "/y", "/x2", "/x3"}) {
      answers.push_back(WriteFile(env.files, path, "text"));
    }
  });
  BOOST_REQUIRE(answers.size() == 4U);
  BOOST_TEST(answers[0].ok());
  BOOST_TEST(answers[1].ok());
  BOOST_TEST((answers[2].code() == Code::kResourceExhausted));
  BOOST_TEST(answers[2].message() == "/x2; No space left on device");
  BOOST_TEST(answers[3].ok());
  BOOST_TEST(bench.Only().effect == "Create of /x2 returned RESOURCE_EXHAUSTED");
}

BOOST_AUTO_TEST_CASE(a_torn_write_keeps_a_part_and_the_power_fails) {
  Bench bench(R"(faults {
    kind: TORN_SAVE node: "a" path: "/torn" unsynced: KEEP_ALL trigger { at_call: 1 } })");
  bench.Run([](Env& env) {
    BOOST_TEST(WriteFile(env.files, "/torn", std::string(1000, 'x')).ok());
    BOOST_ERROR("the process is dead");
  });
  const Result<std::string> left = bench.a_->disk().Get("/torn");
  BOOST_REQUIRE(left.ok());
  BOOST_TEST(left->size() < 1000U);
  BOOST_TEST(bench.a_->exits().size() == 1U);
  BOOST_TEST(bench.Only().effect.find(" of 1000 bytes of a write to /torn were kept") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_fault_after_the_end_did_not_fire) {
  Bench bench(R"(
    faults { kind: CRASH node: "a" trigger { at_secs: 100 } }
    faults { kind: CRASH node: "a" trigger { at_step: 11 } })");
  bench.Run(TenSteps);
  const std::vector<NotFired> missing = bench.injector_->FindNotFired();
  BOOST_REQUIRE(missing.size() == 2U);
  BOOST_TEST(missing[0].why == "the process was not running");
  BOOST_TEST(missing[1].why == "its trigger never came");
}

BOOST_AUTO_TEST_CASE(faults_at_one_moment_all_strike_and_the_death_comes_last) {
  Bench bench(R"(
    faults { kind: CRASH node: "a" trigger { at_step: 4 } }
    faults { kind: PARTITION node: "a" peer: "b" duration_secs: 1 trigger { at_step: 4 } })");
  bench.Run(TenSteps);
  BOOST_TEST(bench.injector_->activations().size() == 2U);
  BOOST_TEST(bench.injector_->FindNotFired().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::faults
