// What the switches unreadable_is_not_absent and fall_back_to_complete change.

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/session_manager.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";

// A chief with checkpoints of v = 1, 2, 3 in its directory.
struct Fixture {
  explicit Fixture(Semantics semantics) : process(semantics) {
    v = MakeVariable(graph, Tensor::Of<float>({0}), "v");
    set = Placeholder(graph, DataType::kFloat, PartialShape({1}));
    const Output assign = Assign(v, set);
    init = v.initializer;
    ready = ReportUninitializedVariables(graph);
    process.Run([&] {
      saver = std::make_shared<Saver>(process.runtime, graph);
      const auto session = process.OpenSession(graph);
      for (int step = 1; step <= 3; ++step) {
        session->Run(assign, {{set, Tensor::Of<float>({static_cast<float>(step)})}});
        saver->Save(*session, kDir + "/model.ckpt", {.global_step = step});
      }
      session->Close();
    });
  }

  // Prepares as a chief does; the value of v, or -1 with `error`.
  float Prepare() {
    float value = -1;
    process.Run([&] {
      SessionManager manager(process.runtime, graph, {.ready_op = ready});
      std::unique_ptr<Session> session;
      error = ErrorOf([&] {
        session = manager.PrepareSession({.saver = saver, .checkpoint_dir = kDir, .init_op = init});
      });
      if (!session) return;
      value = session->Run(v.value()).tensor().flat<float>()[0];
      session->Close();
    });
    BOOST_TEST(process.sessions.open_now == 0);
    return value;
  }

  void Damage(const std::string& name) {
    const std::string path = kDir + "/" + name;
    std::string bytes = process.fake.files().Content(path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
    process.fake.files().Put(path, bytes);
  }
  void Remove(const std::string& name) {
    process.Run([&] { BOOST_TEST(process.env().files.Remove(kDir + "/" + name).ok()); });
  }

  TestProcess process;
  Graph graph;
  Variable v;
  Output set;
  Operation* init = nullptr;
  Output ready;
  std::shared_ptr<Saver> saver;
  Status error;
};

BOOST_AUTO_TEST_SUITE(session_manager_fallback)

BOOST_AUTO_TEST_CASE(both_semantics_restore_the_newest_of_an_intact_list) {
  BOOST_TEST(Fixture(Semantics::Tf()).Prepare() == 3);
  BOOST_TEST(Fixture(Semantics::Strict()).Prepare() == 3);
}

BOOST_AUTO_TEST_CASE(tf_fails_on_a_missing_checkpoint) {
  Fixture fixture(Semantics::Tf());
  fixture.Remove("model.ckpt-3.index");
  BOOST_TEST(fixture.Prepare() == -1);
  BOOST_TEST(fixture.error.code() == Code::kValueError);
  BOOST_TEST(fixture.process.observer().Count(Point::kInitStart) == 0);
}

BOOST_AUTO_TEST_CASE(strict_restores_the_newest_complete_one) {
  Fixture fixture(Semantics::Strict());
  fixture.Remove("model.ckpt-3.index");
  BOOST_TEST(fixture.Prepare() == 2);
  BOOST_TEST(fixture.saver->last_checkpoints() ==
             (std::vector<std::string>{kDir + "/model.ckpt-1", kDir + "/model.ckpt-2"}));
  fixture.Damage("model.ckpt-2.data-00000-of-00001");
  BOOST_TEST(fixture.Prepare() == 1);
  BOOST_TEST(fixture.process.observer().Count(Point::kInitStart) == 0);
}

BOOST_AUTO_TEST_CASE(strict_never_initialises_over_a_state_without_a_complete_checkpoint) {
  Fixture fixture(Semantics::Strict());
  for (const char* step : {"1", "2", "3"}) {
    fixture.Remove(std::string("model.ckpt-") + step + ".index");
  }
  BOOST_TEST(fixture.Prepare() == -1);
  BOOST_TEST(!fixture.error.ok());
  BOOST_TEST(fixture.process.observer().Count(Point::kInitStart) == 0);
}

BOOST_AUTO_TEST_CASE(strict_does_not_take_an_error_that_may_pass_for_damage) {
  Fixture fixture(Semantics::Strict());
  fixture.process.fake.files().Fail({.op = FileOp::kOpen,
                                     .path = kDir + "/model.ckpt-3.index",
                                     .status = Status(Code::kUnavailable, "the store is away"),
                                     .times = 100});
  BOOST_TEST(fixture.Prepare() == -1);
  BOOST_TEST(fixture.error.code() == Code::kUnavailable);
}

BOOST_AUTO_TEST_CASE(an_unreadable_state_counts_as_absent_under_tf_only) {
  for (const bool strict : {false, true}) {
    Fixture fixture(strict ? Semantics::Strict() : Semantics::Tf());
    fixture.process.fake.files().Put(kDir + "/checkpoint", "model_checkpoint_path: \"mod");
    const float value = fixture.Prepare();
    BOOST_TEST(value == (strict ? -1 : 0));  // TF initialises over the progress
    BOOST_TEST(fixture.error.ok() == !strict);
    BOOST_TEST(fixture.process.observer().Count(Point::kInitStart) == (strict ? 0 : 1));
  }
}

#ifdef FL_MUTANTS
BOOST_AUTO_TEST_CASE(the_mutant_init_after_restore_runs_the_init_op) {
  Semantics semantics;
  semantics.mutant_init_after_restore = true;
  Fixture fixture(semantics);
  BOOST_TEST(fixture.Prepare() == 0);
  BOOST_TEST(fixture.process.observer().Count(Point::kInitStart) == 1);
}

BOOST_AUTO_TEST_CASE(the_mutant_poll_off_the_grid_sleeps_too_long) {
  Semantics semantics;
  semantics.mutant_poll_off_the_grid = true;
  Fixture fixture(semantics);
  fixture.process.Run([&] {
    SessionManager manager(fixture.process.runtime, fixture.graph, {.ready_op = fixture.ready});
    const TimePoint start = fixture.process.Now();
    const Status error = ErrorOf([&] { manager.WaitForSession("", {}, Duration::Seconds(60)); });
    BOOST_TEST(error.code() == Code::kDeadlineExceeded);
    BOOST_TEST((fixture.process.Now() - start) == Duration::Seconds(31));
  });
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
