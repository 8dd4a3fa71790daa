// The polling tables SM-15 and SM-45, in virtual time.

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/session_manager.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

struct CheckpointRow {
  double recovery_wait, max_wait;
  bool wait;
  int reads, sleeps;
  double spent;
};

constexpr CheckpointRow kCheckpointRows[] = {
    {30, 7200, false, 1, 0, 0},       {30, 0, true, 1, 0, 0},   {30, 2, true, 2, 1, 30},
    {30, 30, true, 2, 1, 30},         {30, 31, true, 3, 2, 60}, {7, 60, true, 10, 9, 63},
    {30, 7200, true, 241, 240, 7200},
};

struct ReadyRow {
  double recovery_wait, max_wait, cost;
  int attempts;
  double raised_at;
  const char* shown;
};

constexpr ReadyRow kReadyRows[] = {
    {1, 3, 0, 4, 3, "3 secs"},
    {1, 2.5, 0, 3, 2, "2 secs"},
    {30, 3, 0, 1, 0, "3 secs"},
    {30, 29.9, 0, 1, 0, "29 secs"},
    {30, 30, 0, 2, 30, "30 secs"},
    {7, 60, 0, 9, 56, "60 secs"},
    {30, 1800, 0, 61, 1800, "1800 secs"},
    {30, 7200, 0, 241, 7200, "7200 secs"},
    {1, 3, 0.6, 2, 2.2, "3 secs"},
    {1, 3, 0.25, 3, 2.75, "3 secs"},
    {30, 100, 5, 3, 75, "100 secs"},
    {30, 0, 0, 1, 0, "0 secs"},
};

// A graph with a variable that nobody initialises.
struct Model {
  Model() {
    MakeVariable(graph, Tensor::Of<float>({1}), "v");
    ready = ReportUninitializedVariables(graph);
    init = VariablesInitializer(graph, graph.GetVariables(GraphKeys::kGlobalVariables));
  }
  Graph graph;
  Output ready;
  Operation* init = nullptr;
};

BOOST_AUTO_TEST_SUITE(session_manager_polling)

BOOST_AUTO_TEST_CASE(sm_15_waiting_for_a_checkpoint_that_never_appears) {
  for (const CheckpointRow& row : kCheckpointRows) {
    BOOST_TEST_CONTEXT(row.recovery_wait << " s of " << row.max_wait << " s, wait " << row.wait) {
      TestProcess process;
      Model model;
      process.Run([&] {
        auto saver = std::make_shared<Saver>(process.runtime, model.graph);
        SessionManager manager(
            process.runtime, model.graph,
            {.ready_op = model.ready, .recovery_wait = Duration::FromSeconds(row.recovery_wait)});
        const TimePoint start = process.Now();
        const auto session =
            manager.PrepareSession({.saver = saver,
                                    .checkpoint_dir = "/none",
                                    .wait_for_checkpoint = row.wait,
                                    .max_wait = Duration::FromSeconds(row.max_wait),
                                    .init_op = model.init});
        BOOST_TEST((process.Now() - start) == Duration::FromSeconds(row.spent));
        session->Close();
      });
      BOOST_TEST(process.observer().Count(Point::kStateRead) == row.reads);
      BOOST_TEST(process.observer().Count(Point::kWaitForCheckpoint) == row.sleeps);
      BOOST_TEST(process.sessions.opened == 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(sm_14_a_state_that_appears_during_a_sleep_is_used_at_the_next_read) {
  TestProcess process;
  Model model;
  process.Run([&] {
    Env& env = process.env();
    auto saver = std::make_shared<Saver>(process.runtime, model.graph);
    env.spawner.Spawn("another process", [&] {
      SleepFor(env, "its work", Duration::Seconds(65));
      const auto session = process.OpenSession(model.graph);
      session->Run(model.init);
      saver->Save(*session, "/ckpt/model.ckpt");
      session->Close();
    });
    SessionManager manager(process.runtime, model.graph, {.ready_op = model.ready});
    const TimePoint start = process.Now();
    const auto session = manager.PrepareSession(
        {.saver = saver, .checkpoint_dir = "/ckpt", .wait_for_checkpoint = true});
    BOOST_TEST((process.Now() - start) == Duration::Seconds(90));
    session->Close();
  });
  BOOST_TEST(process.observer().Count(Point::kRestoreDone) == 1);
}

BOOST_AUTO_TEST_CASE(sm_45_waiting_for_a_model_that_is_never_ready) {
  for (const ReadyRow& row : kReadyRows) {
    BOOST_TEST_CONTEXT(row.recovery_wait << " s of " << row.max_wait << " s at " << row.cost) {
      TestProcess process;
      Model model;
      process.sessions.open_cost = Duration::FromSeconds(row.cost);
      process.Run([&] {
        SessionManager manager(
            process.runtime, model.graph,
            {.ready_op = model.ready, .recovery_wait = Duration::FromSeconds(row.recovery_wait)});
        const TimePoint start = process.Now();
        const Status error =
            ErrorOf([&] { manager.WaitForSession("", {}, Duration::FromSeconds(row.max_wait)); });
        BOOST_TEST(error.code() == Code::kDeadlineExceeded);
        BOOST_TEST(error.message().find(std::string(" ") + row.shown) != std::string::npos);
        BOOST_TEST((process.Now() - start) == Duration::FromSeconds(row.raised_at));
      });
      BOOST_TEST(process.sessions.opened == row.attempts);
      BOOST_TEST(process.sessions.open_now == 0);
      BOOST_TEST(process.sessions.most_open == 1);
      BOOST_TEST(process.observer().Of(Point::kWaitEnd).at(0).number("attempts") == row.attempts);
      BOOST_TEST(process.observer().Count(Point::kWaitForReady) == row.attempts - 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(sm_41_each_wait_has_a_countdown_of_its_own) {
  TestProcess process;
  Model model;
  process.Run([&] {
    SessionManager manager(process.runtime, model.graph, {.ready_op = model.ready});
    for (int i = 0; i < 2; ++i) {
      const TimePoint start = process.Now();
      const Status error = ErrorOf([&] { manager.WaitForSession("", {}, Duration::Seconds(60)); });
      BOOST_TEST(error.code() == Code::kDeadlineExceeded);
      BOOST_TEST((process.Now() - start) == Duration::Seconds(60));
    }
  });
  BOOST_TEST(process.sessions.opened == 6);
}

BOOST_AUTO_TEST_CASE(tr_10_a_worker_against_a_slow_chief) {
  TestProcess process;
  Model model;
  std::vector<double> opened_at;
  process.observer().strike = [&](const RecordingObserver::Announcement& announcement) {
    if (announcement.point == Point::kWaitForReady) {
      opened_at.push_back(SecondsSince(process, TimePoint()));
      BOOST_TEST(process.sessions.open_now == 0);
    }
  };
  process.Run([&] {
    Env& env = process.env();
    process.sessions.StartServer(model.graph);
    env.spawner.Spawn("chief", [&] {
      SleepFor(env, "its work", Duration::Seconds(65));
      auto chief = process.local.Open("", model.graph, {}).value();
      auto server = process.sessions.Open("server", model.graph, {}).value();
      server->Run(model.init);
      server->Close();
      chief->Close();
    });
    SessionManager manager(process.runtime, model.graph, {.ready_op = model.ready});
    const auto session = manager.WaitForSession("server");
    BOOST_TEST(SecondsSince(process, TimePoint()) == 90);
    session->Close();
  });
  BOOST_TEST(opened_at == (std::vector<double>{0, 30, 60}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
