// A user's own hook, written from session_run_hook.h alone.

#include <memory>

#include <boost/test/unit_test.hpp>

#include "core/session/session_run_hook.h"
#include "core/session/training.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

// Stops training once the loss has been below a limit for `patience` runs in a row.
class StopWhenGoodHook : public SessionRunHook {
 public:
  StopWhenGoodHook(Output loss, float limit, int patience)
      : loss_(loss), limit_(limit), patience_(patience) {}
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext&) override {
    return SessionRunArgs::Fetching(loss_);
  }
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override {
    good_ = values.results.scalar<float>() < limit_ ? good_ + 1 : 0;
    if (good_ >= patience_) context.request_stop();
  }

 private:
  Output loss_;
  float limit_;
  int patience_;
  int good_ = 0;
};

BOOST_AUTO_TEST_SUITE(own_hook)

BOOST_AUTO_TEST_CASE(a_hook_of_a_dozen_lines_stops_training) {
  TestProcess process;
  Graph graph;
  StepModel model(graph);
  const Output loss =
      Sub(Constant(graph, Tensor::Scalar(10.0F)), Cast(model.step, DataType::kFloat), "loss");
  int runs = 0;
  process.Run([&] {
    MonitoredTrainingSessionOptions options;
    options.hooks = {std::make_shared<StopWhenGoodHook>(loss, 5.0F, 3)};
    const auto session = MonitoredTrainingSession(process.runtime, graph, options);
    WithSession(*session, [&](MonitoredSession& s) {
      for (; !s.ShouldStop(); ++runs) s.Run(model.step);
    });
  });
  BOOST_TEST(runs == 8);  // the loss is 4, 3, 2 after the steps 6, 7, 8
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
