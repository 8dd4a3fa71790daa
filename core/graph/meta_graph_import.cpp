#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/arena.h>
#include <google/protobuf/stubs/logging.h>

#include "core/graph/import.h"
#include "core/graph/meta_graph.h"
#include "core/proto/meta_graph.pb.h"
#include "core/proto/variable.pb.h"

namespace faultline {
namespace {

namespace tf = v1::tf;

// Keys of the collections whose entries TensorFlow registers as VariableDef.
constexpr std::string_view kVariableCollections[] = {
    GraphKeys::kGlobalVariables, GraphKeys::kTrainableVariables,
    GraphKeys::kLocalVariables,  GraphKeys::kGlobalStep,
    "model_variables",           "metric_variables",
    "moving_average_variables"};

Status Malformed(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

// Whether files of this version of TensorFlow state for each variable if it is trainable: since 1.9
// they do, and a file without a version is taken for one that does (CK-2207).
bool StatesTrainable(std::string_view version) {
  if (version.empty()) return true;
  int major = 0;
  int minor = 0;
  const char* end = version.data() + version.size();
  const auto [dot, major_error] = std::from_chars(version.data(), end, major);
  if (major_error != std::errc() || dot == end) return true;
  const auto minor_error = std::from_chars(dot + 1, end, minor).ec;
  return minor_error != std::errc() || std::pair(major, minor) >= std::pair(1, 9);
}

class CollectionImporter {
 public:
  CollectionImporter(Graph& graph, const CollectionReaders& readers, const tf::MetaGraphDef& meta)
      : graph_(graph), readers_(readers) {
    // Of a key that occurs twice the last counts, as in a map of protobuf.
    for (const auto& entry : meta.collection_def()) collections_[entry.key()] = &entry.value();
    states_trainable_ = StatesTrainable(meta.meta_info_def().tensorflow_version());
    const auto trainable = collections_.find(GraphKeys::kTrainableVariables);
    if (states_trainable_ || trainable == collections_.end()) return;
    for (const std::string& bytes : trainable->second->bytes_list().value()) {
      trainable_.insert(bytes);
    }
  }

  Status Run() {
    for (const auto& [key, def] : collections_) {
      const int size = SizeOf(*def);
      for (int i = 0; i < size; ++i) {
        Result<CollectionItem> item = Read(key, *def, i);
        if (!item.ok()) {
          return Malformed(
              fmt::format("Collection '{}', entry {}: {}", key, i, item.status().message()));
        }
        graph_.AddToCollection(key, *std::move(item));
      }
    }
    return Status();
  }

 private:
  // None for a collection of no kind, which TensorFlow skips.
  static int SizeOf(const tf::CollectionDef& def) {
    switch (def.kind_case()) {
      case tf::CollectionDef::kNodeList:
        return def.node_list().value_size();
      case tf::CollectionDef::kBytesList:
        return def.bytes_list().value_size();
      case tf::CollectionDef::kInt64List:
        return def.int64_list().value_size();
      case tf::CollectionDef::kFloatList:
        return def.float_list().value_size();
      case tf::CollectionDef::kAnyList:
        return def.any_list().value_size();
      case tf::CollectionDef::KIND_NOT_SET:
        return 0;
    }
    return 0;
  }

  Result<CollectionItem> Read(std::string_view key, const tf::CollectionDef& def, int i) const {
    switch (def.kind_case()) {
      case tf::CollectionDef::kNodeList:
        return FindElement(def.node_list().value(i));
      case tf::CollectionDef::kInt64List:
        return CollectionItem(std::int64_t{def.int64_list().value(i)});
      case tf::CollectionDef::kFloatList:
        return CollectionItem(def.float_list().value(i));
      case tf::CollectionDef::kAnyList: {
        const auto& any = def.any_list().value(i);
        return CollectionItem(PackedMessage{any.type_url(), any.value()});
      }
      default:
        return ReadBytes(key, def.bytes_list().value(i));
    }
  }

  Result<CollectionItem> ReadBytes(std::string_view key, const std::string& bytes) const {
    const auto reader = readers_.find(key);
    if (reader != readers_.end()) return reader->second(graph_, bytes);
    if (std::ranges::find(kVariableCollections, key) != std::end(kVariableCollections)) {
      return ReadVariable(bytes);
    }
    return CollectionItem(bytes);
  }

  // "x:0" is a tensor, "x" an operation.
  Result<CollectionItem> FindElement(const std::string& name) const {
    if (name.find(':') != std::string::npos) {
      FL_ASSIGN_OR_RETURN(const Output output, FindTensor(name));
      return CollectionItem(output);
    }
    FL_ASSIGN_OR_RETURN(Operation* const op, FindOperation(name));
    return CollectionItem(op);
  }

  Result<Operation*> FindOperation(const std::string& name) const {
    Operation* op = graph_.FindOperation(name);
    if (op == nullptr) {
      return Malformed(fmt::format("expected an operation of the graph, but it has no '{}'", name));
    }
    return op;
  }

  Result<Output> FindTensor(const std::string& name) const {
    const std::size_t colon = name.rfind(':');
    Operation* op = graph_.FindOperation(std::string_view(name).substr(0, colon));
    int index = -1;
    if (colon != std::string::npos) {
      const char* end = name.data() + name.size();
      const auto [rest, error] = std::from_chars(name.data() + colon + 1, end, index);
      if (error != std::errc() || rest != end) index = -1;
    }
    if (op == nullptr || index < 0 || index >= op->num_outputs()) {
      return Malformed(fmt::format("expected a tensor of the graph, but it has no '{}'", name));
    }
    return op->output(index);
  }

  // CK-2206
  Result<CollectionItem> ReadVariable(const std::string& bytes) const {
    tf::VariableDef def;
    if (!def.ParseFromString(bytes)) return Malformed("expected a VariableDef");
    Variable variable;
    variable.is_resource = def.is_resource();
    variable.trainable = states_trainable_ ? def.trainable() : trainable_.contains(bytes);
    FL_ASSIGN_OR_RETURN(variable.handle, Named("variable", FindTensor(def.variable_name())));
    FL_RETURN_IF_ERROR(CheckHandle(variable));
    FL_ASSIGN_OR_RETURN(variable.initializer,
                        Named("initializer", FindOperation(def.initializer_name())));
    if (def.snapshot_name().empty() && def.is_resource()) {  // of old files
      def.set_snapshot_name(variable.name() + "/Read/ReadVariableOp:0");
    }
    FL_ASSIGN_OR_RETURN(variable.snapshot, Named("snapshot", FindTensor(def.snapshot_name())));
    if (!def.initial_value_name().empty()) {
      FL_ASSIGN_OR_RETURN(variable.initial_value,
                          Named("initial value", FindTensor(def.initial_value_name())));
    }
    FL_RETURN_IF_ERROR(CheckValues(variable));
    variable.uninterpreted = Rest(std::move(def));
    return CollectionItem(std::move(variable));
  }

  template <class T>
  static Result<T> Named(std::string_view role, Result<T> found) {
    if (found.ok()) return found;
    return Malformed(fmt::format("the {} of a variable: {}", role, found.status().message()));
  }

  static Status CheckHandle(const Variable& variable) {
    const Output& handle = variable.handle;
    if (variable.is_resource ? handle.op->type() == "VarHandleOp" : IsRef(handle.dtype())) {
      return Status();
    }
    return Malformed(fmt::format(
        "the variable '{}': expected {}, but it is a {}", handle.name(),
        variable.is_resource ? "the handle of a resource variable" : "a reference variable",
        handle.op->type()));
  }

  static Status CheckValues(const Variable& variable) {
    for (const Output& value : {variable.snapshot, variable.initial_value}) {
      if (value && BaseType(value.dtype()) != variable.dtype()) {
        return Malformed(
            fmt::format("expected '{}' to have the type of the variable '{}', {}, but "
                        "it has {}",
                        value.name(), variable.name(), DataTypeName(variable.dtype()),
                        DataTypeName(value.dtype())));
      }
    }
    return Status();
  }

  static std::string Rest(tf::VariableDef def) {
    def.clear_variable_name();
    def.clear_initializer_name();
    def.clear_snapshot_name();
    def.clear_initial_value_name();
    def.clear_is_resource();
    def.clear_trainable();
    return def.SerializeAsString();
  }

  Graph& graph_;
  const CollectionReaders& readers_;
  std::map<std::string_view, const tf::CollectionDef*> collections_;
  bool states_trainable_ = true;
  std::set<std::string_view> trainable_;  // entries, for files that do not state it
};

}  // namespace

Result<ImportedMetaGraph> ImportMetaGraph(std::string_view serialized,
                                          const CollectionReaders& readers) {
  google::protobuf::Arena arena;
  auto& meta = *google::protobuf::Arena::CreateMessage<tf::MetaGraphDef>(&arena);
  // What is wrong with the bytes is in the status; protobuf would print it as well.
  const google::protobuf::LogSilencer silence;
  if (!std::in_range<int>(serialized.size()) ||
      !meta.ParseFromArray(serialized.data(), static_cast<int>(serialized.size()))) {
    return Malformed("The bytes are no MetaGraphDef");
  }
  if (!meta.has_graph_def()) return Malformed("The MetaGraphDef holds no graph");
  ImportedMetaGraph imported;
  FL_ASSIGN_OR_RETURN(imported.graph, GraphFromMessage(meta.graph_def()));
  FL_RETURN_IF_ERROR(CollectionImporter(*imported.graph, readers, meta).Run());
  if (meta.has_saver_def()) imported.serialized_saver_def = meta.saver_def().SerializeAsString();
  return imported;
}

}  // namespace faultline
