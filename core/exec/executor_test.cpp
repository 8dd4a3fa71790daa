#include "core/exec/executor.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/global_step.h"
#include "core/graph/op_def.h"
#include "core/graph/ops.h"
#include "core/testing/session_world.h"

namespace faultline {
namespace {

using testing::SessionWorld;

struct World : SessionWorld {
  Output Float(float value, const std::string& name = "Const") {
    return Constant(graph, Tensor::Scalar(value), name);
  }
  Variable FloatVariable(float value, const std::string& name) {
    return MakeVariable(graph, Tensor::Scalar(value), name);
  }
  std::vector<testing::RecordingObserver::Announcement> Writes() {
    return fake.observer().Of(Point::kVariableWrite);
  }
};

// What a step does that adds to two variables, with a global step.
struct TwoUpdates : World {
  Variable a = FloatVariable(1, "a");
  Variable b = FloatVariable(2, "b");
  Variable step = CreateGlobalStep(graph);
  Output add_a = AssignAdd(a, Float(10));
  Output add_b = AssignAdd(b, Float(20));
  Operation* train = [this] {
    const ControlScope after(graph, {add_a.op, add_b.op});
    return AssignAdd(step, Constant(graph, Tensor::Scalar<std::int64_t>(1)), "count").op;
  }();
  Operation* init = VariablesInitializer(graph, {a, b, step});
};

}  // namespace

BOOST_AUTO_TEST_SUITE(executor)

BOOST_FIXTURE_TEST_CASE(every_op_of_the_table_but_those_of_checkpoints_has_a_kernel, World) {
  std::vector<std::string> missing;
  for (const OpDef* def : AllOpDefs()) {
    if (!kernels.Has(def->name)) missing.emplace_back(def->name);
  }
  const std::vector<std::string> expected{"MergeV2Checkpoints", "RestoreV2", "SaveV2",
                                          "ShardedFilename"};
  BOOST_TEST(missing == expected, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(an_op_without_kernel_is_named, World) {
  Operation* op =
      Op("ShardedFilename", "shard",
         {Constant(graph, Tensor::Scalar("x")), Constant(graph, Tensor::Scalar<std::int32_t>(0)),
          Constant(graph, Tensor::Scalar<std::int32_t>(1))});
  Run([&] {
    const auto session = Open();
    const Status status = ErrorOf(*session, op);
    BOOST_TEST(status.code() == Code::kUnimplemented);
    BOOST_TEST(status.node() == "shard");
  });
}

BOOST_FIXTURE_TEST_CASE(er_10_an_uninitialized_variable_names_itself_and_its_reader, World) {
  const Variable v = FloatVariable(1, "layer/weights");
  const Output sum = Add(v.handle, Float(1), "sum");
  Run([&] {
    const auto session = Open();
    Status status = ErrorOf(*session, sum);
    BOOST_TEST(status.code() == Code::kFailedPrecondition);
    BOOST_TEST(status.message() == "Attempting to use uninitialized value layer/weights");
    BOOST_TEST(status.node() == "sum");
    status = ErrorOf(*session, v.handle);
    BOOST_TEST(status.message() == "Attempting to use uninitialized value layer/weights");
    BOOST_TEST(ErrorOf(*session, AssignAdd(v, Float(1))).code() == Code::kFailedPrecondition);
    BOOST_TEST(!session->Run(IsVariableInitialized(v)).scalar<bool>());
    session->Run(v.initializer);
    BOOST_TEST(session->Run(IsVariableInitialized(v)).scalar<bool>());
  });
}

BOOST_FIXTURE_TEST_CASE(se_19_effects_before_the_first_error_stay_and_nothing_starts_after_it,
                        World) {
  const Variable v = FloatVariable(0, "v");
  const Output before = AssignAdd(v, Float(1), "before");
  const Output p = Placeholder(graph, DataType::kFloat, PartialShape({}), "p");
  const Output after = AssignAdd(v, Float(100), "after");
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    const Status status = ErrorOf(*session, {before, p, after});
    BOOST_TEST(status.code() == Code::kInvalidArgument);
    BOOST_TEST(status.node() == "p");
    BOOST_TEST(status.message() ==
               "You must feed a value for placeholder tensor 'p' with dtype float and shape []");
    BOOST_TEST(session->Run(v.value()).scalar<float>() == 1);
  });
}

BOOST_FIXTURE_TEST_CASE(ready_operations_run_in_order_of_creation, World) {
  const Output c = Float(1, "c");
  Operation* second = NoOp(graph, "second");
  const Output first = Identity(c, "late_but_ready");
  RunOptions options;
  options.trace_level = TraceLevel::kFullTrace;
  Run([&] {
    const auto session = Open();
    RunMetadata metadata;
    session->Run({first, second}, {}, &options, &metadata);
    std::vector<std::string> order;
    for (const NodeStats& stats : metadata.node_stats) order.push_back(stats.node);
    const std::vector<std::string> expected{"c", "second", "late_but_ready"};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
  });
}

BOOST_FIXTURE_TEST_CASE(a_blocked_dequeue_does_not_hold_up_the_rest_of_the_step, World) {
  const Queue queue = FifoQueue(graph, 3, {DataType::kFloat}, "input");
  const Output out = Dequeue(queue, "take")[0];
  const Variable v = FloatVariable(0, "v");
  const Output add = AssignAdd(v, Float(1));
  const Output sum = Add(add, out, "sum");
  Operation* put = Enqueue(queue, {Float(41)});
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    float got = 0;
    const auto task = env().spawner.Spawn("step", [&] { got = session->Run(sum).scalar<float>(); });
    fake.Advance(Duration::Seconds(1));
    BOOST_TEST(!task->finished());
    BOOST_TEST(session->Run(v.value()).scalar<float>() == 1);
    session->Run(put);
    task->Join({.what = "step"});
    BOOST_TEST(got == 42);
  });
}

BOOST_FIXTURE_TEST_CASE(a_stuck_step_tells_what_it_waits_for, World) {
  const Output out = Dequeue(FifoQueue(graph, 3, {DataType::kFloat}, "input"), "take")[0];
  std::string text;
  try {
    Run([&] { Open()->Run(out); });
  } catch (const testing::TestStuck& stuck) {
    text = stuck.what();
  }
  BOOST_TEST(text.find("step of session 1: QueueDequeueV2 take") != std::string::npos, text);
}

BOOST_FIXTURE_TEST_CASE(rf_36_an_error_cancels_what_waits_in_the_same_step, World) {
  const Queue queue = FifoQueue(graph, 1, {DataType::kFloat});
  const Output out = Dequeue(queue)[0];
  const Output bad = Placeholder(graph, DataType::kFloat, PartialShape(), "bad");
  Run([&] {
    const auto session = Open();
    const Status status = ErrorOf(*session, {out, bad});
    BOOST_TEST(status.code() == Code::kInvalidArgument);
    BOOST_TEST(status.node() == "bad");
    session->Run(Enqueue(queue, {Float(3)}));
    BOOST_TEST(session->Run(out).scalar<float>() == 3);
  });
}

BOOST_FIXTURE_TEST_CASE(queue_operations_end_as_the_queue_says, World) {
  const Queue queue = FifoQueue(graph, 1, {DataType::kFloat}, "q");
  const Output out = Dequeue(queue)[0];
  Operation* put = Enqueue(queue, {Float(1)});
  Operation* close = CloseQueue(queue);
  const Output size = QueueSize(queue);
  Run([&] {
    const auto session = Open();
    session->Run(put);
    BOOST_TEST(session->Run(size).scalar<std::int32_t>() == 1);
    session->Run(close);
    BOOST_TEST(ErrorOf(*session, put).code() == Code::kCancelled);
    BOOST_TEST(ErrorOf(*session, close).code() == Code::kCancelled);
    BOOST_TEST(session->Run(out).scalar<float>() == 1);
    BOOST_TEST(ErrorOf(*session, out).code() == Code::kOutOfRange);
  });
}

// ---- dead tensors ----

struct Branches : World {
  Output pred = Placeholder(graph, DataType::kBool, PartialShape({}), "pred");
  Variable count = FloatVariable(0, "count");
  Operation* split = Op("Switch", "split", {Float(5), pred});
  Output no = Add(split->output(0), Float(1), "no");
  Output yes = [this] {
    const Output value = Add(split->output(1), Float(2), "yes");
    const ControlScope after(graph, {value.op});
    AssignAdd(count, Float(1), "count_yes");
    return value;
  }();
  Operation* join = Op("Merge", "join", {no, yes});
  Fetched Take(Session& session, const Fetch& fetch, bool value) {
    return session.Run(fetch, {{pred, Tensor::Scalar(value)}});
  }
};

BOOST_FIXTURE_TEST_CASE(merge_takes_the_living_branch, Branches) {
  Run([&] {
    const auto session = Open();
    const Fetched no_branch = Take(*session, {join->output(0), join->output(1)}, false);
    BOOST_TEST(no_branch[0].scalar<float>() == 6);
    BOOST_TEST(no_branch[1].scalar<std::int32_t>() == 0);
    const Fetched yes_branch = Take(*session, {join->output(0), join->output(1)}, true);
    BOOST_TEST(yes_branch[0].scalar<float>() == 7);
    BOOST_TEST(yes_branch[1].scalar<std::int32_t>() == 1);
  });
}

BOOST_FIXTURE_TEST_CASE(what_depends_on_a_dead_operation_does_not_run, Branches) {
  Operation* count_yes = graph.FindOperation("count_yes");
  Run([&] {
    const auto session = Open();
    session->Run(count.initializer);
    Take(*session, Fetch::List{count_yes}, false);
    BOOST_TEST(session->Run(count.value()).scalar<float>() == 0);
    Take(*session, Fetch::List{count_yes}, true);
    BOOST_TEST(session->Run(count.value()).scalar<float>() == 1);
  });
}

BOOST_FIXTURE_TEST_CASE(a_dead_tensor_cannot_be_fetched, Branches) {
  Run([&] {
    const auto session = Open();
    const Status status = ErrorOf(*session, yes, {{pred, Tensor::Scalar(false)}});
    BOOST_TEST(status.code() == Code::kInvalidArgument);
    BOOST_TEST(status.message() == "Retval[0] does not have value");
  });
}

BOOST_FIXTURE_TEST_CASE(a_merge_of_dead_tensors_is_dead, Branches) {
  Operation* inner = Op("Merge", "inner", {yes, Identity(split->output(1))});
  Operation* outer = Op("Merge", "outer", {inner->output(0), no});
  Run([&] {
    const auto session = Open();
    BOOST_TEST(Take(*session, outer->output(0), false).scalar<float>() == 6);
  });
}

// ---- variables ----

BOOST_FIXTURE_TEST_CASE(se_22_running_an_initializer_again_overwrites, World) {
  const Variable v = FloatVariable(3, "v");
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    session->Run(AssignAdd(v, Float(1)));
    session->Run(v.initializer);
    BOOST_TEST(session->Run(v.value()).scalar<float>() == 3);
  });
}

BOOST_FIXTURE_TEST_CASE(se_23_an_initial_value_that_reads_another_variable_is_guarded, World) {
  const Variable base = FloatVariable(5, "base");
  const Variable twice = MakeVariable(graph, Mul(base.value(), Float(2)), "twice");
  Run([&] {
    const auto session = Open();
    // The other has no value: its own initial value counts, and it stays without value.
    session->Run(twice.initializer);
    BOOST_TEST(session->Run(twice.value()).scalar<float>() == 10);
    BOOST_TEST(!session->Run(IsVariableInitialized(base)).scalar<bool>());
    session->Run(base.initializer);
    session->Run(Assign(base, Float(7)));
    session->Run(twice.initializer);
    BOOST_TEST(session->Run(twice.value()).scalar<float>() == 14);
  });
}

BOOST_FIXTURE_TEST_CASE(se_24_the_report_lists_what_has_no_value, World) {
  const Variable a = FloatVariable(1, "a");
  const Variable b = FloatVariable(1, "b");
  const Variable local = MakeLocalVariable(graph, Tensor::Scalar<float>(1), "c");
  const Output report = ReportUninitializedVariables(graph);
  const auto names = [&](Session& session) {
    const Tensor got = session.Run(report).tensor();
    return std::vector<std::string>(got.flat<std::string>().begin(), got.flat<std::string>().end());
  };
  Run([&] {
    const auto session = Open();
    BOOST_TEST((names(*session) == std::vector<std::string>{"a", "b", "c"}));
    session->Run(b.initializer);
    BOOST_TEST((names(*session) == std::vector<std::string>{"a", "c"}));
    session->Run({a.initializer, local.initializer});
    BOOST_TEST(names(*session).empty());
  });
}

BOOST_FIXTURE_TEST_CASE(se_26_the_assert_op_fails_while_a_variable_has_no_value, World) {
  const Variable a = FloatVariable(1, "a");
  const Output check = AssertVariablesInitialized(graph);
  Run([&] {
    const auto session = Open();
    BOOST_TEST(ErrorOf(*session, check).code() == Code::kFailedPrecondition);
    session->Run(a.initializer);
    BOOST_TEST(ErrorOf(*session, check).ok());
  });
}

BOOST_FIXTURE_TEST_CASE(a_fetched_value_does_not_change_with_its_variable, World) {
  const Variable v = MakeVariable(graph, Tensor::Of<float>({1, 2}), "v");
  const Output add = AssignAdd(v, Constant(graph, Tensor::Of<float>({1, 1})));
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    const Tensor before = session->Run(v.handle).tensor();
    session->Run(add);
    BOOST_TEST(before.flat<float>()[0] == 1);
    BOOST_TEST(v.initial_value.op->attr<Tensor>("value").flat<float>()[0] == 1);
  });
}

BOOST_FIXTURE_TEST_CASE(writes_are_announced_before_they_happen_with_their_context, TwoUpdates) {
  fake.observer().wants_digests = true;
  Run([&] {
    const auto session = Open();
    session->Run(init);
    fake.observer().Clear();
    std::vector<float> seen;
    fake.observer().strike = [&](const testing::RecordingObserver::Announcement& announced) {
      if (announced.point != Point::kVariableWrite) return;
      auto strike = std::exchange(fake.observer().strike, nullptr);
      seen.push_back(session->Run(a.value()).scalar<float>());
      fake.observer().strike = strike;
    };
    RunRequest request;
    request.fetches = train;
    request.context = {.cause = Cause::kUpdate, .user_run_id = 6, .attempt = 3};
    BOOST_TEST(session->TryRun(request).ok());
    fake.observer().strike = nullptr;
    const std::vector<float> expected_seen{1, 11, 11};
    BOOST_TEST(seen == expected_seen, boost::test_tools::per_element());
    const auto writes = Writes();
    BOOST_REQUIRE(writes.size() == 3U);
    BOOST_TEST(writes[0].text("variable") == "a");
    BOOST_TEST(writes[1].text("variable") == "b");
    BOOST_TEST(writes[2].text("variable") == "global_step");
    BOOST_TEST(writes[0].text("store") == "session 1");
    BOOST_TEST(writes[0].text("cause") == "update");
    BOOST_TEST(writes[0].number("session") == 1);
    BOOST_TEST(writes[0].number("run") == 6);
    BOOST_TEST(writes[0].number("attempt") == 3);
    BOOST_TEST(writes[0].number("version") == 2);
    BOOST_TEST(writes[0].number("digest") ==
               static_cast<std::int64_t>(Tensor::Scalar<float>(11).Digest()));
    const auto steps = fake.observer().Of(Point::kGlobalStepWrite);
    BOOST_REQUIRE(steps.size() == 1U);
    BOOST_TEST(steps[0].number("step") == 1);
    BOOST_TEST(steps[0].number("run") == 6);
  });
}

BOOST_FIXTURE_TEST_CASE(the_global_step_is_announced_without_digests_too, TwoUpdates) {
  Run([&] {
    const auto session = Open();
    session->Run(init);
    session->Run(train);
    session->Run(train);
    const auto steps = fake.observer().Of(Point::kGlobalStepWrite);
    BOOST_REQUIRE(steps.size() == 3U);
    BOOST_TEST(steps[0].number("step") == 0);
    BOOST_TEST(steps[2].number("step") == 2);
    BOOST_TEST(Writes().back().number("digest") == 0);
  });
}

BOOST_FIXTURE_TEST_CASE(other_fibers_run_between_two_updates_of_a_step, TwoUpdates) {
  Run([&] {
    const auto session = Open();
    session->Run(init);
    int turns = 0;
    bool stop = false;
    const auto other = env().spawner.Spawn("other", [&] {
      for (; !stop; ++turns) env().spawner.Yield();
    });
    std::vector<int> turns_at_write;
    fake.observer().strike = [&](const testing::RecordingObserver::Announcement& announced) {
      if (announced.point == Point::kVariableWrite) turns_at_write.push_back(turns);
    };
    session->Run(train);
    stop = true;
    other->Join({.what = "other"});
    BOOST_REQUIRE(turns_at_write.size() == 3U);
    BOOST_TEST(turns_at_write[0] < turns_at_write[1]);
    BOOST_TEST(turns_at_write[1] < turns_at_write[2]);
  });
}

BOOST_FIXTURE_TEST_CASE(concurrent_runs_lose_no_update, World) {
  const Variable v = FloatVariable(0, "v");
  const Output add = AssignAdd(v, Float(1));
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    // A write that suspends where another run may overtake it.
    fake.observer().strike = [&](const testing::RecordingObserver::Announcement& announced) {
      if (announced.point == Point::kVariableWrite) env().spawner.Yield();
    };
    for (const bool digests : {false, true}) {
      fake.observer().wants_digests = digests;
      std::vector<std::shared_ptr<Task>> tasks;
      for (int i = 0; i < 2; ++i) {
        tasks.push_back(env().spawner.Spawn("adder", [&] {
          for (int k = 0; k < 10; ++k) session->Run(add);
        }));
      }
      for (const auto& task : tasks) task->Join({.what = "adder"});
    }
    fake.observer().strike = nullptr;
    BOOST_TEST(session->Run(v.value()).scalar<float>() == 40);
    BOOST_TEST(Writes().back().number("version") == 41);
  });
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_step_writes_no_more, TwoUpdates) {
  Run([&] {
    const auto session = Open();
    session->Run(init);
    RunOptions options;
    options.timeout_ms = 10;
    fake.observer().strike = [&](const testing::RecordingObserver::Announcement& announced) {
      if (announced.point == Point::kVariableWrite) fake.Advance(Duration::Seconds(1));
    };
    BOOST_TEST(ErrorOf(*session, train, {}, &options).code() == Code::kDeadlineExceeded);
    fake.observer().strike = nullptr;
    const Fetched got = session->Run({a.value(), b.value(), step.value()});
    BOOST_TEST(got[0].scalar<float>() == 11);
    BOOST_TEST(got[1].scalar<float>() == 2);
    BOOST_TEST(got[2].scalar<std::int64_t>() == 0);
  });
}

BOOST_FIXTURE_TEST_CASE(assign_refuses_another_shape, World) {
  const Variable v = MakeVariable(graph, Tensor::Of<float>({1, 2}), "v");
  const Output p = Placeholder(graph, DataType::kFloat, PartialShape(), "p");
  const Output assign = Assign(v, p, "set");
  Run([&] {
    const auto session = Open();
    const Status status = ErrorOf(*session, assign, {{p, Tensor::Of<float>({1, 2, 3})}});
    BOOST_TEST(status.code() == Code::kInvalidArgument);
    BOOST_TEST(status.message() ==
               "Assign requires shapes of both tensors to match. lhs shape= [2] rhs shape= [3]");
    BOOST_TEST(status.node() == "set");
    BOOST_TEST(Writes().empty());
  });
}

BOOST_FIXTURE_TEST_CASE(count_up_to_ends_at_its_limit, World) {
  const Variable v = MakeVariable(graph, Tensor::Scalar<std::int64_t>(0), "v");
  const Output count = CountUpTo(v, 2);
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    BOOST_TEST(session->Run(count).scalar<std::int64_t>() == 0);
    BOOST_TEST(session->Run(count).scalar<std::int64_t>() == 1);
    const Status status = ErrorOf(*session, count);
    BOOST_TEST(status.code() == Code::kOutOfRange);
    BOOST_TEST(status.message() == "Reached limit of 2");
    BOOST_TEST(Writes().size() == 3U);
  });
}

BOOST_FIXTURE_TEST_CASE(se_5_after_a_reset_variables_have_no_value_again, World) {
  const Variable v = FloatVariable(1, "v");
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    ResourceManager& store = static_cast<DirectSession&>(*session).resources();
    BOOST_REQUIRE(store.List().size() == 1U);
    BOOST_TEST(store.List()[0].kind == "variable");
    BOOST_TEST(store.List()[0].name == "v");
    const std::vector<std::string> other{"other"};
    store.Clear(other);
    BOOST_TEST(session->Run(v.value()).scalar<float>() == 1);
    store.Clear();
    BOOST_TEST(ErrorOf(*session, v.value()).code() == Code::kFailedPrecondition);
    session->Run(v.initializer);
    BOOST_TEST(session->Run(v.value()).scalar<float>() == 1);
  });
}

BOOST_FIXTURE_TEST_CASE(a_fed_reference_cannot_be_written, World) {
  const Variable v = FloatVariable(1, "v");
  const Output add = AssignAdd(v, Float(1), "add");
  const Output sum = Add(v.handle, Float(1));
  Run([&] {
    const auto session = Open();
    const FeedDict feeds{{v.handle, Tensor::Scalar<float>(5)}};
    BOOST_TEST(session->Run(sum, feeds).scalar<float>() == 6);
    const Status status = ErrorOf(*session, add, feeds);
    BOOST_TEST(status.code() == Code::kInvalidArgument);
    BOOST_TEST(status.node() == "add");
  });
}

BOOST_FIXTURE_TEST_CASE(results_in_the_buffer_of_an_input_do_not_show_elsewhere, World) {
  const Output sum = Add(Float(2), Float(1));
  const Output minus = Neg(sum);
  const Output square = Square(sum);
  const Output fed = Placeholder(graph, DataType::kFloat, PartialShape({}));
  const Output minus_fed = Neg(fed);
  Run([&] {
    const auto session = Open();
    for (int i = 0; i < 2; ++i) {
      const Fetched got = session->Run({minus, square});
      BOOST_TEST(got[0].scalar<float>() == -3);
      BOOST_TEST(got[1].scalar<float>() == 9);
      BOOST_TEST(session->Run({square, sum})[1].scalar<float>() == 3);
    }
    const Tensor value = Tensor::Scalar<float>(4);
    BOOST_TEST(session->Run(minus_fed, {{fed, value}}).scalar<float>() == -4);
    BOOST_TEST(value.scalar<float>() == 4);
  });
}

BOOST_FIXTURE_TEST_CASE(a_read_shows_the_writes_of_its_step_that_come_before_its_use, World) {
  const Variable v = FloatVariable(1, "v");
  const Output add = AssignAdd(v, Float(1));
  const Output after = [&] {
    const ControlScope scope(graph, {add.op});
    return Identity(v.value(), "after");
  }();
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    BOOST_TEST(session->Run(after).scalar<float>() == 2);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
