// Hooks on a global step, and on a counter, that are resource variables.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/checkpoint/bundle_reader.h"
#include "core/session/hooked_session.h"
#include "core/session/training.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";
using Steps = std::vector<std::int64_t>;

// A driven hook on a step graph whose step is the resource variable foo/global_step.
struct ResourceStep {
  ResourceStep() {
    const NameScope foo(graph, "foo");
    global_step = MakeZeroVariable(graph, DataType::kInt64, TensorShape(), "global_step",
                                   {.trainable = false,
                                    .collections = {std::string(GraphKeys::kGlobalVariables),
                                                    std::string(GraphKeys::kGlobalStep)},
                                    .use_resource = true});
    const Output before = GetOrCreateGlobalStepRead(graph);
    const ControlScope after(graph, {before.op});
    step = AssignAdd(global_step, Constant(graph, Tensor::Scalar(std::int64_t{1})));
  }
  void Start(const std::shared_ptr<SessionRunHook>& hook, const std::function<void()>& body) {
    process.Run([&] {
      hook->Begin({process.runtime, graph});
      scaffold->Finalize(process.runtime, graph);
      raw = process.OpenSession(graph);
      raw->Run(scaffold->init_op());
      raw->Run(scaffold->local_init_op());
      layer =
          std::make_unique<HookedSession>(LayerContext{process.runtime}, raw, ListHooks({hook}));
      body();
      hook->End(*raw);
      raw->Close();
    });
  }
  void Run() { ThrowIfError(layer->Run({.fetches = step}).status()); }

  TestProcess process;
  Graph graph;
  Variable global_step;
  Output step;
  std::shared_ptr<Scaffold> scaffold = std::make_shared<Scaffold>();
  std::shared_ptr<Session> raw;
  std::unique_ptr<HookedSession> layer;
};

BOOST_AUTO_TEST_SUITE(resource_step)

BOOST_AUTO_TEST_CASE(hc_h25_the_checkpoint_saver_saves_periodically) {
  ResourceStep f;
  const auto hook = std::make_shared<CheckpointSaverHook>(
      CheckpointSaverHookOptions{.checkpoint_dir = kDir, .save_steps = 2, .scaffold = f.scaffold});
  const auto stored = [&] {
    const std::string prefix = LatestCheckpoint(f.process.env(), kDir).value();
    const auto reader = BundleReader::Open(f.process.env().files, prefix).value();
    return reader->Read("foo/global_step").value().scalar<std::int64_t>();
  };
  f.Start(hook, [&] {
    f.Run();
    for (const std::int64_t expected : {1, 3, 3, 5}) {
      f.Run();
      BOOST_TEST(stored() == expected);
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_h36_the_summary_saver_saves_periodically) {
  ResourceStep f;
  const Variable counter = MakeVariable(f.graph, Tensor::Scalar(0.0F), "evaluations",
                                        {.trainable = false,
                                         .collections = {std::string(GraphKeys::kLocalVariables)},
                                         .use_resource = true});
  const Output evaluated = AssignAdd(counter, Constant(f.graph, Tensor::Scalar(1.0F)));
  const auto writer = std::make_shared<FakeWriter>();
  const auto hook = std::make_shared<SummarySaverHook>(
      SummarySaverHookOptions{.save_steps = 8,
                              .summary_writer = writer,
                              .summary_op = ScalarSummary("my_summary", evaluated)});
  f.Start(hook, [&] {
    for (int i = 0; i < 30; ++i) f.Run();
    BOOST_TEST(f.raw->Run(counter.value()).scalar<float>() == 4.0F);
  });
  BOOST_TEST(writer->summary_steps == (Steps{1, 9, 17, 25}));
}

BOOST_AUTO_TEST_CASE(hk_602_the_tag_of_the_step_counter_is_the_name_of_the_step) {
  ResourceStep f;
  const auto writer = std::make_shared<FakeWriter>();
  const auto hook = std::make_shared<StepCounterHook>(
      StepCounterHookOptions{.every_n_steps = 2, .summary_writer = writer});
  f.Start(hook, [&] {
    for (int i = 0; i < 3; ++i) {
      f.process.Advance(Duration::Seconds(1));
      f.Run();
    }
  });
  BOOST_REQUIRE(writer->scalars.size() == 1U);
  BOOST_TEST(writer->scalars[0].tag == "foo/global_step/sec");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
