#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/graph/optimizer.h"
#include "core/testing/session_world.h"

namespace faultline {
namespace {

using testing::SessionWorld;
using Names = std::vector<std::string>;

struct World : SessionWorld {
  Variable Make(const std::string& name, Tensor value, bool use_resource = true) {
    return MakeVariable(graph, std::move(value), name,
                        {.collections = {}, .use_resource = use_resource});
  }
  Output Float(float value) { return Constant(graph, Tensor::Scalar(value)); }
  Names NodesFrom(int first) {
    Names names;
    for (const auto& op : graph.operations()) {
      if (op->id() >= first) names.push_back(op->name());
    }
    return names;
  }
  int Here() { return static_cast<int>(graph.operations().size()); }
};

// Trains w of (w - 3)^2 with either kind of variable; the values after each step.
std::vector<float> Trained(bool use_resource) {
  World world;
  const Variable w = world.Make("w", Tensor::Of<float>({0, 10}), use_resource);
  const Variable step = CreateGlobalStep(world.graph, use_resource);
  const Output loss = ReduceSum(Square(Sub(w.value(), world.Float(3))), "loss");
  Operation* train = GradientDescentOptimizer(0.1F).Minimize(world.graph, loss, step);
  Operation* init = VariablesInitializer(world.graph, {w, step});
  std::vector<float> values;
  world.Run([&] {
    const auto session = world.Open();
    session->Run(init);
    for (int i = 0; i < 5; ++i) {
      session->Run(train);
      for (const float v : session->Run(w).tensor().flat<float>()) values.push_back(v);
    }
    BOOST_TEST(session->Run(step).scalar<std::int64_t>() == 5);
  });
  return values;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(resource_variable, World)

BOOST_AUTO_TEST_CASE(its_nodes_have_tensorflows_names) {
  const Variable v = Make("v", Tensor::Of<float>({1, 2}));
  const Names expected = {"v/Initializer/initial_value", "v", "v/IsInitialized/VarIsInitializedOp",
                          "v/Assign", "v/Read/ReadVariableOp"};
  BOOST_TEST(NodesFrom(0) == expected, boost::test_tools::per_element());
  BOOST_TEST(v.is_resource);
  BOOST_TEST((v.handle.dtype() == DataType::kResource));
  BOOST_TEST((v.dtype() == DataType::kFloat));
  BOOST_TEST(v.shape().ToString() == "[2]");
  BOOST_TEST(v.value().shape().ToString() == "[2]");
  BOOST_TEST(v.handle.op->attr<std::string>("shared_name") == "v");
  BOOST_TEST((graph.GetVariables("trainable_variables") == std::vector{v}));
  const int first = Here();
  MakeZeroVariable(graph, DataType::kInt64, TensorShape({}), "w",
                   {.collections = {}, .use_resource = true});
  BOOST_TEST(NodesFrom(first)[0] == "w/Initializer/zeros");
}

BOOST_AUTO_TEST_CASE(er_10_reading_it_without_value_says_that_it_is_uninitialized) {
  const Variable v = Make("layer/v", Tensor::Scalar(1.0F));
  Run([&] {
    const auto session = Open();
    const Status status = ErrorOf(*session, v);
    BOOST_TEST(status.code() == Code::kFailedPrecondition);
    BOOST_TEST(status.message().find("uninitialized") != std::string::npos);
    BOOST_TEST(status.message().find("layer/v") != std::string::npos);
    BOOST_TEST(status.node() == "layer/v/Read/ReadVariableOp");
    // Adding to it is another error, as in TensorFlow: it is no "not ready" (ER-8).
    const Status adding = ErrorOf(*session, AssignAdd(v, Float(1)).op->control_inputs()[0]);
    BOOST_TEST(adding.code() == Code::kNotFound);
    BOOST_TEST(adding.message().find("uninitialized") == std::string::npos);
    BOOST_TEST(!session->Run(IsVariableInitialized(v)).scalar<bool>());
    session->Run(v.initializer);
    BOOST_TEST(session->Run(IsVariableInitialized(v)).scalar<bool>());
    BOOST_TEST(session->Run(v).scalar<float>() == 1);
  });
}

BOOST_AUTO_TEST_CASE(assignments_give_the_value_after_them) {
  const Variable v = Make("v", Tensor::Of<float>({1, 2}));
  const int first = Here();
  const Output two = Constant(graph, Tensor::Of<float>({5, 6}));
  const Output set = Assign(v, two);
  const Output add = AssignAdd(v, two);
  const Output sub = AssignSub(v, two);
  const Names expected = {"Const",
                          "AssignVariableOp",
                          "ReadVariableOp",
                          "AssignAddVariableOp",
                          "ReadVariableOp_1",
                          "AssignSubVariableOp",
                          "ReadVariableOp_2"};
  BOOST_TEST(NodesFrom(first) == expected, boost::test_tools::per_element());
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    BOOST_TEST(session->Run(add).tensor().flat<float>()[0] == 6);
    BOOST_TEST(session->Run(sub).tensor().flat<float>()[0] == 1);
    BOOST_TEST(session->Run(set).tensor().flat<float>()[1] == 6);
    BOOST_TEST(session->Run(v).tensor().flat<float>()[1] == 6);
  });
}

BOOST_AUTO_TEST_CASE(a_value_that_was_read_is_not_changed_by_later_writes) {
  const Variable v = Make("v", Tensor::Scalar(1.0F));
  Operation* write = nullptr;
  {
    const ControlScope after(graph, {v.snapshot.op});
    write = AssignAdd(v, Float(1)).op->control_inputs()[0];
  }
  const ControlScope last(graph, {write});
  const Output late = Identity(v.value());
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    BOOST_TEST(session->Run(late).scalar<float>() == 1);
    BOOST_TEST(session->Run(v).scalar<float>() == 2);
  });
}

BOOST_AUTO_TEST_CASE(the_two_kinds_of_one_name_are_two_variables) {
  const Variable r = Make("v", Tensor::Scalar(1.0F));
  const Variable v = Make("w", Tensor::Scalar(7.0F), false);
  Operation* same = Op("VariableV2", "other", {},
                       {{"shape", PartialShape({})},
                        {"dtype", DataType::kFloat},
                        {"shared_name", std::string("v")}});
  Run([&] {
    const auto session = Open();
    session->Run({r.initializer, v.initializer});
    BOOST_TEST(ErrorOf(*session, same->output()).code() == Code::kFailedPrecondition);
    BOOST_TEST(session->Run(r).scalar<float>() == 1);
  });
}

BOOST_AUTO_TEST_CASE(its_static_type_and_shape_are_checked_when_the_graph_is_built) {
  const Variable v = Make("v", Tensor::Of<float>({1, 2}));
  BOOST_CHECK_THROW(Assign(v, Constant(graph, Tensor::Of<float>({1, 2, 3}))), InvalidArgumentError);
  BOOST_CHECK_THROW(Assign(v, Constant(graph, Tensor::Of<std::int32_t>({1, 2}))), TypeError);
  BOOST_CHECK_THROW(Op("ReadVariableOp", "wrong", {v.handle}, {{"dtype", DataType::kInt64}}),
                    InvalidArgumentError);
  BOOST_CHECK_THROW(CountUpTo(v, 3), TypeError);
}

BOOST_AUTO_TEST_CASE(shapes_are_checked_at_run_time_only_if_the_node_says_so) {
  const Variable v = Make("v", Tensor::Of<float>({1, 2}));
  const Output p = Placeholder(graph, DataType::kFloat);
  Operation* loose = Op("AssignVariableOp", "loose", {v.handle, p});
  Operation* strict = Op("AssignVariableOp", "strict", {v.handle, p}, {{"validate_shape", true}});
  Operation* add = Op("AssignAddVariableOp", "add", {v.handle, p});
  Run([&] {
    const auto session = Open();
    const FeedDict three{{p, Tensor::Of<float>({1, 2, 3})}};
    session->Run(v.initializer);
    BOOST_TEST(ErrorOf(*session, strict, three).code() == Code::kInvalidArgument);
    BOOST_TEST(ErrorOf(*session, add, three).code() == Code::kInvalidArgument);
    session->Run(loose, three);
    BOOST_TEST(session->Run(v).tensor().NumElements() == 3);
    session->Run(strict, three);
  });
}

BOOST_AUTO_TEST_CASE(a_handle_cannot_be_fetched_and_a_queue_is_no_variable) {
  const Variable v = Make("v", Tensor::Scalar(1.0F));
  const Queue queue = FifoQueue(graph, 1, {DataType::kFloat}, "queue");
  Operation* read = Op("ReadVariableOp", "read", {queue.handle}, {{"dtype", DataType::kFloat}});
  const Output is = Op("VarIsInitializedOp", "is", {queue.handle})->output();
  Run([&] {
    const auto session = Open();
    BOOST_TEST(ErrorOf(*session, v.handle).code() == Code::kInvalidArgument);
    session->Run(v.initializer);
    BOOST_TEST(ErrorOf(*session, v.handle).code() == Code::kInvalidArgument);
    BOOST_TEST(ErrorOf(*session, read->output()).code() == Code::kInvalidArgument);
    BOOST_TEST(!session->Run(is).scalar<bool>());
  });
}

BOOST_AUTO_TEST_CASE(se_23_reads_of_reference_variables_are_guarded_those_of_resources_are_not) {
  const Variable reference = Make("reference", Tensor::Scalar(2.0F), false);
  const Variable resource = Make("resource", Tensor::Scalar(3.0F));
  const VariableOptions options{.collections = {}, .use_resource = true};
  const Variable a = MakeVariable(graph, Mul(reference.value(), Float(10)), "a", options);
  const Variable b = MakeVariable(graph, Mul(resource.value(), Float(10)), "b", options);
  BOOST_TEST((graph.FindOperation("a/Assign/cond/Merge") != nullptr));
  Run([&] {
    const auto session = Open();
    session->Run(a.initializer);
    BOOST_TEST(session->Run(a).scalar<float>() == 20);
    BOOST_TEST(ErrorOf(*session, b.initializer).code() == Code::kFailedPrecondition);
    session->Run(resource.initializer);
    session->Run(b.initializer);
    BOOST_TEST(session->Run(b).scalar<float>() == 30);
    BOOST_TEST(ErrorOf(*session, reference).code() == Code::kFailedPrecondition);
  });
}

BOOST_AUTO_TEST_CASE(its_value_or_its_initial_value_can_be_read) {
  const Variable v = Make("v", Tensor::Scalar(4.0F));
  const int first = Here();
  const Output value = InitializedValue(v);
  const Names expected = {"VarIsInitializedOp",
                          "cond/Switch",
                          "cond/switch_t",
                          "cond/switch_f",
                          "cond/pred_id",
                          "cond/Read/ReadVariableOp/Switch",
                          "cond/Read/ReadVariableOp",
                          "cond/Identity",
                          "cond/Switch_1",
                          "cond/Merge"};
  BOOST_TEST(NodesFrom(first) == expected, boost::test_tools::per_element());
  BOOST_TEST(value.shape().ToString() == "[]");
  Run([&] {
    const auto session = Open();
    BOOST_TEST(session->Run(value).scalar<float>() == 4);
    BOOST_TEST(!session->Run(IsVariableInitialized(v)).scalar<bool>());
    session->Run(v.initializer);
    session->Run(AssignAdd(v, Float(1)));
    BOOST_TEST(session->Run(value).scalar<float>() == 5);
  });
}

BOOST_AUTO_TEST_CASE(se_24_se_26_reports_and_asserts_cover_both_kinds) {
  const Variable a = Make("a", Tensor::Scalar(1.0F));
  const Variable b = Make("b", Tensor::Of<float>({1, 2}), false);
  const Output report = ReportUninitializedVariables(graph);
  const Output ranks = AssertVariablesInitialized(graph);
  const auto names = [&](Session& session) {
    const Fetched got = session.Run(report);
    const auto flat = got.tensor().flat<std::string>();
    return Names(flat.begin(), flat.end());
  };
  Run([&] {
    const auto session = Open();
    BOOST_TEST(names(*session) == (Names{"a", "b"}), boost::test_tools::per_element());
    const Status status = ErrorOf(*session, ranks);
    BOOST_TEST(status.code() == Code::kFailedPrecondition);
    BOOST_TEST(status.message().find("uninitialized") != std::string::npos);
    session->Run(b.initializer);
    BOOST_TEST(names(*session) == Names{"a"}, boost::test_tools::per_element());
    session->Run(a.initializer);
    BOOST_TEST(names(*session).empty());
    BOOST_TEST(session->Run(ranks).tensor().flat<std::int32_t>()[1] == 1);
  });
}

BOOST_AUTO_TEST_CASE(gs_3_the_global_step_may_be_one) {
  const Variable step = CreateGlobalStep(graph, true);
  BOOST_TEST((GetGlobalStep(graph) == step));
  const Output read = GetOrCreateGlobalStepRead(graph);
  Operation* increment = IncrementGlobalStep(graph, 3);
  BOOST_TEST(read.name() == "global_step/add:0");
  BOOST_TEST(increment->name() == "global_step/AssignAddVariableOp");
  Run([&] {
    const auto session = Open();
    BOOST_TEST(session->Run(read).scalar<std::int64_t>() == 0);
    session->Run(step.initializer);
    // CK-2304
    const Fetched got = session->Run({increment, read});
    BOOST_TEST(got[1].scalar<std::int64_t>() == 0);
    BOOST_TEST(session->Run(step).scalar<std::int64_t>() == 3);
    const auto writes = fake.observer().Of(Point::kGlobalStepWrite);
    BOOST_REQUIRE(writes.size() == 2U);
    BOOST_TEST(writes[1].number("step") == 3);
  });
  // Without collections, as a server sees the graph.
  const auto copy = GraphFromDef(graph.SerializedGraphDef()).value();
  const Variable found = GetGlobalStep(*copy);
  BOOST_TEST(found.is_resource);
  BOOST_TEST(found.snapshot.name() == "global_step/Read/ReadVariableOp:0");
}

BOOST_AUTO_TEST_CASE(it_is_trained_like_a_reference_variable) {
  const std::vector<float> values = Trained(true);
  BOOST_TEST(values == Trained(false), boost::test_tools::per_element());
  BOOST_TEST(values.size() == 10U);
  BOOST_TEST(values[0] > 0.5F);
}

BOOST_AUTO_TEST_CASE(its_optimizer_nodes_have_tensorflows_names) {
  const Variable v = Make("v", Tensor::Of<float>({1, 2}));
  const Variable step = CreateGlobalStep(graph, true);
  const Output loss = ReduceSum(Square(v.value()));
  Operation* train = GradientDescentOptimizer(0.1F).Minimize(graph, loss, step);
  BOOST_TEST(train->type() == "AssignAddVariableOp");
  BOOST_TEST(train->name() == "GradientDescent");
  for (const char* name : {"GradientDescent/update_v/ResourceApplyGradientDescent",
                           "GradientDescent/update", "GradientDescent/Const"}) {
    BOOST_TEST((graph.FindOperation(name) != nullptr), name);
  }
  Run([&] {
    const auto session = Open();
    session->Run(step.initializer);
    const Operation* apply = graph.FindOperation(
        "GradientDescent/update_v/"
        "ResourceApplyGradientDescent");
    Operation* direct = graph.AddOperation({.type = "ResourceApplyGradientDescent",
                                            .name = "direct",
                                            .inputs = {v.handle, Float(1), v.initial_value},
                                            .attrs = {},
                                            .control_inputs = {},
                                            .device = ""});
    BOOST_TEST(apply->inputs()[0].op->name() == "v");
    BOOST_TEST(ErrorOf(*session, direct).code() == Code::kFailedPrecondition);
    session->Run(v.initializer);
    session->Run(direct);
    BOOST_TEST(session->Run(v).tensor().flat<float>()[1] == 0);
  });
}

BOOST_AUTO_TEST_CASE(se_25_resources_that_do_not_exist_are_reported_shared_then_local) {
  // A stand-in for a resource: its creation is that of a variable.
  const auto resource = [&](const std::string& name, bool is_shared) {
    const Variable state = Make(name, Tensor::Scalar(1.0F));
    RegisterResource(graph, {state.handle, state.initializer, IsVariableInitialized(state)},
                     is_shared);
    return state;
  };
  const Output none = ReportUninitializedResources(graph);
  const Variable local = resource("local_table", false);
  const Variable first = resource("shared_table", true);
  const Variable second = resource("other_table", true);
  const Output all = ReportUninitializedResources(graph);
  const Output shared = ReportUninitializedResources(graph, graph.GetResources("resources"));
  Run([&] {
    const auto session = Open();
    const auto names = [&](Output report) {
      const Fetched got = session->Run(report);
      BOOST_TEST(got.tensor().shape().rank() == 1);
      const auto flat = got.tensor().flat<std::string>();
      return Names(flat.begin(), flat.end());
    };
    BOOST_TEST(names(none).empty());
    BOOST_TEST(names(all) == (Names{"shared_table", "other_table", "local_table"}),
               boost::test_tools::per_element());
    BOOST_TEST(names(shared) == (Names{"shared_table", "other_table"}),
               boost::test_tools::per_element());
    session->Run({first.initializer, local.initializer});
    BOOST_TEST(names(all) == Names{"other_table"}, boost::test_tools::per_element());
    session->Run(second.initializer);
    BOOST_TEST(names(all).empty());
  });
  BOOST_CHECK_THROW(RegisterResource(graph, {}), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
