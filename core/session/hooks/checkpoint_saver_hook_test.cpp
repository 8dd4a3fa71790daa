#include "core/session/hooks/checkpoint_saver_hook.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/training.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";

class CountingListener : public CheckpointSaverListener {
 public:
  void Begin() override { ++begins; }
  void BeforeSave(Session&, std::int64_t) override { ++befores; }
  bool AfterSave(Session&, std::int64_t) override {
    ++afters;
    return stop;
  }
  void End(Session&, std::int64_t step) override {
    ++ends;
    end_step = step;
  }
  std::vector<int> Counts() const { return {begins, befores, afters, ends}; }

  bool stop = false;
  int begins = 0, befores = 0, afters = 0, ends = 0;
  std::int64_t end_step = -1;
};

using Options = CheckpointSaverHookOptions;

// A driven saver hook on `kDir`, with the default scaffold of the step graph unless told otherwise.
struct Saving {
  explicit Saving(Options options, std::int64_t increment = 1, bool with_scaffold = true)
      : f(nullptr, increment) {
    options.checkpoint_dir = kDir;
    if (with_scaffold) options.scaffold = f.scaffold;
    f.hook = std::make_shared<CheckpointSaverHook>(options);
  }
  void Step() { f.Run(f.model->step); }
  // The step in the checkpoint that the state file names, read by a session of its own.
  std::int64_t Stored() {
    const std::string path = LatestCheckpoint(f.process.env(), kDir).value();
    const auto session = f.process.OpenSession(f.graph);
    f.scaffold->saver()->Restore(*session, path);
    const std::int64_t step = session->Run(f.model->read).scalar<std::int64_t>();
    session->Close();
    return step;
  }
  void Wait(int milliseconds) { f.process.Advance(Duration::Milliseconds(milliseconds)); }

  DrivenHook f;
};

BOOST_AUTO_TEST_SUITE(checkpoint_saver_hook)

BOOST_AUTO_TEST_CASE(hc_h12_saves_when_saver_and_scaffold_are_both_missing) {
  Saving s({.save_steps = 1}, 1, false);
  s.f.Start([&] {
    s.Step();
    BOOST_TEST(s.Stored() == 1);
  });
}

BOOST_AUTO_TEST_CASE(hc_h13_both_saver_and_scaffold) {
  TestProcess process;
  Graph graph;
  StepModel model(graph);
  const auto saver = std::make_shared<Saver>(process.runtime, graph);
  const auto scaffold = std::make_shared<Scaffold>();
  const Status error = ErrorOf(
      [&] { CheckpointSaverHook({.checkpoint_dir = kDir, .saver = saver, .scaffold = scaffold}); });
  BOOST_TEST(error.code() == Code::kValueError);
  // Looked at before the missing period (HK-401).
  BOOST_TEST(error.message().find("both saver and scaffold") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hc_h14_both_secs_and_steps) {
  BOOST_CHECK_THROW(
      CheckpointSaverHook(
          {.checkpoint_dir = kDir, .save_secs = Duration::Seconds(10), .save_steps = 20}),
      ValueError);
}

BOOST_AUTO_TEST_CASE(hc_h15_neither_secs_nor_steps) {
  BOOST_CHECK_THROW(CheckpointSaverHook({.checkpoint_dir = kDir}), ValueError);
}

BOOST_AUTO_TEST_CASE(hc_h16_save_secs_saves_in_the_first_step) {
  Saving s({.save_secs = Duration::Seconds(2)});
  s.f.Start([&] {
    s.Step();
    BOOST_TEST(s.Stored() == 1);
  });
}

BOOST_AUTO_TEST_CASE(hc_h17_save_secs_calls_listeners) {
  const auto listener = std::make_shared<CountingListener>();
  Saving s({.save_secs = Duration::Seconds(2), .listeners = {listener}});
  s.f.Start([&] {
    s.Step();
    s.Step();
    s.f.End();
  });
  BOOST_TEST(listener->Counts() == (std::vector<int>{1, 2, 2, 1}));
  BOOST_TEST(listener->end_step == 2);
}

// A monitored session with a saver hook at each step and the given listeners.
struct Monitored {
  explicit Monitored(std::vector<std::shared_ptr<CheckpointSaverListener>> listeners)
      : model(graph) {
    process.Run([&] {
      auto scaffold = std::make_shared<Scaffold>();
      auto hook = std::make_shared<CheckpointSaverHook>(Options{.checkpoint_dir = kDir,
                                                                .save_steps = 1,
                                                                .scaffold = scaffold,
                                                                .listeners = std::move(listeners)});
      session = std::make_unique<MonitoredSession>(
          process.runtime, graph,
          MonitoredSessionOptions{
              .session_creator = std::make_unique<ChiefSessionCreator>(
                  process.runtime, graph,
                  ChiefSessionCreatorOptions{.scaffold = scaffold, .checkpoint_dir = kDir}),
              .hooks = {hook}});
    });
  }
  TestProcess process;
  Graph graph;
  StepModel model;
  std::unique_ptr<MonitoredSession> session;
};

BOOST_AUTO_TEST_CASE(hc_h18_listener_with_a_monitored_session) {
  const auto listener = std::make_shared<CountingListener>();
  Monitored m({listener});
  m.process.Run([&] {
    for (int i = 0; i < 2; ++i) m.session->Run(m.model.step);
    m.session->Close();
  });
  BOOST_TEST(listener->end_step == 2);
  BOOST_TEST(listener->Counts() == (std::vector<int>{1, 3, 3, 1}));
}

BOOST_AUTO_TEST_CASE(hc_x13_a_stop_wish_counts_for_periodic_saves_only) {
  const auto first = std::make_shared<CountingListener>();
  const auto second = std::make_shared<CountingListener>();
  first->stop = true;
  Monitored m({first, second});
  m.process.Run([&] {
    BOOST_TEST(first->afters == 1);  // at the creation
    BOOST_TEST(!m.session->ShouldStop());
    m.session->Run(m.model.step);
    BOOST_TEST(m.session->ShouldStop());
    BOOST_TEST(second->afters == 2);
    m.session->Close();
  });
}

BOOST_AUTO_TEST_CASE(hk_409_an_error_of_a_listener_keeps_the_save_from_being_made) {
  struct Thrower : CheckpointSaverListener {
    void BeforeSave(Session&, std::int64_t step) override {
      if (step > 0) throw InternalError("listener");
    }
  };
  const auto later = std::make_shared<CountingListener>();
  Monitored m({std::make_shared<Thrower>(), later});
  m.process.Run([&] {
    BOOST_CHECK_THROW(m.session->Run(m.model.step), InternalError);
    BOOST_TEST(later->befores == 1);
    BOOST_TEST(LatestCheckpoint(m.process.env(), kDir).value() == kDir + "/model.ckpt-0");
    m.session->Close();  // HK-413: the timer counts the step as saved
    BOOST_TEST(LatestCheckpoint(m.process.env(), kDir).value() == kDir + "/model.ckpt-0");
  });
}

BOOST_AUTO_TEST_CASE(hc_h19_save_secs_saves_periodically) {
  Saving s({.save_secs = Duration::Seconds(2)});
  s.f.process.fake.SetWall(TimePoint::FromNanoseconds(1484695987209386000));
  s.f.Start([&] {
    s.Step();
    BOOST_TEST(s.Stored() == 1);
    s.Wait(500);
    s.Step();
    BOOST_TEST(s.Stored() == 1);
    s.Wait(2000);
    s.Step();
    BOOST_TEST(s.Stored() == 3);
    s.Wait(100);
    s.Step();
    s.Wait(100);
    s.Step();
    BOOST_TEST(s.Stored() == 3);
    s.Wait(7300);
    s.Step();
    BOOST_TEST(s.Stored() == 6);
  });
}

BOOST_AUTO_TEST_CASE(hc_h20_save_steps_saves_in_the_first_step) {
  Saving s({.save_steps = 2});
  s.f.Start([&] {
    s.Step();
    BOOST_TEST(s.Stored() == 1);
  });
}

BOOST_AUTO_TEST_CASE(hc_h21_save_steps_saves_periodically) {
  Saving s({.save_steps = 2});
  s.f.Start([&] {
    s.Step();
    for (const std::int64_t stored : {1, 3, 3, 5}) {
      s.Step();
      BOOST_TEST(s.Stored() == stored);
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_h22_save_saves_at_the_end) {
  Saving s({.save_secs = Duration::Seconds(2)});
  s.f.Start([&] {
    s.Step();
    s.Step();
    BOOST_TEST(s.Stored() == 1);
    s.f.End();
    BOOST_TEST(s.Stored() == 2);
  });
}

BOOST_AUTO_TEST_CASE(hc_h23_several_steps_per_run_save_in_the_first_run) {
  Saving s({.save_steps = 10, .steps_per_run = 5}, 5);
  s.f.Start([&] {
    s.Step();
    BOOST_TEST(s.Stored() == 5);
  });
}

BOOST_AUTO_TEST_CASE(hc_h24_several_steps_per_run_save_at_the_end) {
  Saving s({.save_steps = 10, .steps_per_run = 5}, 5);
  s.f.Start([&] {
    s.Step();
    s.Step();
    s.f.End();
    BOOST_TEST(s.Stored() == 10);
  });
}

BOOST_AUTO_TEST_CASE(hk_411_with_a_save_at_the_creation) {
  Saving s({.save_steps = 3});
  s.f.Start([&] {
    s.f.AfterCreate();
    BOOST_TEST(s.Stored() == 0);
    for (const std::int64_t stored : {0, 0, 3, 3, 3, 6}) {
      s.Step();
      BOOST_TEST(s.Stored() == stored);
    }
  });
  BOOST_TEST(s.f.process.fake.files().Exists(kDir + "/graph.pbtxt"));  // HK-405
  BOOST_TEST(s.f.process.fake.files().Exists(kDir + "/model.ckpt-6.meta"));
}

BOOST_AUTO_TEST_CASE(hk_414_after_a_roll_back_saves_resume_from_the_restored_step) {
  Saving s({.save_steps = 3});
  s.f.Start([&] {
    s.f.AfterCreate();
    for (int i = 0; i < 5; ++i) s.Step();
    BOOST_TEST(s.Stored() == 3);
    s.f.SetStep(1);
    s.f.AfterCreate();
    BOOST_TEST(s.Stored() == 1);
    for (const std::int64_t stored : {1, 1, 4}) {
      s.Step();
      BOOST_TEST(s.Stored() == stored);
    }
  });
}

BOOST_AUTO_TEST_CASE(hk_404_without_saver_and_scaffold_the_collection_must_hold_one) {
  for (const bool several : {false, true}) {
    TestProcess process;
    Graph graph;
    StepModel model(graph);
    process.Run([&] {
      CheckpointSaverHook hook({.checkpoint_dir = kDir, .save_steps = 1});
      hook.Begin({process.runtime, graph});
      for (int i = 0; several && i < 2; ++i) {
        graph.AddToCollection(GraphKeys::kSavers, std::make_shared<Saver>(process.runtime, graph));
      }
      const auto session = process.OpenSession(graph);
      session->Run(model.global_step.initializer);
      Coordinator coordinator(process.env());
      BOOST_CHECK_THROW(hook.AfterCreateSession(*session, coordinator), RuntimeError);
      session->Close();
    });
  }
}

BOOST_AUTO_TEST_CASE(hk_407_listeners_in_order_around_the_save) {
  struct Noting : CheckpointSaverListener {
    void Note(const std::string& what) {
      const auto latest = LatestCheckpoint(*env, kDir);
      lines->push_back(label + what + (latest.ok() && !latest->empty() ? " saved" : ""));
    }
    void BeforeSave(Session&, std::int64_t) override { Note(" before"); }
    bool AfterSave(Session&, std::int64_t) override {
      Note(" after");
      return false;
    }
    std::string label;
    Env* env = nullptr;
    std::vector<std::string>* lines = nullptr;
  };
  const auto a = std::make_shared<Noting>();
  const auto b = std::make_shared<Noting>();
  Saving s({.save_steps = 1, .listeners = {a, b}});
  std::vector<std::string> lines;
  for (const auto& listener : {a, b}) {
    listener->label = listener == a ? "a" : "b";
    listener->env = &s.f.process.env();
    listener->lines = &lines;
  }
  s.f.Start([&] { s.Step(); });
  BOOST_TEST(lines ==
             (std::vector<std::string>{"a before", "b before", "a after saved", "b after saved"}));
  BOOST_TEST(s.f.process.fake.logger().Count("Saving checkpoints for 1 into /ckpt/model.ckpt") ==
             1);
}

BOOST_AUTO_TEST_CASE(hk_401_the_basename_is_that_of_the_files) {
  Saving s({.save_steps = 1, .checkpoint_basename = "other"});
  s.f.Start([&] { s.Step(); });
  BOOST_TEST(s.f.process.fake.files().Exists(kDir + "/other-1.index"));
}

BOOST_AUTO_TEST_CASE(hk_416_without_graph_def_no_graph_files_are_written) {
  Saving s({.save_steps = 1, .save_graph_def = false});
  s.f.Start([&] {
    s.f.AfterCreate();
    s.Step();
  });
  BOOST_TEST(s.f.process.fake.files().Exists(kDir + "/model.ckpt-1.index"));
  BOOST_TEST(!s.f.process.fake.files().Exists(kDir + "/model.ckpt-1.meta"));
  BOOST_TEST(!s.f.process.fake.files().Exists(kDir + "/graph.pbtxt"));
}

#ifdef FL_MUTANTS
BOOST_AUTO_TEST_CASE(the_mutant_silent_listener_hides_the_end_of_saves) {
  const auto listener = std::make_shared<CountingListener>();
  Saving s({.save_steps = 1, .listeners = {listener}});
  s.f.process.runtime.semantics.mutant_silent_listener = true;
  s.f.Start([&] {
    s.Step();
    s.f.End();
  });
  BOOST_TEST(listener->Counts() == (std::vector<int>{1, 1, 0, 1}));
}

BOOST_AUTO_TEST_CASE(the_mutant_save_off_the_timer_saves_too_early) {
  Saving s({.save_steps = 3});
  s.f.process.runtime.semantics.mutant_save_off_the_timer = true;
  s.f.Start([&] {
    s.f.AfterCreate();
    s.Step();
    BOOST_TEST(s.Stored() == 1);  // not before 3 without it
  });
}

BOOST_AUTO_TEST_CASE(the_mutant_no_save_at_end_loses_the_last_steps) {
  Saving s({.save_steps = 3});
  s.f.process.runtime.semantics.mutant_no_save_at_end = true;
  s.f.Start([&] {
    s.Step();
    s.Step();
    s.f.End();
    BOOST_TEST(s.Stored() == 1);
  });
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
