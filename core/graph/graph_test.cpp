#include "core/graph/graph.h"

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/graph/op_def.h"
#include "core/graph/ops.h"

namespace faultline {
namespace {

// Runs `body`, which must throw an Error; returns its text.
template <class Body>
std::string ErrorOf(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

bool Mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Operation* Add(Graph& graph, const std::string& type, const std::string& name,
               std::vector<Output> inputs = {}, AttrMap attrs = {}) {
  return graph.AddOperation({.type = type,
                             .name = name,
                             .inputs = std::move(inputs),
                             .attrs = std::move(attrs),
                             .control_inputs = {},
                             .device = {}});
}

BOOST_AUTO_TEST_SUITE(graph)

// ---- finalization ----

BOOST_AUTO_TEST_CASE(gf_1_a_graph_starts_open_and_may_be_finalized_often) {
  Graph graph;
  BOOST_TEST(!graph.finalized());
  graph.Finalize();
  graph.Finalize();
  BOOST_TEST(graph.finalized());
}

BOOST_AUTO_TEST_CASE(gf_2_a_final_graph_refuses_every_change_and_stays_as_it_was) {
  Graph graph;
  const Output five = Constant(graph, Tensor::Scalar(5), "five");
  graph.AddToCollection("kept", five);
  graph.Finalize();
  const std::string before = graph.SerializedGraphDef();
  BOOST_CHECK_THROW(Constant(graph, Tensor::Scalar(1)), RuntimeError);
  BOOST_CHECK_THROW(MakeVariable(graph, Tensor::Scalar(1), "v"), RuntimeError);
  BOOST_CHECK_THROW(graph.UniqueName("x"), RuntimeError);
  BOOST_CHECK_THROW(NameScope(graph, "x"), RuntimeError);
  BOOST_CHECK_THROW(graph.AddToCollection("kept", five), RuntimeError);
  BOOST_CHECK_THROW(graph.ClearCollection("kept"), RuntimeError);
  BOOST_TEST(graph.SerializedGraphDef() == before);
  BOOST_TEST(graph.operations().size() == 1u);
  BOOST_TEST(graph.GetCollection("kept").size() == 1u);
  BOOST_TEST((graph.FindOperation("five") == five.op));
}

BOOST_AUTO_TEST_CASE(gf_3_an_unfinalized_graph_takes_operations_again) {
  Graph graph;
  graph.Finalize();
  graph.UnsafeUnfinalize();
  BOOST_TEST(Constant(graph, Tensor::Scalar(1), "one").op->name() == "one");
}

BOOST_AUTO_TEST_CASE(gf_9_collections_are_ordered_lists_under_string_keys) {
  Graph graph;
  graph.AddToCollection("mixed", std::int64_t{7});
  graph.AddToCollection("mixed", std::string("text"));
  graph.AddToCollection("mixed", std::int64_t{7});
  const auto items = graph.GetCollection("mixed");
  BOOST_REQUIRE(items.size() == 3u);
  BOOST_TEST(std::get<std::int64_t>(items[0]) == 7);
  BOOST_TEST(std::get<std::string>(items[1]) == "text");
  BOOST_TEST(graph.GetCollection("unknown").empty());
  graph.ClearCollection("mixed");
  BOOST_TEST(graph.GetCollection("mixed").empty());
  BOOST_TEST(graph.collections().empty());
}

// ---- names ----

BOOST_AUTO_TEST_CASE(names_are_made_unique_as_in_tensorflow) {
  Graph graph;
  BOOST_TEST(NoOp(graph, "a")->name() == "a");
  BOOST_TEST(NoOp(graph, "a")->name() == "a_1");
  BOOST_TEST(NoOp(graph, "a_1")->name() == "a_1_1");
  BOOST_TEST(NoOp(graph, "a")->name() == "a_2");
  BOOST_TEST(NoOp(graph, "A")->name() == "A_3");
  BOOST_TEST(NoOp(graph, "")->name() == "NoOp");
}

BOOST_AUTO_TEST_CASE(scopes_nest_are_made_unique_and_can_be_entered_again) {
  Graph graph;
  {
    const NameScope outer(graph, "outer");
    const NameScope inner(graph, "inner");
    BOOST_TEST(NoOp(graph, "x")->name() == "outer/inner/x");
    {
      const NameScope root(graph, "");
      BOOST_TEST(NoOp(graph, "x")->name() == "x");
    }
    BOOST_TEST(graph.name_scope() == "outer/inner");
  }
  BOOST_TEST(graph.name_scope().empty());
  {
    const NameScope other(graph, "outer");
    BOOST_TEST(NoOp(graph, "x")->name() == "outer_1/x");
  }
  const NameScope again(graph, "outer/");
  BOOST_TEST(NoOp(graph, "x")->name() == "outer/x");
}

BOOST_AUTO_TEST_CASE(a_final_slash_asks_for_exactly_this_name) {
  Graph graph;
  const NameScope scope(graph, "scope");
  BOOST_TEST(NoOp(graph, "exact/name/")->name() == "exact/name");
  BOOST_CHECK_THROW(NoOp(graph, "exact/name/"), ValueError);
}

BOOST_AUTO_TEST_CASE(a_bad_name_is_a_value_error) {
  Graph graph;
  for (const char* name : {"_x", "a b", "a:0", "^a", "/", "-a", "a\n"}) {
    BOOST_CHECK_THROW(NoOp(graph, name), ValueError);
  }
  BOOST_CHECK_THROW(NameScope(graph, "a b"), ValueError);
  BOOST_TEST(graph.operations().empty());
}

BOOST_AUTO_TEST_CASE(outputs_are_found_by_name) {
  Graph graph;
  const Output one = Constant(graph, Tensor::Scalar(1), "one");
  BOOST_TEST((graph.FindOutput("one:0") == one));
  BOOST_TEST(one.name() == "one:0");
  for (const char* name : {"one", "one:1", "two:0", "one:", "one:x", "one:-1", "one:0x"}) {
    BOOST_CHECK_THROW(graph.FindOutput(name), ValueError);
  }
  BOOST_TEST((graph.FindOperation("two") == nullptr));
}

// ---- control dependencies and devices ----

BOOST_AUTO_TEST_CASE(what_is_made_in_a_control_scope_waits) {
  Graph graph;
  Operation* b = NoOp(graph, "b");
  Operation* a = NoOp(graph, "a");
  const ControlScope scope(graph, {b, a});
  const std::vector<Operation*> expected = {a, b};
  BOOST_TEST((NoOp(graph, "c")->control_inputs() == expected));
}

BOOST_AUTO_TEST_CASE(what_is_fed_from_within_a_control_scope_need_not_wait_again) {
  Graph graph;
  Operation* first = NoOp(graph, "first");
  const Output outside = Constant(graph, Tensor::Scalar(1), "outside");
  const ControlScope scope(graph, {first, outside.op});
  const Output inside = Constant(graph, Tensor::Scalar(2), "inside");
  BOOST_TEST(inside.op->control_inputs().size() == 2u);
  BOOST_TEST(Identity(inside).op->control_inputs().empty());
  // A data input is not a control input too.
  const std::vector<Operation*> only_first = {first};
  BOOST_TEST((Identity(outside).op->control_inputs() == only_first));
}

BOOST_AUTO_TEST_CASE(nested_control_scopes_add_up_and_end) {
  Graph graph;
  Operation* a = NoOp(graph, "a");
  Operation* b = NoOp(graph, "b");
  {
    const ControlScope outer(graph, {b});
    {
      const ControlScope inner(graph, {a, b});
      const std::vector<Operation*> expected = {b, a};
      BOOST_TEST((NoOp(graph, "c")->control_inputs() == expected));
    }
    const InitScope lifted(graph);
    BOOST_TEST(NoOp(graph, "free")->control_inputs().empty());
  }
  BOOST_TEST(NoOp(graph, "after")->control_inputs().empty());
}

BOOST_AUTO_TEST_CASE(a_variable_made_in_a_control_scope_initializes_without_waiting) {
  Graph graph;
  Operation* step = NoOp(graph, "step");
  const ControlScope scope(graph, {step});
  const Variable v = MakeVariable(graph, Tensor::Scalar(1), "v");
  BOOST_TEST(v.initializer->control_inputs().empty());
  BOOST_TEST(v.initial_value.op->control_inputs().empty());
}

BOOST_AUTO_TEST_CASE(devices_come_from_the_scope_or_from_the_variable) {
  Graph graph;
  Variable v;
  {
    const DeviceScope ps(graph, "/job:ps/task:0");
    v = MakeVariable(graph, Tensor::Scalar(1), "v");
  }
  BOOST_TEST(v.handle.op->device() == "/job:ps/task:0");
  BOOST_TEST(v.snapshot.op->device() == "/job:ps/task:0");
  const DeviceScope worker(graph, "/job:worker/task:0");
  const Output one = Constant(graph, Tensor::Scalar(1));
  BOOST_TEST(one.op->device() == "/job:worker/task:0");
  const Output assign = AssignAdd(v, one);
  BOOST_TEST(assign.op->device() == "/job:ps/task:0");
  BOOST_TEST(assign.op->attr<std::vector<std::string>>("_class").at(0) == "loc:@v");
}

BOOST_AUTO_TEST_CASE(a_group_over_several_devices_has_one_node_for_each) {
  Graph graph;
  std::vector<Operation*> operations;
  for (const char* device : {"/device:B", "/device:A", "/device:B"}) {
    const DeviceScope scope(graph, device);
    operations.push_back(NoOp(graph, "x"));
  }
  Operation* group = Group(graph, operations, "all");
  BOOST_TEST(group->name() == "all");
  BOOST_REQUIRE(group->control_inputs().size() == 2u);
  Operation* on_a = group->control_inputs()[0];
  Operation* on_b = group->control_inputs()[1];
  BOOST_TEST(on_a->name() == "all/NoOp");
  BOOST_TEST(on_a->device() == "/device:A");
  BOOST_TEST(on_b->control_inputs().size() == 2u);
}

// ---- resolution of nodes ----

BOOST_AUTO_TEST_CASE(types_are_inferred_and_defaults_filled_in) {
  Graph graph;
  const Output a = Constant(graph, Tensor(DataType::kFloat, TensorShape({2, 3})));
  const Output product = MatMul(a, a, false, true);
  BOOST_TEST((product.op->attr<DataType>("T") == DataType::kFloat));
  BOOST_TEST(product.op->attr<bool>("grad_a") == false);
  BOOST_TEST(product.shape().ToString() == "[2,2]");
  BOOST_TEST((product.dtype() == DataType::kFloat));
  BOOST_TEST(Pack({a, a, a}).op->attr<std::int64_t>("N") == 3);
}

BOOST_AUTO_TEST_CASE(shapes_that_cannot_fit_are_invalid_and_the_error_names_node_and_shapes) {
  Graph graph;
  const Output a = Constant(graph, Tensor(DataType::kFloat, TensorShape({2, 3})));
  const std::string text = ErrorOf([&] { MatMul(a, a, false, false, "product"); });
  BOOST_TEST(Mentions(text, "INVALID_ARGUMENT"));
  BOOST_TEST(Mentions(text, "'product'"));
  BOOST_TEST(Mentions(text, "[2,3], [2,3]"));
  BOOST_CHECK_THROW(faultline::Add(a, Constant(graph, Tensor::Of({1.0F, 2.0F}))),
                    InvalidArgumentError);
  const Variable v = MakeVariable(graph, Tensor::Of({1.0F, 2.0F}), "v");
  BOOST_CHECK_THROW(Assign(v, Constant(graph, Tensor::Scalar(1.0F))), InvalidArgumentError);
}

BOOST_AUTO_TEST_CASE(types_that_do_not_fit_are_type_errors) {
  Graph graph;
  const Output one = Constant(graph, Tensor::Scalar(1), "one");
  const Output real = Constant(graph, Tensor::Scalar(1.0F), "real");
  const std::string text = ErrorOf([&] { faultline::Add(one, real, "sum"); });
  BOOST_TEST(Mentions(text, "TypeError"));
  BOOST_TEST(Mentions(text, "'y' has type float"));
  BOOST_TEST(Mentions(text, "int32"));
  BOOST_TEST(Mentions(text, "'sum'"));
  BOOST_CHECK_THROW(Add(graph, "LogicalNot", "", {one}), TypeError);
  // A variable is needed, a value given.
  BOOST_CHECK_THROW(Add(graph, "AssignAdd", "", {one, one}), TypeError);
  BOOST_CHECK_THROW(Neg(Constant(graph, Tensor::Scalar("text"))), TypeError);
}

BOOST_AUTO_TEST_CASE(attributes_and_counts_that_do_not_fit_are_value_errors) {
  Graph graph;
  const Output one = Constant(graph, Tensor::Scalar(1), "one");
  const auto refuse = [&](const char* type, std::vector<Output> inputs, AttrMap attrs) {
    BOOST_CHECK_THROW(Add(graph, type, "", std::move(inputs), std::move(attrs)), ValueError);
  };
  refuse("NoSuchOp", {}, {});
  refuse("Identity", {}, {});
  refuse("Identity", {one, one}, {});
  refuse("Identity", {one}, {{"colour", std::string("red")}});
  refuse("Cast", {one}, {});
  refuse("Cast", {one}, {{"DstT", std::string("float")}});
  refuse("AddN", {}, {});
  refuse("AddN", {one, one}, {{"N", std::int64_t{3}}});
  refuse("Const", {}, {{"dtype", DataType::kFloat}});
  refuse("Identity", {Output()}, {});
  Graph other;
  refuse("Identity", {Constant(other, Tensor::Scalar(1))}, {});
  BOOST_TEST(graph.operations().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_reference_may_stand_for_a_value) {
  Graph graph;
  const Variable v = MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  BOOST_TEST(IsRef(v.handle.dtype()));
  const Output read = Identity(v.handle);
  BOOST_TEST((read.dtype() == DataType::kFloat));
}

// ---- renderings ----

BOOST_AUTO_TEST_CASE(a_rendering_is_kept_until_an_operation_is_added) {
  Graph graph;
  Constant(graph, Tensor::Scalar(1));
  const std::uint64_t version = graph.version();
  const char* before = graph.SerializedGraphDef().data();
  const std::uint64_t digest = graph.Digest();
  graph.AddToCollection("key", std::int64_t{1});
  BOOST_TEST(graph.version() == version);
  BOOST_TEST((graph.SerializedGraphDef().data() == before));
  Constant(graph, Tensor::Scalar(1));
  BOOST_TEST(graph.version() > version);
  BOOST_TEST(graph.Digest() != digest);
  BOOST_TEST(Mentions(graph.GraphDefText(), "name: \"Const_1\""));
}

// ---- definitions ----

BOOST_AUTO_TEST_CASE(every_definition_is_complete_and_names_only_its_own_attributes) {
  const auto all = AllOpDefs();
  BOOST_TEST(all.size() > 60u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const OpDef& def = *all[i];
    BOOST_TEST_CONTEXT(def.name) {
      BOOST_TEST((def.shape != nullptr));
      BOOST_TEST((FindOpDef(def.name) == &def));
      if (i > 0) BOOST_TEST((all[i - 1]->name < def.name));
      for (const auto* args : {def.inputs.begin(), def.outputs.begin()}) {
        const std::size_t count =
            args == def.inputs.begin() ? def.inputs.size() : def.outputs.size();
        for (std::size_t a = 0; a < count; ++a) {
          const ArgDef& arg = args[a];
          for (const auto attr : {arg.type_attr, arg.number_attr, arg.type_list_attr}) {
            BOOST_TEST((attr.empty() || def.FindAttr(attr) != nullptr));
          }
          const bool typed = arg.type != DataType::kInvalid || !arg.type_attr.empty() ||
                             !arg.type_list_attr.empty();
          BOOST_TEST(typed);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
