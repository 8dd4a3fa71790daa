#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/graph/attr_value.h"

namespace faultline {

class Graph;
class Operation;
struct OpDef;

// One output of an operation: what TensorFlow calls a tensor of a graph. Identity, not value
// (MP-11).
struct Output {
  Operation* op = nullptr;
  int index = 0;

  explicit operator bool() const { return op != nullptr; }
  // "name:0".
  std::string name() const;
  // With the reference bit, if it is one.
  DataType dtype() const;
  const PartialShape& shape() const;
  friend bool operator==(const Output&, const Output&) = default;
};

// A node. Owned by its graph, never moved, never removed.
class Operation {
 public:
  const std::string& name() const { return name_; }
  const std::string& type() const { return type_; }
  const OpDef& def() const { return *def_; }
  Graph& graph() const { return *graph_; }
  // Position in the order of creation.
  int id() const { return id_; }
  const std::string& device() const { return device_; }
  const std::vector<Output>& inputs() const { return inputs_; }
  const std::vector<Operation*>& control_inputs() const { return control_inputs_; }
  int num_outputs() const { return static_cast<int>(output_types_.size()); }
  Output output(int i = 0) { return {this, i}; }
  DataType output_type(int i) const { return output_types_[static_cast<std::size_t>(i)]; }
  const PartialShape& output_shape(int i) const {
    return output_shapes_[static_cast<std::size_t>(i)];
  }

  const AttrMap& attrs() const { return attrs_; }
  // The attribute, which must exist with this type (asserted).
  template <class T>
  const T& attr(std::string_view name) const {
    const auto found = attrs_.find(name);
    FL_ASSERT(found != attrs_.end(), "{} ({}) has no attribute {}", name_, type_, name);
    const T* value = std::get_if<T>(&found->second);
    FL_ASSERT(value != nullptr, "{} ({}): attribute {} has another type", name_, type_, name);
    return *value;
  }
  bool has_attr(std::string_view name) const { return attrs_.find(name) != attrs_.end(); }

 private:
  friend class Graph;
  Operation() = default;

  Graph* graph_ = nullptr;
  const OpDef* def_ = nullptr;
  int id_ = 0;
  std::string name_;
  std::string type_;
  std::string device_;
  std::vector<Output> inputs_;
  std::vector<Operation*> control_inputs_;
  AttrMap attrs_;
  std::vector<DataType> output_types_;
  std::vector<PartialShape> output_shapes_;
};

// A variable of the graph: the nodes that belong together under one name (CK-2206). A light value;
// the nodes belong to the graph.
struct Variable {
  Output handle;                     // "v:0", a reference or a resource
  Output initial_value;              // evaluated by the initializer; null in old files
  Output snapshot;                   // "v/read:0", "v/Read/ReadVariableOp:0", or a cached value
  Operation* initializer = nullptr;  // "v/Assign"
  bool trainable = true;
  bool is_resource = false;
  // The fields of its message that are only handed on: a serialized VariableDef of those alone.
  std::string uninterpreted = {};

  explicit operator bool() const { return static_cast<bool>(handle); }
  // Name of the variable's operation, which is its name in checkpoints.
  const std::string& name() const { return handle.op->name(); }
  // What reads its value in a graph: the snapshot.
  Output value() const { return snapshot; }
  // Of its value, never a reference or a resource.
  DataType dtype() const;
  const PartialShape& shape() const;
  friend bool operator==(const Variable& a, const Variable& b) { return a.handle == b.handle; }
};

// Something with behaviour that a collection holds: a saver, a queue runner.
class CollectionObject {
 public:
  virtual ~CollectionObject() = default;
  // Bytes of its message in a MetaGraphDef's bytes_list (CK-2205).
  virtual std::string Serialize() const = 0;
};

// An entry of an any_list, handed on as it is (CK-2205).
struct PackedMessage {
  std::string type_url;
  std::string value;
  friend bool operator==(const PackedMessage&, const PackedMessage&) = default;
};

// State besides variables that has to be created before use, as the collections of resources hold
// it (SE-25). TensorFlow has no message for it: such collections are not exported.
struct InitializableResource {
  Output handle;
  Operation* create = nullptr;
  Output is_initialized;  // bool scalar
  friend bool operator==(const InitializableResource&, const InitializableResource&) = default;
};

// A string is an entry of a bytes_list that nobody interprets.
using CollectionItem =
    std::variant<std::int64_t, float, std::string, Operation*, Output, Variable,
                 std::shared_ptr<CollectionObject>, PackedMessage, InitializableResource>;

// The version of the format that a GraphDef states; handed on by import and export.
struct GraphVersions {
  int producer = 119;  // that of TensorFlow 2.0, whose messages this project follows
  int min_consumer = 0;
  std::vector<int> bad_consumers;
};

// Keys of the collections that this project uses (GF-9), with TensorFlow's spelling.
struct GraphKeys {
  static constexpr std::string_view kGlobalVariables = "variables";
  static constexpr std::string_view kTrainableVariables = "trainable_variables";
  static constexpr std::string_view kLocalVariables = "local_variables";
  static constexpr std::string_view kTableInitializers = "table_initializer";
  static constexpr std::string_view kResources = "resources";
  static constexpr std::string_view kLocalResources = "local_resources";
  static constexpr std::string_view kInitOp = "init_op";
  static constexpr std::string_view kReadyOp = "ready_op";
  static constexpr std::string_view kReadyForLocalInitOp = "ready_for_local_init_op";
  static constexpr std::string_view kLocalInitOp = "local_init_op";
  static constexpr std::string_view kSummaryOp = "summary_op";
  static constexpr std::string_view kSummaries = "summaries";
  static constexpr std::string_view kSavers = "savers";
  static constexpr std::string_view kQueueRunners = "queue_runners";
  static constexpr std::string_view kGlobalStep = "global_step";
  static constexpr std::string_view kGlobalStepRead = "global_step_read_op_cache";
  static constexpr std::string_view kTrainOp = "train_op";
  static constexpr std::string_view kLosses = "losses";
};

// What an operation is made of. Attributes that are missing take the op's default; type attributes
// are inferred from the inputs.
struct OperationSpec {
  std::string type;
  // Made unique in the current name scope; empty: the op's type. With a final "/", exactly this
  // name without the slash, whatever the scope; ValueError if it is taken.
  std::string name;
  std::vector<Output> inputs;
  AttrMap attrs;
  std::vector<Operation*> control_inputs;  // besides those of the scopes
  // Empty: that of the variable whose reference it takes, else that of the scope.
  std::string device;
};

// A dataflow graph under construction, then final. Errors of construction are thrown (CONTRIBUTING,
// errors): ValueError, TypeError, InvalidArgumentError; RuntimeError on a final graph (GF-2). Never
// suspends.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  Operation* AddOperation(OperationSpec spec);

  // Null if there is none of that exact name.
  Operation* FindOperation(std::string_view name) const;
  // By "name:0"; ValueError if there is none.
  Output FindOutput(std::string_view name) const;
  // In order of creation.
  const std::vector<std::unique_ptr<Operation>>& operations() const { return operations_; }
  bool Contains(const Operation* op) const;

  bool finalized() const { return finalized_; }
  void Finalize() { finalized_ = true; }           // GF-1
  void UnsafeUnfinalize() { finalized_ = false; }  // GF-3

  // Runs refuse to fetch this operation and its outputs from now on, or to feed this tensor
  // (SE-13, SE-17).
  void PreventFetching(const Operation* op);
  void PreventFeeding(Output tensor);
  bool IsFetchable(const Operation* op) const;
  bool IsFeedable(Output tensor) const;

  void AddToCollection(std::string_view key, CollectionItem item);
  void ClearCollection(std::string_view key);
  // A copy, in order; empty for an unknown key.
  std::vector<CollectionItem> GetCollection(std::string_view key) const;
  // The variables among the items.
  std::vector<Variable> GetVariables(std::string_view key) const;
  // The resources among them.
  std::vector<InitializableResource> GetResources(std::string_view key) const;
  const std::map<std::string, std::vector<CollectionItem>, std::less<>>& collections() const {
    return collections_;
  }

  // `name` within the current scope, or the first of "name_1", "name_2", ... that is free, and
  // taken from now on. Case makes no difference, as in TensorFlow. RuntimeError on a final graph.
  std::string UniqueName(std::string_view name);
  // "outer/inner" without a final slash; empty at the root.
  const std::string& name_scope() const { return name_scope_; }

  // Counts additions of operations; a rendering is valid for one version.
  std::uint64_t version() const { return version_; }
  // Graph-level seed of random ops; 0: none.
  std::uint64_t seed() const { return seed_; }
  void set_seed(std::uint64_t seed) { seed_ = seed; }

  const GraphVersions& versions() const { return versions_; }

  // Serialized GraphDef with output shapes: rendered once for each version and kept
  // (DESIGN 2.1(13)).
  const std::string& SerializedGraphDef() const;
  // Its text form (CK-2201), kept as well.
  const std::string& GraphDefText() const;
  // Hash of the serialized GraphDef (INV-27).
  std::uint64_t Digest() const;

 private:
  friend class NameScope;
  friend class ControlScope;
  friend class InitScope;
  friend class DeviceScope;
  friend class GraphImporter;
  struct Rendered;
  // A control scope, with the operations made in it: what one of them feeds need not wait again.
  struct ControlFrame {
    std::vector<Operation*> operations;
    std::set<int> inside;
  };
  void CheckNotFinalized(std::string_view action) const;
  // Adds a node under exactly this name. The error names the node.
  Result<Operation*> Add(OperationSpec spec, std::string name);
  // The same for a node of a GraphDef, with what its maker has decided; takes the name.
  Status AddImported(OperationSpec spec, const std::string& name);
  std::vector<Operation*> ControlInputs(const OperationSpec& spec) const;

  std::vector<std::unique_ptr<Operation>> operations_;
  std::map<std::string, Operation*, std::less<>> by_name_;
  std::map<std::string, int, std::less<>> used_names_;
  std::map<std::string, std::vector<CollectionItem>, std::less<>> collections_;
  std::string name_scope_;
  std::string device_;
  std::vector<ControlFrame> control_frames_;
  bool finalized_ = false;
  std::uint64_t version_ = 0;
  std::uint64_t seed_ = 0;
  GraphVersions versions_;
  std::set<int> unfetchable_;                 // ids of operations
  std::set<std::pair<int, int>> unfeedable_;  // and indices of outputs
  mutable std::unique_ptr<Rendered> rendered_;
};

// While it lives, names of new operations start with "name/", made unique. With a final slash, the
// scope of exactly that name is entered again; an empty name leads to the root.
class NameScope {
 public:
  NameScope(Graph& graph, std::string_view name);
  ~NameScope();
  NameScope(const NameScope&) = delete;
  NameScope& operator=(const NameScope&) = delete;

 private:
  Graph& graph_;
  std::string previous_;
};

// While it lives, new operations run after these.
class ControlScope {
 public:
  ControlScope(Graph& graph, std::vector<Operation*> operations);
  ~ControlScope();
  ControlScope(const ControlScope&) = delete;
  ControlScope& operator=(const ControlScope&) = delete;

 private:
  Graph& graph_;
};

// While it lives, the control scopes around it have no effect: what initializes a variable must not
// wait for a step.
class InitScope {
 public:
  explicit InitScope(Graph& graph);
  ~InitScope();
  InitScope(const InitScope&) = delete;
  InitScope& operator=(const InitScope&) = delete;

 private:
  Graph& graph_;
  std::vector<Graph::ControlFrame> lifted_;
};

// While it lives, new operations are placed on this device.
class DeviceScope {
 public:
  DeviceScope(Graph& graph, std::string device);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  Graph& graph_;
  std::string previous_;
};

// Whether TensorFlow accepts `name` for a node.
bool IsValidNodeName(std::string_view name);

// Names of the colocation groups that an operation belongs to: those of its attribute "_class",
// else "loc:@" and its name. What is to stay beside it gets them as its own "_class".
std::vector<std::string> ColocationGroups(const Operation& op);

// A new graph made from a serialized GraphDef. INVALID_ARGUMENT names the node and what is wrong.
Result<std::unique_ptr<Graph>> GraphFromDef(std::string_view serialized_graph_def);

}  // namespace faultline
