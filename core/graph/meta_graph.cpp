#include "core/graph/meta_graph.h"

#include <set>

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include "core/graph/render.h"
#include "core/proto/meta_graph.pb.h"
#include "core/proto/variable.pb.h"

namespace faultline {
namespace {

namespace tf = v1::tf;

// TensorFlow reads `trainable` of variables from files of 1.9 and later (CK-2207).
constexpr const char* kTensorFlowVersion = "2.0.0";
constexpr const char* kGitVersion = "faultline";

// CK-2203
void WriteMetaInfo(const Graph& graph, const MetaGraphOptions& options,
                   tf::MetaGraphDef::MetaInfoDef* info) {
  std::set<std::string_view> types;
  for (const auto& op : graph.operations()) types.insert(op->def().name);
  for (const std::string_view type : types) {
    OpDefToProto(*FindOpDef(type), info->mutable_stripped_op_list()->add_op());
  }
  info->set_tensorflow_version(kTensorFlowVersion);
  info->set_tensorflow_git_version(kGitVersion);
  info->set_stripped_default_attrs(options.strip_default_attrs);
}

// CK-2206
std::string VariableBytes(const Variable& variable) {
  tf::VariableDef def;
  const bool parsed = def.ParseFromString(variable.uninterpreted);
  FL_ASSERT(parsed, "the message of {} cannot be read back", variable.name());
  def.set_variable_name(variable.handle.name());
  def.set_initializer_name(variable.initializer->name());
  def.set_snapshot_name(variable.snapshot.name());
  if (variable.initial_value) def.set_initial_value_name(variable.initial_value.name());
  def.set_is_resource(variable.is_resource);
  def.set_trainable(variable.trainable);
  return def.SerializeAsString();
}

// Adds an item to a collection's message.
struct ItemWriter {
  tf::CollectionDef* def;

  void operator()(std::int64_t v) const { def->mutable_int64_list()->add_value(v); }
  void operator()(float v) const { def->mutable_float_list()->add_value(v); }
  void operator()(const std::string& v) const { def->mutable_bytes_list()->add_value(v); }
  void operator()(Operation* v) const { def->mutable_node_list()->add_value(v->name()); }
  void operator()(const Output& v) const { def->mutable_node_list()->add_value(v.name()); }
  void operator()(const Variable& v) const {
    def->mutable_bytes_list()->add_value(VariableBytes(v));
  }
  void operator()(const std::shared_ptr<CollectionObject>& v) const {
    def->mutable_bytes_list()->add_value(v->Serialize());
  }
  void operator()(const PackedMessage& v) const {
    auto* any = def->mutable_any_list()->add_value();
    any->set_type_url(v.type_url);
    any->set_value(v.value);
  }
  void operator()(const InitializableResource&) const {}
};

// Operations and tensors are both graph elements.
std::size_t KindOf(const CollectionItem& item) {
  const CollectionItem node(static_cast<Operation*>(nullptr));
  return std::holds_alternative<Output>(item) ? node.index() : item.index();
}

// CK-2205; false for mixed types and for those without a message, which TensorFlow drops too.
bool WriteCollection(const std::vector<CollectionItem>& items, tf::CollectionDef* def) {
  for (const CollectionItem& item : items) {
    if (KindOf(item) != KindOf(items.front())) return false;
    std::visit(ItemWriter{def}, item);
  }
  return def->kind_case() != tf::CollectionDef::KIND_NOT_SET;
}

// The field of the graph, from the rendering that the graph keeps if that is the same.
void AppendGraph(const Graph& graph, const MetaGraphOptions& options, std::string* bytes) {
  if (options.clear_devices || options.strip_default_attrs) {
    google::protobuf::Arena arena;
    auto& meta = *google::protobuf::Arena::CreateMessage<tf::MetaGraphDef>(&arena);
    GraphToProto(graph,
                 {.output_shapes = true,
                  .clear_devices = options.clear_devices,
                  .strip_default_attrs = options.strip_default_attrs},
                 meta.mutable_graph_def());
    meta.AppendToString(bytes);
    return;
  }
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::StringOutputStream stream(bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  WireFormatLite::WriteBytes(tf::MetaGraphDef::kGraphDefFieldNumber, graph.SerializedGraphDef(),
                             &out);
}

}  // namespace

std::string SerializeMetaGraph(const Graph& graph, const MetaGraphOptions& options) {
  google::protobuf::Arena arena;
  auto& head = *google::protobuf::Arena::CreateMessage<tf::MetaGraphDef>(&arena);
  WriteMetaInfo(graph, options, head.mutable_meta_info_def());
  std::string bytes = head.SerializeAsString();
  // Serialized messages that follow each other merge; this order is that of the fields.
  AppendGraph(graph, options, &bytes);
  auto& meta = *google::protobuf::Arena::CreateMessage<tf::MetaGraphDef>(&arena);
  if (!options.serialized_saver_def.empty()) {
    const bool parsed = meta.mutable_saver_def()->ParseFromString(options.serialized_saver_def);
    FL_ASSERT(parsed, "the saver's message cannot be read back");
  }
  for (const auto& [key, items] : graph.collections()) {
    tf::CollectionDef def;
    if (!WriteCollection(items, &def)) continue;
    tf::MetaGraphDef::CollectionEntry* entry = meta.add_collection_def();
    entry->set_key(key);
    *entry->mutable_value() = std::move(def);
  }
  meta.AppendToString(&bytes);
  return bytes;
}

}  // namespace faultline
