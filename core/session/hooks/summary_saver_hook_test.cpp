#include "core/session/hooks/summary_saver_hook.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/driven_hook.h"

namespace faultline::testing {
namespace {

using Steps = std::vector<std::int64_t>;

BOOST_AUTO_TEST_SUITE(summary_saver_hook)

struct Summed {
  explicit Summed(SummarySaverHookOptions options)
      : writer(std::make_shared<FakeWriter>()), f(nullptr) {
    const Variable counter = MakeLocalVariable(f.graph, Tensor::Scalar(0.0F), "evaluations");
    const Output evaluated = AssignAdd(counter, Constant(f.graph, Tensor::Scalar(1.0F)));
    evaluations = counter.value();
    options.summary_writer = writer;
    options.summary_op = ScalarSummary("my_summary", evaluated);
    f.hook = std::make_shared<SummarySaverHook>(options);
  }
  std::shared_ptr<FakeWriter> writer;
  DrivenHook f;
  Output evaluations;
};

// What the constructor may be given; the graph outlives the tensor.
struct Arguments {
  Graph graph;
  Output op = Constant(graph, Tensor::Scalar("summary"));
  std::shared_ptr<FakeWriter> writer = std::make_shared<FakeWriter>();
  std::shared_ptr<Scaffold> scaffold = std::make_shared<Scaffold>();
  // With neither, the rule of scaffold and summary_op fires first.
  std::vector<Fetch> ops{Fetch(), Fetch(op)};
};

BOOST_AUTO_TEST_CASE(hc_h30_scaffold_and_summary_op_are_both_missing) {
  BOOST_CHECK_THROW(SummarySaverHook({.save_steps = 10}), ValueError);
  const Status error = ErrorOf([] { SummarySaverHook(SummarySaverHookOptions{}); });
  BOOST_TEST(error.message().find("scaffold or summary_op") != std::string::npos);  // HK-501
}

BOOST_AUTO_TEST_CASE(hc_h31_scaffold_and_summary_op_are_both_present) {
  Arguments a;
  BOOST_CHECK_THROW(
      SummarySaverHook({.save_steps = 10, .scaffold = a.scaffold, .summary_op = a.op}), ValueError);
}

BOOST_AUTO_TEST_CASE(hc_h32_both_secs_and_steps) {
  Arguments a;
  for (const Fetch& op : a.ops) {
    BOOST_CHECK_THROW(SummarySaverHook({.save_steps = 20,
                                        .save_secs = Duration::Seconds(10),
                                        .summary_writer = a.writer,
                                        .summary_op = op}),
                      ValueError);
  }
}

BOOST_AUTO_TEST_CASE(hc_h33_neither_secs_nor_steps) {
  Arguments a;
  for (const Fetch& op : a.ops) {
    BOOST_CHECK_THROW(SummarySaverHook({.summary_writer = a.writer, .summary_op = op}), ValueError);
  }
}

BOOST_AUTO_TEST_CASE(hc_h34_save_steps) {
  Summed s({.save_steps = 8});
  s.f.Start([&] {
    for (int i = 0; i < 30; ++i) s.f.Run(s.f.model->step);
    s.f.End();
    BOOST_TEST(s.f.raw->Run(s.evaluations).scalar<float>() == 4.0F);
  });
  BOOST_TEST(s.writer->summary_steps == (Steps{1, 9, 17, 25}));
  BOOST_TEST(s.writer->logs.size() == 1U);
  BOOST_TEST((s.writer->logs.at(0).status == SessionLogStatus::kStart));
  BOOST_TEST(s.writer->logs.at(0).step.value() == 1);
  BOOST_TEST(s.writer->flushes == 1);
}

BOOST_AUTO_TEST_CASE(hc_h35_save_secs_once_every_step) {
  Summed s({.save_secs = Duration::Milliseconds(500)});
  s.f.Start([&] {
    for (int i = 0; i < 4; ++i) {
      s.f.Run(s.f.model->step);
      s.f.process.Advance(Duration::Milliseconds(500));
    }
    s.f.End();
  });
  BOOST_TEST(s.writer->summary_steps == (Steps{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(hk_507_save_secs_with_two_runs_each) {
  Summed s({.save_secs = Duration::Seconds(5)});
  s.f.Start([&] {
    for (int i = 0; i < 5; ++i) {
      s.f.Run(s.f.model->step);
      s.f.process.Advance(Duration::Milliseconds(2500));
    }
  });
  BOOST_TEST(s.writer->summary_steps == (Steps{1, 3, 5}));
}

BOOST_AUTO_TEST_CASE(hk_504_without_a_writer_each_run_asks_for_summaries) {
  DrivenHook f(nullptr);
  const Variable counter = MakeLocalVariable(f.graph, Tensor::Scalar(0.0F), "evaluations");
  const Output evaluated = AssignAdd(counter, Constant(f.graph, Tensor::Scalar(1.0F)));
  f.hook = std::make_shared<SummarySaverHook>(SummarySaverHookOptions{
      .save_steps = 100, .summary_op = ScalarSummary("my_summary", evaluated)});
  f.Start([&] {
    for (int i = 0; i < 3; ++i) f.Run(f.model->step);
    f.End();
    BOOST_TEST(f.raw->Run(counter.value()).scalar<float>() == 3.0F);
  });
}

BOOST_AUTO_TEST_CASE(hk_504_a_list_is_written_in_its_order) {
  const auto writer = std::make_shared<FakeWriter>();
  DrivenHook f(nullptr);
  const Output a = Constant(f.graph, Tensor::Scalar(std::string("a")));
  const Output b = Constant(f.graph, Tensor::Scalar(std::string("b")));
  f.hook = std::make_shared<SummarySaverHook>(SummarySaverHookOptions{
      .save_steps = 1, .summary_writer = writer, .summary_op = Fetch{b, a}});
  f.Start([&] { f.Run(f.model->step); });
  BOOST_TEST(writer->summaries == (std::vector<std::string>{"b", "a"}));
  BOOST_TEST(writer->summary_steps == (Steps{1, 1}));
}

BOOST_AUTO_TEST_CASE(hk_503_the_scaffold_is_asked_at_each_request) {
  const auto writer = std::make_shared<FakeWriter>();
  DrivenHook f(nullptr);
  ScalarSummary("s", Constant(f.graph, Tensor::Scalar(1.0F)));  // before the scaffold is final
  f.hook = std::make_shared<SummarySaverHook>(
      SummarySaverHookOptions{.save_steps = 1, .summary_writer = writer, .scaffold = f.scaffold});
  f.Start([&] {
    for (int i = 0; i < 2; ++i) f.Run(f.model->step);
  });
  BOOST_TEST(writer->summary_steps == (Steps{1, 2}));
}

#ifdef FL_MUTANTS
BOOST_AUTO_TEST_CASE(the_mutant_start_after_summaries_turns_the_order_round) {
  // Notes the order of what it is given.
  class OrderedWriter final : public EventsWriter {
   public:
    void AddSummary(std::string_view, std::optional<std::int64_t>) override { order += "s"; }
    void AddScalar(const std::string&, float, std::int64_t) override {}
    void AddGraphDef(std::string_view, std::optional<std::int64_t>) override {}
    void AddMetaGraphDef(std::string_view, std::optional<std::int64_t>) override {}
    void AddSessionLog(SessionLogStatus, const std::string&, std::optional<std::int64_t>) override {
      order += "START";
    }
    Status AddRunMetadata(const std::string&, std::string_view,
                          std::optional<std::int64_t>) override {
      return Status();
    }
    Status Flush() override { return Status(); }
    Status Close() override { return Status(); }
    std::string order;
  };
  for (const bool mutant : {false, true}) {
    const auto writer = std::make_shared<OrderedWriter>();
    DrivenHook f(nullptr);
    f.process.runtime.semantics.mutant_start_after_summaries = mutant;
    f.hook = std::make_shared<SummarySaverHook>(SummarySaverHookOptions{
        .save_steps = 1,
        .summary_writer = writer,
        .summary_op = ScalarSummary("s", Constant(f.graph, Tensor::Scalar(1.0F)))});
    f.Start([&] {
      for (int i = 0; i < 2; ++i) f.Run(f.model->step);
    });
    BOOST_TEST(writer->order == (mutant ? "sSTARTs" : "STARTss"));
  }
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
