#include "core/graph/meta_graph.h"

#include <algorithm>

#include <boost/test/unit_test.hpp>

#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/proto/meta_graph.pb.h"
#include "core/proto/variable.pb.h"

namespace faultline {
namespace {

namespace tf = v1::tf;

class TextObject final : public CollectionObject {
 public:
  std::string Serialize() const override { return "bytes"; }
};

tf::MetaGraphDef Written(const Graph& graph, const MetaGraphOptions& options = {}) {
  tf::MetaGraphDef meta;
  BOOST_REQUIRE(meta.ParseFromString(SerializeMetaGraph(graph, options)));
  return meta;
}

// The collection, which must be there.
tf::CollectionDef Collection(const tf::MetaGraphDef& meta, const std::string& key) {
  for (const auto& entry : meta.collection_def()) {
    if (entry.key() == key) return entry.value();
  }
  BOOST_FAIL("no collection " << key);
  return {};
}

bool HasCollection(const tf::MetaGraphDef& meta, const std::string& key) {
  return std::ranges::any_of(meta.collection_def(),
                             [&key](const auto& entry) { return entry.key() == key; });
}

tf::VariableDef FirstVariable(const tf::MetaGraphDef& meta, const std::string& key) {
  tf::VariableDef def;
  const tf::CollectionDef collection = Collection(meta, key);
  BOOST_REQUIRE(collection.bytes_list().value_size() > 0);
  BOOST_REQUIRE(def.ParseFromString(collection.bytes_list().value(0)));
  return def;
}

BOOST_AUTO_TEST_SUITE(meta_graph)

BOOST_AUTO_TEST_CASE(ck_2203_the_ops_in_use_are_described_once_and_in_order) {
  Graph graph;
  CreateGlobalStep(graph);
  Constant(graph, Tensor::Scalar(1));
  const tf::MetaGraphDef meta = Written(graph);
  std::vector<std::string> names;
  for (const auto& op : meta.meta_info_def().stripped_op_list().op()) names.push_back(op.name());
  const std::vector<std::string> expected = {"Assign", "Const", "Identity", "VariableV2"};
  BOOST_TEST(names == expected, boost::test_tools::per_element());
  BOOST_TEST(!meta.meta_info_def().tensorflow_version().empty());
  BOOST_TEST(!meta.meta_info_def().tensorflow_git_version().empty());
  BOOST_TEST(!meta.meta_info_def().stripped_default_attrs());
  BOOST_TEST(meta.graph_def().versions().producer() > 0);
}

BOOST_AUTO_TEST_CASE(ck_2204_attributes_equal_to_the_default_can_be_left_out) {
  Graph graph;
  const Variable v = MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  Assign(v, Constant(graph, Tensor::Scalar(2.0F)), "set");
  const auto attrs_of = [](const tf::MetaGraphDef& meta, const std::string& node) {
    std::vector<std::string> keys;
    for (const auto& def : meta.graph_def().node()) {
      if (def.name() != node) continue;
      for (const auto& attr : def.attr()) keys.push_back(attr.key());
    }
    return keys;
  };
  const std::vector<std::string> all = {"T", "_class", "_output_shapes", "use_locking",
                                        "validate_shape"};
  BOOST_TEST(attrs_of(Written(graph), "set") == all, boost::test_tools::per_element());
  const tf::MetaGraphDef stripped =
      Written(graph, {.serialized_saver_def = {}, .strip_default_attrs = true});
  // use_locking is false here, and true by default.
  const std::vector<std::string> few = {"T", "_class", "_output_shapes", "use_locking"};
  BOOST_TEST(attrs_of(stripped, "set") == few, boost::test_tools::per_element());
  BOOST_TEST(stripped.meta_info_def().stripped_default_attrs());
}

BOOST_AUTO_TEST_CASE(ck_2205_each_kind_of_item_has_its_list_and_mixed_ones_are_dropped) {
  Graph graph;
  const Output one = Constant(graph, Tensor::Scalar(1), "one");
  graph.AddToCollection("integers", std::int64_t{7});
  graph.AddToCollection("floats", 0.5F);
  graph.AddToCollection("texts", std::string("text"));
  graph.AddToCollection("nodes", one);
  graph.AddToCollection("nodes", NoOp(graph, "nothing"));
  graph.AddToCollection("objects", std::make_shared<TextObject>());
  graph.AddToCollection("mixed", std::int64_t{7});
  graph.AddToCollection("mixed", std::string("text"));
  const tf::MetaGraphDef meta = Written(graph);
  BOOST_TEST(Collection(meta, "integers").int64_list().value(0) == 7);
  BOOST_TEST(Collection(meta, "floats").float_list().value(0) == 0.5F);
  BOOST_TEST(Collection(meta, "texts").bytes_list().value(0) == "text");
  BOOST_TEST(Collection(meta, "nodes").node_list().value(0) == "one:0");
  BOOST_TEST(Collection(meta, "nodes").node_list().value(1) == "nothing");
  BOOST_TEST(Collection(meta, "objects").bytes_list().value(0) == "bytes");
  BOOST_TEST(!HasCollection(meta, "mixed"));
}

BOOST_AUTO_TEST_CASE(ck_2206_a_variable_names_its_nodes_and_says_whether_it_is_trained) {
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  CreateGlobalStep(graph);
  const tf::MetaGraphDef meta = Written(graph);
  const tf::VariableDef v = FirstVariable(meta, "trainable_variables");
  BOOST_TEST(v.variable_name() == "v:0");
  BOOST_TEST(v.initializer_name() == "v/Assign");
  BOOST_TEST(v.snapshot_name() == "v/read:0");
  BOOST_TEST(v.initial_value_name() == "v/initial_value:0");
  BOOST_TEST(v.trainable());
  BOOST_TEST(!FirstVariable(meta, "global_step").trainable());
  BOOST_TEST(Collection(meta, "variables").bytes_list().value_size() == 2);
}

BOOST_AUTO_TEST_CASE(ck_2210_devices_can_be_cleared) {
  Graph graph;
  const DeviceScope device(graph, "/job:ps/task:0");
  Constant(graph, Tensor::Scalar(1));
  BOOST_TEST(Written(graph).graph_def().node(0).device() == "/job:ps/task:0");
  const MetaGraphOptions options = {.serialized_saver_def = {}, .clear_devices = true};
  BOOST_TEST(Written(graph, options).graph_def().node(0).device().empty());
}

BOOST_AUTO_TEST_CASE(the_saver_is_carried_along) {
  Graph graph;
  tf::SaverDef saver;
  saver.set_filename_tensor_name("save/Const:0");
  saver.set_sharded(true);
  const tf::MetaGraphDef meta = Written(graph, {.serialized_saver_def = saver.SerializeAsString()});
  BOOST_TEST(meta.saver_def().filename_tensor_name() == "save/Const:0");
  BOOST_TEST(!Written(graph).has_saver_def());
}

BOOST_AUTO_TEST_CASE(equal_graphs_have_equal_bytes) {
  const auto build = [] {
    Graph graph;
    GetOrCreateGlobalStep(graph);
    IncrementGlobalStep(graph);
    return SerializeMetaGraph(graph, {});
  };
  BOOST_TEST((build() == build()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
