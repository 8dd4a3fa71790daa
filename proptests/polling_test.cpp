#include <rapidcheck.h>
#include <rapidcheck/boost_test.h>

#include "core/graph/ops.h"
#include "core/session/session_manager.h"
#include "core/testing/session_fixtures.h"

// Any wait, any limit, any moment at which what is waited for comes: the polls fall on the grid of
// SM-14 and SM-44, exactly, in virtual time.

namespace faultline::proptests {
namespace {

using testing::ErrorOf;
using testing::TestProcess;

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

// The whole range at every size, in milliseconds.
Duration DrawMs(int first, int end) {
  return Duration::Milliseconds(*rc::gen::resize(rc::kNominalSize, rc::gen::inRange(first, end)));
}

RC_BOOST_PROP(sm_14_a_checkpoint_is_looked_for_exactly_on_the_grid, ()) {
  const Duration wait = DrawMs(500, 60'000);
  const Duration limit = DrawMs(0, 600'000);
  const Duration comes = DrawMs(0, 900'000);  // maybe too late
  // The rule itself: planned sleeps are counted, not measured time.
  Duration waited;
  std::int64_t reads = 1;
  while (waited < comes && waited < limit) {
    waited += wait;
    ++reads;
  }
  // Reads and saves cost no time here, so a checkpoint of the very instant of a read is left out.
  RC_PRE(waited != comes && waited + wait != comes);
  const bool found = comes < waited;

  TestProcess process;
  Model model;
  process.Run([&] {
    Env& env = process.env();
    auto saver = std::make_shared<Saver>(process.runtime, model.graph);
    const auto other = env.spawner.Spawn("another process", [&] {
      SleepFor(env, "its work", comes);
      const auto session = process.OpenSession(model.graph);
      session->Run(model.init);
      saver->Save(*session, "/ckpt/model.ckpt");
      session->Close();
    });
    SessionManager manager(process.runtime, model.graph,
                           {.ready_op = model.ready, .recovery_wait = wait});
    const TimePoint start = process.Now();
    const auto session = manager.PrepareSession({.saver = saver,
                                                 .checkpoint_dir = "/ckpt",
                                                 .wait_for_checkpoint = true,
                                                 .max_wait = limit,
                                                 .init_op = model.init});
    RC_ASSERT(process.Now() - start == waited);
    session->Close();
    other->Join({.what = "the other process"});
  });
  RC_ASSERT(process.observer().Count(Point::kStateRead) == reads);
  RC_ASSERT(process.observer().Count(Point::kRestoreDone) == (found ? 1 : 0));
}

RC_BOOST_PROP(sm_44_a_model_is_looked_at_exactly_on_the_grid, ()) {
  const Duration wait = DrawMs(500, 60'000);
  const Duration limit = DrawMs(0, 600'000);
  const Duration cost = DrawMs(0, 3'000);  // of an attempt
  // The rule itself: no attempt is made that could not be followed by a whole wait.
  Duration elapsed = cost;
  std::int64_t attempts = 1;
  while (limit - elapsed >= wait && limit >= elapsed) {
    elapsed += wait + cost;
    ++attempts;
  }

  TestProcess process;
  Model model;
  process.sessions.open_cost = cost;
  process.Run([&] {
    SessionManager manager(process.runtime, model.graph,
                           {.ready_op = model.ready, .recovery_wait = wait});
    const TimePoint start = process.Now();
    const Status error = ErrorOf([&] { manager.WaitForSession("", {}, limit); });
    RC_ASSERT(error.code() == Code::kDeadlineExceeded);
    RC_ASSERT(process.Now() - start == elapsed);
  });
  RC_ASSERT(process.sessions.opened == attempts);
  RC_ASSERT(process.sessions.open_now == 0);
}

}  // namespace
}  // namespace faultline::proptests
