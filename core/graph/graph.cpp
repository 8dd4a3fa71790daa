#include "core/graph/graph.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/graph/node_resolver.h"
#include "core/graph/op_def.h"
#include "core/graph/render.h"

namespace faultline {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// In order of names, as TensorFlow writes a set of control inputs.
std::vector<Operation*> ByName(std::vector<Operation*> operations) {
  std::ranges::sort(operations, {}, &Operation::name);
  return operations;
}

// The colocation groups of the variables that an op refers to, and their device.
void ColocateWithReferences(const OpDef& def, OperationSpec* spec) {
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < def.inputs.size() && i < spec->inputs.size(); ++i) {
    if (!def.inputs[i].is_ref) continue;
    const Operation& op = *spec->inputs[i].op;
    for (std::string& group : ColocationGroups(op)) groups.push_back(std::move(group));
    if (spec->device.empty()) spec->device = op.device();
  }
  if (groups.empty() || spec->attrs.contains("_class")) return;
  std::ranges::sort(groups);
  groups.erase(std::ranges::unique(groups).begin(), groups.end());
  spec->attrs.emplace("_class", std::move(groups));
}

}  // namespace

bool IsValidNodeName(std::string_view name) {
  if (name.empty() || (!IsLetterOrDigit(name[0]) && name[0] != '.')) return false;
  return std::ranges::all_of(name, [](char c) {
    return IsLetterOrDigit(c) || c == '_' || c == '.' || c == '\\' || c == '-' || c == '/';
  });
}

std::string Output::name() const { return fmt::format("{}:{}", op->name(), index); }
DataType Output::dtype() const { return op->output_type(index); }
const PartialShape& Output::shape() const { return op->output_shape(index); }

DataType Variable::dtype() const {
  return is_resource ? handle.op->attr<DataType>("dtype") : BaseType(handle.dtype());
}

const PartialShape& Variable::shape() const {
  return is_resource ? handle.op->attr<PartialShape>("shape") : handle.shape();
}

std::vector<std::string> ColocationGroups(const Operation& op) {
  if (op.has_attr("_class")) return op.attr<std::vector<std::string>>("_class");
  return {"loc:@" + op.name()};
}

struct Graph::Rendered {
  std::uint64_t binary_version = 0;
  std::uint64_t text_version = 0;
  std::string binary;
  std::string text;
};

Graph::Graph() = default;
Graph::~Graph() = default;

void Graph::CheckNotFinalized(std::string_view action) const {
  if (finalized_) {
    throw RuntimeError(fmt::format("Graph is finalized and cannot be modified: {}", action));
  }
}

Operation* Graph::AddOperation(OperationSpec spec) {
  CheckNotFinalized("add operation " + spec.type);  // GF-2
  const OpDef* def = FindOpDef(spec.type);
  if (def == nullptr) throw ValueError("No op named " + spec.type);
  for (const Output& input : spec.inputs) {
    if (!input || !Contains(input.op)) {
      throw ValueError(fmt::format("An input of {} is not of this graph", spec.type));
    }
  }
  for (const Operation* op : spec.control_inputs) {
    if (!Contains(op)) {
      throw ValueError(fmt::format("A control input of {} is not of this graph", spec.type));
    }
  }
  const std::string wanted = spec.name.empty() ? spec.type : spec.name;
  const bool exact = wanted.ends_with('/');
  std::string name = exact ? wanted.substr(0, wanted.size() - 1) : wanted;
  if (!IsValidNodeName(name)) throw ValueError(fmt::format("'{}' is not a valid node name", name));
  if (exact && FindOperation(name) != nullptr) {
    throw ValueError(fmt::format("There is a node named '{}' already", name));
  }
  ColocateWithReferences(*def, &spec);
  if (spec.device.empty()) spec.device = device_;
  spec.control_inputs = ControlInputs(spec);
  if (exact) {
    used_names_.try_emplace(LowerCase(name), 1);
  } else {
    name = UniqueName(name);
  }
  Result<Operation*> added = Add(std::move(spec), std::move(name));
  if (!added.ok()) ThrowStatus(added.status());
  for (ControlFrame& frame : control_frames_) frame.inside.insert((*added)->id());
  return *added;
}

Result<Operation*> Graph::Add(OperationSpec spec, std::string name) {
  const OpDef* def = FindOpDef(spec.type);
  FL_ASSERT(def != nullptr, "no op {}", spec.type);
  FL_ASSERT(!by_name_.contains(name), "two nodes {}", name);
  ResolvedNode node;
  const Status status = ResolveNode(*def, spec.inputs, std::move(spec.attrs), &node);
  if (!status.ok()) {
    std::string shapes;
    for (const Output& input : spec.inputs) {
      shapes += (shapes.empty() ? "" : ", ") + input.shape().ToString();
    }
    return status.WithMessage(fmt::format("{} for '{}' (op: '{}') with input shapes: {}.",
                                          status.message(), name, spec.type, shapes));
  }
  auto op = std::unique_ptr<Operation>(new Operation());
  op->graph_ = this;
  op->def_ = def;
  op->id_ = static_cast<int>(operations_.size());
  op->name_ = std::move(name);
  op->type_ = std::move(spec.type);
  op->device_ = std::move(spec.device);
  op->inputs_ = std::move(spec.inputs);
  op->control_inputs_ = std::move(spec.control_inputs);
  op->attrs_ = std::move(node.attrs);
  op->output_types_ = std::move(node.output_types);
  op->output_shapes_ = std::move(node.output_shapes);
  by_name_.emplace(op->name_, op.get());
  ++version_;
  operations_.push_back(std::move(op));
  return operations_.back().get();
}

Status Graph::AddImported(OperationSpec spec, const std::string& name) {
  used_names_.try_emplace(LowerCase(name), 1);
  return Add(std::move(spec), name).status();
}

// Those of the node itself, then those of the scopes from outside inwards. A scope is left out if
// an input was made in it and so has waited, and what is a data input anyway is left out too.
std::vector<Operation*> Graph::ControlInputs(const OperationSpec& spec) const {
  std::vector<Operation*> all = ByName(spec.control_inputs);
  const auto is_input = [&spec](const Operation* op) {
    return std::ranges::any_of(spec.inputs, [op](const Output& in) { return in.op == op; });
  };
  for (const ControlFrame& frame : control_frames_) {
    const bool waited = std::ranges::any_of(spec.inputs, [&frame](const Output& input) {
      return frame.inside.contains(input.op->id());
    });
    if (waited) continue;
    for (Operation* op : frame.operations) {
      if (!is_input(op)) all.push_back(op);
    }
  }
  std::vector<Operation*> once;
  for (Operation* op : all) {
    if (std::ranges::find(once, op) == once.end()) once.push_back(op);
  }
  return once;
}

Operation* Graph::FindOperation(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Output Graph::FindOutput(std::string_view name) const {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string_view::npos) {
    throw ValueError(fmt::format("'{}' names no tensor: expected \"<op>:<output>\"", name));
  }
  int index = -1;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + colon + 1, end, index);
  Operation* op = FindOperation(name.substr(0, colon));
  if (op == nullptr || error != std::errc() || rest != end || index < 0 ||
      index >= op->num_outputs()) {
    throw ValueError(fmt::format("The graph has no tensor '{}'", name));
  }
  return op->output(index);
}

bool Graph::Contains(const Operation* op) const { return op != nullptr && &op->graph() == this; }

void Graph::PreventFetching(const Operation* op) {
  if (!Contains(op)) throw ValueError("What shall not be fetched is not of this graph");
  unfetchable_.insert(op->id());
}

void Graph::PreventFeeding(Output tensor) {
  if (!Contains(tensor.op)) throw ValueError("What shall not be fed is not of this graph");
  unfeedable_.emplace(tensor.op->id(), tensor.index);
}

bool Graph::IsFetchable(const Operation* op) const { return !unfetchable_.contains(op->id()); }

bool Graph::IsFeedable(Output tensor) const {
  return !unfeedable_.contains({tensor.op->id(), tensor.index});
}

void Graph::AddToCollection(std::string_view key, CollectionItem item) {
  CheckNotFinalized(fmt::format("add to collection {}", key));  // GF-2
  auto found = collections_.find(key);
  if (found == collections_.end())
    found = collections_.emplace(key, std::vector<CollectionItem>()).first;
  found->second.push_back(std::move(item));
}

void Graph::ClearCollection(std::string_view key) {
  CheckNotFinalized(fmt::format("clear collection {}", key));  // GF-2
  const auto found = collections_.find(key);
  if (found != collections_.end()) collections_.erase(found);
}

std::vector<CollectionItem> Graph::GetCollection(std::string_view key) const {
  const auto found = collections_.find(key);
  return found == collections_.end() ? std::vector<CollectionItem>() : found->second;
}

std::vector<Variable> Graph::GetVariables(std::string_view key) const {
  std::vector<Variable> variables;
  for (const CollectionItem& item : GetCollection(key)) {
    if (const auto* variable = std::get_if<Variable>(&item)) variables.push_back(*variable);
  }
  return variables;
}

std::vector<InitializableResource> Graph::GetResources(std::string_view key) const {
  std::vector<InitializableResource> resources;
  for (const CollectionItem& item : GetCollection(key)) {
    if (const auto* resource = std::get_if<InitializableResource>(&item)) {
      resources.push_back(*resource);
    }
  }
  return resources;
}

std::string Graph::UniqueName(std::string_view name) {
  CheckNotFinalized(fmt::format("take the name {}", name));  // GF-2
  std::string full =
      name_scope_.empty() ? std::string(name) : name_scope_ + "/" + std::string(name);
  const std::string key = LowerCase(full);
  int& uses = used_names_[key];
  int suffix = uses++;
  if (suffix == 0) return full;
  std::string candidate = fmt::format("{}_{}", key, suffix);
  while (used_names_.contains(candidate)) candidate = fmt::format("{}_{}", key, ++suffix);
  used_names_[candidate] = 1;
  return fmt::format("{}_{}", full, suffix);
}

const std::string& Graph::SerializedGraphDef() const {
  if (!rendered_) rendered_ = std::make_unique<Rendered>();
  if (rendered_->binary.empty() || rendered_->binary_version != version_) {
    rendered_->binary = RenderGraphDef(*this);
    rendered_->binary_version = version_;
  }
  return rendered_->binary;
}

const std::string& Graph::GraphDefText() const {
  if (!rendered_) rendered_ = std::make_unique<Rendered>();
  if (rendered_->text.empty() || rendered_->text_version != version_) {
    rendered_->text = RenderGraphDefText(*this);
    rendered_->text_version = version_;
  }
  return rendered_->text;
}

std::uint64_t Graph::Digest() const {
  Hash64 hash;
  hash.Add(std::string_view(SerializedGraphDef()));
  return hash.value();
}

NameScope::NameScope(Graph& graph, std::string_view name)
    : graph_(graph), previous_(graph.name_scope_) {
  if (name.empty()) {
    graph.name_scope_.clear();
    return;
  }
  std::string_view bare = name;
  if (bare.ends_with('/')) bare.remove_suffix(1);
  if (!IsValidNodeName(bare)) throw ValueError(fmt::format("'{}' is not a valid scope name", name));
  graph.name_scope_ = name.ends_with('/') ? std::string(bare) : graph.UniqueName(name);
}

NameScope::~NameScope() { graph_.name_scope_ = std::move(previous_); }

ControlScope::ControlScope(Graph& graph, std::vector<Operation*> operations) : graph_(graph) {
  for (const Operation* op : operations) {
    if (!graph.Contains(op)) throw ValueError("A control input is not of this graph");
  }
  Graph::ControlFrame frame;
  for (Operation* op : ByName(std::move(operations))) {
    const bool outside = std::ranges::any_of(graph.control_frames_, [op](const auto& outer) {
      return std::ranges::find(outer.operations, op) != outer.operations.end();
    });
    if (!outside) frame.operations.push_back(op);
  }
  graph.control_frames_.push_back(std::move(frame));
}

ControlScope::~ControlScope() { graph_.control_frames_.pop_back(); }

InitScope::InitScope(Graph& graph) : graph_(graph) { lifted_.swap(graph.control_frames_); }

InitScope::~InitScope() { graph_.control_frames_.swap(lifted_); }

DeviceScope::DeviceScope(Graph& graph, std::string device)
    : graph_(graph), previous_(graph.device_) {
  graph.device_ = std::move(device);
}

DeviceScope::~DeviceScope() { graph_.device_ = std::move(previous_); }

}  // namespace faultline
