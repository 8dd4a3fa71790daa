#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <google/protobuf/util/message_differencer.h>
#include <boost/test/unit_test.hpp>

#include "core/base/prng.h"
#include "core/graph/global_step.h"
#include "core/graph/meta_graph.h"
#include "core/graph/ops.h"
#include "core/proto/meta_graph.pb.h"
#include "core/proto/variable.pb.h"
#include "core/tensor/tensor_proto.h"

namespace faultline {
namespace {

namespace tf = v1::tf;
using google::protobuf::util::MessageDifferencer;

const std::string kFolder = FL_SOURCE_DIR "/core/session/testdata/traces/graphs";

std::string Slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(in.good(), path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The meta graphs that TensorFlow exported, by file name.
std::map<std::string, std::string> GoldenFiles() {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".meta") continue;
    files[entry.path().stem().string()] = Slurp(entry.path());
  }
  BOOST_REQUIRE_EQUAL(files.size(), 13U);
  return files;
}

ImportedMetaGraph Imported(const std::string& bytes, const CollectionReaders& readers = {}) {
  Result<ImportedMetaGraph> imported = ImportMetaGraph(bytes, readers);
  BOOST_REQUIRE_MESSAGE(imported.ok(), imported.status().ToString());
  return std::move(imported).value();
}

ImportedMetaGraph ImportedFile(const std::string& name) {
  return Imported(Slurp(kFolder + "/" + name + ".meta"));
}

tf::MetaGraphDef Parsed(const std::string& bytes) {
  tf::MetaGraphDef meta;
  BOOST_REQUIRE(meta.ParseFromString(bytes));
  return meta;
}

std::map<std::string, tf::NodeDef> NodesByName(const tf::GraphDef& graph) {
  std::map<std::string, tf::NodeDef> nodes;
  for (tf::NodeDef node : graph.node()) {
    auto& attrs = *node.mutable_attr();
    std::sort(attrs.begin(), attrs.end(),
              [](const auto& a, const auto& b) { return a.key() < b.key(); });
    for (tf::AttrEntry& attr : attrs) {
      // A tensor may be written in several ways.
      if (!attr.value().has_tensor()) continue;
      const auto tensor = TensorFromProto(attr.value().tensor());
      BOOST_REQUIRE(tensor.ok());
      TensorToProto(*tensor, attr.mutable_value()->mutable_tensor());
    }
    const std::string name = node.name();
    nodes[name] = std::move(node);
  }
  return nodes;
}

std::map<std::string, tf::CollectionDef> Collections(const tf::MetaGraphDef& meta) {
  std::map<std::string, tf::CollectionDef> collections;
  for (const auto& entry : meta.collection_def()) collections[entry.key()] = entry.value();
  return collections;
}

template <class Message>
void CheckSame(const std::map<std::string, Message>& got,
               const std::map<std::string, Message>& want) {
  BOOST_TEST(got.size() == want.size());
  for (const auto& [name, message] : want) {
    const auto found = got.find(name);
    BOOST_REQUIRE_MESSAGE(found != got.end(), name);
    BOOST_TEST(found->second.SerializeAsString() == message.SerializeAsString(),
               name << ": " << found->second.DebugString() << " is not " << message.DebugString());
  }
}

// A small meta graph, to be spoilt.
tf::MetaGraphDef Sample() {
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  MakeVariable(graph, Tensor::Scalar(1.0F), "r", {.use_resource = true});
  graph.AddToCollection("nodes", graph.FindOutput("v/read:0"));
  return Parsed(SerializeMetaGraph(graph, {}));
}

tf::CollectionDef* CollectionOf(tf::MetaGraphDef* meta, const std::string& key) {
  for (auto& entry : *meta->mutable_collection_def()) {
    if (entry.key() == key) return entry.mutable_value();
  }
  auto* entry = meta->add_collection_def();
  entry->set_key(key);
  return entry->mutable_value();
}

std::string ErrorOf(const tf::MetaGraphDef& meta, const CollectionReaders& readers = {}) {
  const auto imported = ImportMetaGraph(meta.SerializeAsString(), readers);
  if (imported.ok()) return "no error";
  BOOST_TEST((imported.status().code() == Code::kInvalidArgument));
  return imported.status().message();
}

// The error of a meta graph in which `change` has spoilt the first entry of the variables.
template <class Change>
std::string VariableError(int entry, Change change) {
  tf::MetaGraphDef meta = Sample();
  std::string* bytes = CollectionOf(&meta, "variables")->mutable_bytes_list()->mutable_value(entry);
  tf::VariableDef def;
  BOOST_REQUIRE(def.ParseFromString(*bytes));
  change(&def);
  *bytes = def.SerializeAsString();
  return ErrorOf(meta);
}

BOOST_AUTO_TEST_SUITE(meta_graph_import)

BOOST_AUTO_TEST_CASE(what_tensorflow_exported_is_exported_again_unchanged) {
  for (const auto& [name, bytes] : GoldenFiles()) {
    BOOST_TEST_CONTEXT(name) {
      const ImportedMetaGraph imported = Imported(bytes);
      const tf::MetaGraphDef want = Parsed(bytes);
      const tf::MetaGraphDef got = Parsed(SerializeMetaGraph(
          *imported.graph, {.serialized_saver_def = imported.serialized_saver_def}));
      CheckSame(NodesByName(got.graph_def()), NodesByName(want.graph_def()));
      BOOST_TEST(
          MessageDifferencer::Equals(got.graph_def().versions(), want.graph_def().versions()));
      CheckSame(Collections(got), Collections(want));
      BOOST_TEST(got.has_saver_def() == want.has_saver_def());
      BOOST_TEST(MessageDifferencer::Equals(got.saver_def(), want.saver_def()));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_meta_graph_holds_the_graph_that_the_graph_file_holds) {
  for (const auto& [name, bytes] : GoldenFiles()) {
    BOOST_TEST_CONTEXT(name) {
      const auto alone = GraphFromDef(Slurp(kFolder + "/" + name + ".graph.pb"));
      BOOST_REQUIRE_MESSAGE(alone.ok(), alone.status().ToString());
      BOOST_TEST((*alone)->Digest() == Imported(bytes).graph->Digest());
    }
  }
}

BOOST_AUTO_TEST_CASE(ck_2206_variables_are_found_with_all_their_nodes) {
  const ImportedMetaGraph model = ImportedFile("model");
  const std::vector<Variable> globals = model.graph->GetVariables("variables");
  BOOST_REQUIRE(globals.size() == 2U);
  const Variable& step = globals[0];
  BOOST_TEST(step.name() == "global_step");
  BOOST_TEST((step.initializer == model.graph->FindOperation("global_step/Assign")));
  BOOST_TEST((step.snapshot == model.graph->FindOutput("global_step/read:0")));
  BOOST_TEST((step.initial_value == model.graph->FindOutput("global_step/Initializer/zeros:0")));
  BOOST_TEST(!step.trainable);
  BOOST_TEST(!step.is_resource);
  BOOST_TEST(globals[1].name() == "w");
  BOOST_TEST(globals[1].trainable);
  BOOST_TEST((model.graph->GetVariables("trainable_variables") == std::vector{globals[1]}));
  BOOST_TEST((model.graph->GetVariables("global_step") == std::vector{step}));
  const std::vector<Variable> locals = model.graph->GetVariables("local_variables");
  BOOST_REQUIRE(locals.size() == 1U);
  BOOST_TEST(locals[0].name() == "n");
}

BOOST_AUTO_TEST_CASE(ck_2206_resource_variables_are_found_with_all_their_nodes) {
  const ImportedMetaGraph counter = ImportedFile("counter_resource");
  const Variable step = GetGlobalStep(*counter.graph);
  BOOST_REQUIRE(step);
  BOOST_TEST(step.is_resource);
  BOOST_TEST((step.dtype() == DataType::kInt64));
  BOOST_TEST(step.shape().fully_defined());
  BOOST_TEST(step.shape().rank() == 0);
  BOOST_TEST((step.handle == counter.graph->FindOutput("global_step:0")));
  BOOST_TEST((step.value() == counter.graph->FindOutput("global_step/Read/ReadVariableOp:0")));
  BOOST_TEST((step.initializer == counter.graph->FindOperation("global_step/Assign")));
}

BOOST_AUTO_TEST_CASE(ck_2303_the_cached_read_of_the_step_is_used_again) {
  for (const char* name : {"counter", "counter_resource", "model", "queue"}) {
    const ImportedMetaGraph imported = ImportedFile(name);
    const std::uint64_t version = imported.graph->version();
    imported.graph->Finalize();
    BOOST_TEST((GetOrCreateGlobalStepRead(*imported.graph) ==
                imported.graph->FindOutput("global_step/add:0")));
    BOOST_TEST(imported.graph->version() == version);
  }
}

BOOST_AUTO_TEST_CASE(node_lists_become_operations_and_tensors) {
  const ImportedMetaGraph preset = ImportedFile("preset");
  const auto item = [&preset](std::string_view key) {
    const auto items = preset.graph->GetCollection(key);
    BOOST_REQUIRE(items.size() == 1U);
    return items[0];
  };
  BOOST_TEST((item("init_op") == CollectionItem(preset.graph->FindOperation("preset_init"))));
  BOOST_TEST((item("ready_op") == CollectionItem(preset.graph->FindOutput("preset_ready:0"))));
  BOOST_TEST(ImportedFile("ambiguous").graph->GetCollection("ready_op").size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_saver_description_is_handed_on_or_empty) {
  BOOST_TEST(ImportedFile("counter").serialized_saver_def.empty());
  const std::string bytes = ImportedFile("model").serialized_saver_def;
  tf::SaverDef def;
  BOOST_REQUIRE(def.ParseFromString(bytes));
  BOOST_TEST(def.save_tensor_name() == "save/control_dependency:0");
}

BOOST_AUTO_TEST_CASE(hc_s28_every_kind_of_collection_survives) {
  Graph graph;
  const Variable v = MakeVariable(graph, Tensor::Scalar(1.0F), "v0");
  graph.AddToCollection("int_collection", std::int64_t{3});
  graph.AddToCollection("float_collection", 3.5F);
  graph.AddToCollection("string_collection", std::string("hello"));
  graph.AddToCollection("variable_collection", v.handle);
  graph.AddToCollection("any_collection", PackedMessage{"type.googleapis.com/x.Y", "\x08\x01"});
  graph.AddToCollection("empty_text", std::string());
  const std::string bytes = SerializeMetaGraph(graph, {});
  const ImportedMetaGraph copy = Imported(bytes);
  BOOST_TEST((copy.graph->GetCollection("int_collection")[0] == CollectionItem(std::int64_t{3})));
  BOOST_TEST((copy.graph->GetCollection("float_collection")[0] == CollectionItem(3.5F)));
  BOOST_TEST((copy.graph->GetCollection("variable_collection")[0] ==
              CollectionItem(copy.graph->FindOutput("v0:0"))));
  BOOST_TEST((SerializeMetaGraph(*copy.graph, {}) == bytes));
  BOOST_TEST(copy.graph->collections().size() == 8U);
}

BOOST_AUTO_TEST_CASE(hc_s31_what_a_variable_holds_besides_is_handed_on) {
  tf::MetaGraphDef meta = Sample();
  std::string* bytes = CollectionOf(&meta, "variables")->mutable_bytes_list()->mutable_value(0);
  tf::VariableDef def;
  BOOST_REQUIRE(def.ParseFromString(*bytes));
  auto* slice = def.mutable_save_slice_info_def();
  slice->set_full_name("whole");
  slice->add_full_shape(1);
  slice->add_var_offset(0);
  slice->add_var_shape(1);
  def.set_aggregation(tf::VARIABLE_AGGREGATION_MEAN);
  *bytes = def.SerializeAsString();
  const ImportedMetaGraph imported = Imported(meta.SerializeAsString());
  const auto again = Collections(Parsed(SerializeMetaGraph(*imported.graph, {})));
  BOOST_TEST(again.at("variables").bytes_list().value(0) == *bytes);
}

BOOST_AUTO_TEST_CASE(bytes_go_through_the_reader_of_their_collection) {
  tf::MetaGraphDef meta = Sample();
  CollectionOf(&meta, "things")->mutable_bytes_list()->add_value("v");
  const CollectionReaders readers = {
      {"things", [](Graph& graph, std::string_view bytes) -> Result<CollectionItem> {
         Operation* op = graph.FindOperation(bytes);
         if (op == nullptr) return Status(Code::kValueError, "no such thing");
         return CollectionItem(op);
       }}};
  const ImportedMetaGraph imported = Imported(meta.SerializeAsString(), readers);
  BOOST_TEST((imported.graph->GetCollection("things")[0] ==
              CollectionItem(imported.graph->FindOperation("v"))));
  CollectionOf(&meta, "things")->mutable_bytes_list()->add_value("w");
  BOOST_TEST(ErrorOf(meta, readers) == "Collection 'things', entry 1: no such thing");
}

BOOST_AUTO_TEST_CASE(ck_2207_before_1_9_the_collection_tells_what_is_trainable) {
  tf::MetaGraphDef meta = Sample();
  for (const char* key : {"variables", "trainable_variables"}) {
    for (std::string& bytes : *CollectionOf(&meta, key)->mutable_bytes_list()->mutable_value()) {
      tf::VariableDef def;
      BOOST_REQUIRE(def.ParseFromString(bytes));
      def.clear_trainable();
      bytes = def.SerializeAsString();
    }
  }
  CollectionOf(&meta, "trainable_variables")->mutable_bytes_list()->mutable_value()->RemoveLast();
  for (const auto& [version, first, second] : {std::tuple{"1.8.0", true, false},
                                               {"1.9.0", false, false},
                                               {"", false, false},
                                               {"1.15.0-rc3", false, false},
                                               {"0.12.1", true, false}}) {
    BOOST_TEST_CONTEXT(version) {
      meta.mutable_meta_info_def()->set_tensorflow_version(version);
      const ImportedMetaGraph imported = Imported(meta.SerializeAsString());
      const auto variables = imported.graph->GetVariables("variables");
      BOOST_TEST(variables[0].trainable == first);
      BOOST_TEST(variables[1].trainable == second);
    }
  }
}

BOOST_AUTO_TEST_CASE(variables_of_old_files_may_lack_names) {
  tf::MetaGraphDef meta = Sample();
  auto* list = CollectionOf(&meta, "variables")->mutable_bytes_list();
  for (std::string& bytes : *list->mutable_value()) {
    tf::VariableDef def;
    BOOST_REQUIRE(def.ParseFromString(bytes));
    def.clear_initial_value_name();
    if (def.is_resource()) def.clear_snapshot_name();
    bytes = def.SerializeAsString();
  }
  const ImportedMetaGraph imported = Imported(meta.SerializeAsString());
  const auto variables = imported.graph->GetVariables("variables");
  BOOST_TEST(!variables[0].initial_value);
  BOOST_TEST(variables[1].snapshot.name() == "r/Read/ReadVariableOp:0");
  // What has no initial value is read as it is.
  BOOST_TEST((InitializedValue(variables[0]) == variables[0].snapshot));
  const Variable user = MakeVariable(*imported.graph, variables[0].value(), "user");
  BOOST_TEST((user.initializer->inputs()[1] == variables[0].value()));
}

BOOST_AUTO_TEST_CASE(errors_name_the_collection_the_entry_and_what_was_expected) {
  tf::MetaGraphDef no_tensor = Sample();
  CollectionOf(&no_tensor, "nodes")->mutable_node_list()->add_value("v:1");
  BOOST_TEST(ErrorOf(no_tensor) ==
             "Collection 'nodes', entry 1: expected a tensor of the graph, but it has no 'v:1'");
  tf::MetaGraphDef no_operation = Sample();
  CollectionOf(&no_operation, "nodes")->mutable_node_list()->set_value(0, "x");
  BOOST_TEST(ErrorOf(no_operation) ==
             "Collection 'nodes', entry 0: expected an operation of the graph, but it has no 'x'");
  tf::MetaGraphDef no_variable = Sample();
  CollectionOf(&no_variable, "variables")->mutable_bytes_list()->set_value(1, "\xFF");
  BOOST_TEST(ErrorOf(no_variable) == "Collection 'variables', entry 1: expected a VariableDef");
  BOOST_TEST(VariableError(0, [](auto* def) { def->set_variable_name("w:0"); }) ==
             "Collection 'variables', entry 0: the variable of a variable: expected a tensor of "
             "the graph, but it has no 'w:0'");
  BOOST_TEST(VariableError(0, [](auto* def) { def->clear_initializer_name(); }) ==
             "Collection 'variables', entry 0: the initializer of a variable: expected an "
             "operation of the graph, but it has no ''");
  BOOST_TEST(VariableError(0, [](auto* def) { def->set_snapshot_name("v/read:-1"); }) ==
             "Collection 'variables', entry 0: the snapshot of a variable: expected a tensor of "
             "the graph, but it has no 'v/read:-1'");
  BOOST_TEST(VariableError(1, [](auto* def) { def->set_is_resource(false); }) ==
             "Collection 'variables', entry 1: the variable 'r:0': expected a reference variable, "
             "but it is a VarHandleOp");
  BOOST_TEST(VariableError(0, [](auto* def) { def->set_is_resource(true); }) ==
             "Collection 'variables', entry 0: the variable 'v:0': expected the handle of a "
             "resource variable, but it is a VariableV2");
  BOOST_TEST(
      VariableError(
          1, [](auto* def) { def->set_snapshot_name("r/IsInitialized/VarIsInitializedOp:0"); }) ==
      "Collection 'variables', entry 1: expected 'r/IsInitialized/VarIsInitializedOp:0' to "
      "have the type of the variable 'r', float, but it has bool");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_meta_graph_are_refused) {
  BOOST_TEST(ImportMetaGraph("").status().message() == "The MetaGraphDef holds no graph");
  BOOST_TEST(ImportMetaGraph("\xFF\xFF").status().message() == "The bytes are no MetaGraphDef");
  tf::MetaGraphDef meta = Sample();
  meta.mutable_graph_def()->mutable_node(0)->set_op("Frobnicate");
  BOOST_TEST(ErrorOf(meta).find("op type 'Frobnicate' is not known") != std::string::npos);
}

// Whatever happens to the bytes, the import gives a graph or an error.
BOOST_AUTO_TEST_CASE(damaged_bytes_give_an_error_or_a_graph_that_can_be_written) {
  Prng prng(20260101);
  int refused = 0;
  int taken = 0;
  for (const auto& [name, bytes] : GoldenFiles()) {
    for (int round = 0; round < 300; ++round) {
      std::string damaged = bytes;
      const int kind = round % 3;
      if (kind == 0) {
        for (int flips = 0; flips <= round % 4; ++flips) {
          damaged[prng.Below(damaged.size())] ^= static_cast<char>(1 << prng.Below(8));
        }
      } else if (kind == 1) {
        damaged.resize(prng.Below(damaged.size()));
      } else {
        const auto from = prng.Below(damaged.size());
        damaged.erase(from, 1 + prng.Below(40));
      }
      const auto imported = ImportMetaGraph(damaged);
      if (!imported.ok()) {
        BOOST_TEST((imported.status().code() == Code::kInvalidArgument));
        ++refused;
        continue;
      }
      ++taken;
      BOOST_TEST(!SerializeMetaGraph(*imported->graph, {}).empty());
    }
  }
  BOOST_TEST(refused > 1000);
  BOOST_TEST(taken > 50);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
