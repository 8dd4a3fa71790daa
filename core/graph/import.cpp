#include "core/graph/import.h"

#include <algorithm>
#include <charconv>
#include <queue>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/arena.h>
#include <google/protobuf/stubs/logging.h>

#include "core/graph/node_resolver.h"
#include "core/graph/op_def.h"
#include "core/proto/graph.pb.h"
#include "core/tensor/tensor_proto.h"

namespace faultline {
namespace {

namespace tf = v1::tf;

Status Invalid(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

// "node:1" taken apart.
struct InputName {
  std::string node;
  int index = 0;
  bool control = false;
};

Result<InputName> ParseInput(const std::string& text) {
  if (text.starts_with('^')) return InputName{text.substr(1), 0, true};
  const std::size_t colon = text.rfind(':');
  InputName input{text.substr(0, colon), 0, false};
  if (colon == std::string::npos) return input;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, input.index);
  if (error != std::errc() || rest != end || input.index < 0) {
    return Invalid(fmt::format("input '{}' is no name of a tensor", text));
  }
  return input;
}

template <class T, class List>
std::vector<T> CopyList(const List& list) {
  std::vector<T> values;
  for (const auto& value : list) values.push_back(static_cast<T>(value));
  return values;
}

Result<DataType> ReadType(int number) {
  const bool known = number > 0 && number <= static_cast<int>(DataType::kUint64);
  if (!known) return Invalid(fmt::format("{} is the number of no element type", number));
  return static_cast<DataType>(number);
}

Result<AttrValue> ReadTypes(const tf::AttrValue::ListValue& list) {
  std::vector<DataType> types;
  for (const int number : list.type()) {
    FL_ASSIGN_OR_RETURN(const DataType type, ReadType(number));
    types.push_back(type);
  }
  return AttrValue(std::move(types));
}

Result<AttrValue> ReadShapes(const tf::AttrValue::ListValue& list) {
  std::vector<PartialShape> shapes;
  for (const auto& proto : list.shape()) {
    FL_ASSIGN_OR_RETURN(PartialShape shape, PartialShapeFromProto(proto));
    shapes.push_back(std::move(shape));
  }
  return AttrValue(std::move(shapes));
}

// A list of the kind that the op's definition asks for; an empty list could be of any.
Result<AttrValue> ReadListOf(const tf::AttrValue::ListValue& list, AttrKind kind) {
  switch (kind) {
    case AttrKind::kIntList:
      return AttrValue(CopyList<std::int64_t>(list.i()));
    case AttrKind::kStringList:
      return AttrValue(CopyList<std::string>(list.s()));
    case AttrKind::kTypeList:
      return ReadTypes(list);
    case AttrKind::kShapeList:
      return ReadShapes(list);
    default:
      return Invalid("a list is not expected");
  }
}

// A list whose kind is not known: that of its elements.
Result<AttrValue> ReadAnyList(const tf::AttrValue::ListValue& list) {
  if (list.i_size() > 0) return AttrValue(CopyList<std::int64_t>(list.i()));
  if (list.f_size() > 0) return AttrValue(CopyList<float>(list.f()));
  if (list.b_size() > 0) return AttrValue(CopyList<bool>(list.b()));
  if (list.type_size() > 0) return ReadTypes(list);
  if (list.shape_size() > 0) return ReadShapes(list);
  if (list.tensor_size() > 0 || list.func_size() > 0) {
    return Invalid("lists of tensors and of functions are not supported");
  }
  return AttrValue(CopyList<std::string>(list.s()));
}

Result<AttrValue> ReadAttr(const tf::AttrValue& proto, const AttrDef* def) {
  switch (proto.value_case()) {
    case tf::AttrValue::kS:
      return AttrValue(proto.s());
    case tf::AttrValue::kI:
      return AttrValue(std::int64_t{proto.i()});
    case tf::AttrValue::kF:
      return AttrValue(proto.f());
    case tf::AttrValue::kB:
      return AttrValue(proto.b());
    case tf::AttrValue::kType: {
      FL_ASSIGN_OR_RETURN(const DataType type, ReadType(proto.type()));
      return AttrValue(type);
    }
    case tf::AttrValue::kShape: {
      FL_ASSIGN_OR_RETURN(PartialShape shape, PartialShapeFromProto(proto.shape()));
      return AttrValue(std::move(shape));
    }
    case tf::AttrValue::kTensor: {
      FL_ASSIGN_OR_RETURN(Tensor tensor, TensorFromProto(proto.tensor()));
      return AttrValue(std::move(tensor));
    }
    case tf::AttrValue::kList:
      return def != nullptr ? ReadListOf(proto.list(), def->kind) : ReadAnyList(proto.list());
    default:
      return Invalid("it has no value of a supported kind");
  }
}

Result<AttrMap> ReadAttrs(const tf::NodeDef& node, const OpDef& def) {
  AttrMap attrs;
  for (const tf::AttrEntry& entry : node.attr()) {
    const std::string& key = entry.key();
    if (key == "_output_shapes") continue;  // found anew
    Result<AttrValue> value = ReadAttr(entry.value(), def.FindAttr(key));
    if (!value.ok()) {
      return Invalid(fmt::format("attribute '{}': {}", key, value.status().message()));
    }
    if (key == "_class" && !std::holds_alternative<std::vector<std::string>>(*value)) {
      return Invalid("attribute '_class' must be a list of strings");
    }
    attrs[key] = *std::move(value);
  }
  return attrs;
}

}  // namespace

// Builds the nodes in an order in which inputs come first: the given one, as far as it is such.
class GraphImporter {
 public:
  explicit GraphImporter(const tf::GraphDef& def) : def_(def) {}

  Result<std::unique_ptr<Graph>> Run() {
    const tf::VersionDef& versions = def_.versions();
    graph_->versions_ = {.producer = versions.producer(),
                         .min_consumer = versions.min_consumer(),
                         .bad_consumers = CopyList<int>(versions.bad_consumers())};
    FL_RETURN_IF_ERROR(Index());
    FL_RETURN_IF_ERROR(FindInputs());
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (int i = 0; i < def_.node_size(); ++i) {
      if (waits_[At(i)] == 0) ready.push(i);
    }
    int made = 0;
    for (; !ready.empty(); ++made) {
      const int node = ready.top();
      ready.pop();
      FL_RETURN_IF_ERROR(Named(node, Make(node)));
      for (const int reader : readers_[At(node)]) {
        if (--waits_[At(reader)] == 0) ready.push(reader);
      }
    }
    if (made == def_.node_size()) return std::move(graph_);
    const auto stuck = std::ranges::find_if(waits_, [](int n) { return n > 0; });
    return Named(static_cast<int>(stuck - waits_.begin()), Invalid("it is part of a cycle"));
  }

 private:
  static std::size_t At(int i) { return static_cast<std::size_t>(i); }

  Status Named(int node, const Status& status) const {
    if (status.ok()) return status;
    return Invalid(fmt::format("Node '{}': {}", def_.node(node).name(), status.message()));
  }

  Status Index() {
    for (int i = 0; i < def_.node_size(); ++i) {
      const tf::NodeDef& node = def_.node(i);
      if (!IsValidNodeName(node.name())) return Named(i, Invalid("its name is not valid"));
      if (!index_.emplace(node.name(), i).second) {
        return Named(i, Invalid("there are two nodes of this name"));
      }
      if (FindOpDef(node.op()) == nullptr) {
        return Named(i, Invalid(fmt::format("op type '{}' is not known", node.op())));
      }
    }
    return Status();
  }

  Status FindInputs() {
    waits_.resize(At(def_.node_size()));
    readers_.resize(At(def_.node_size()));
    for (int i = 0; i < def_.node_size(); ++i) {
      bool control_seen = false;
      for (const std::string& text : def_.node(i).input()) {
        Result<InputName> input = ParseInput(text);
        if (!input.ok()) return Named(i, input.status());
        if (control_seen && !input->control) {
          return Named(i, Invalid(fmt::format("input '{}' follows a control input", text)));
        }
        control_seen = input->control;
        const auto found = index_.find(input->node);
        if (found == index_.end()) {
          return Named(i, Invalid(fmt::format("input '{}' is not in the graph", text)));
        }
        ++waits_[At(i)];
        readers_[At(found->second)].push_back(i);
      }
    }
    return Status();
  }

  Status Make(int i) {
    const tf::NodeDef& node = def_.node(i);
    OperationSpec spec;
    spec.type = node.op();
    spec.device = node.device();
    for (const std::string& text : node.input()) {
      FL_ASSIGN_OR_RETURN(const InputName input, ParseInput(text));
      Operation* op = graph_->FindOperation(input.node);
      if (input.control) {
        spec.control_inputs.push_back(op);
      } else if (input.index < op->num_outputs()) {
        spec.inputs.push_back(op->output(input.index));
      } else {
        return Invalid(
            fmt::format("input '{}': that node has {} outputs", text, op->num_outputs()));
      }
    }
    FL_ASSIGN_OR_RETURN(spec.attrs, ReadAttrs(node, *FindOpDef(node.op())));
    return graph_->AddImported(std::move(spec), node.name());
  }

  const tf::GraphDef& def_;
  std::map<std::string_view, int> index_;
  std::vector<int> waits_;                 // inputs that are not made yet
  std::vector<std::vector<int>> readers_;  // once for each input
  std::unique_ptr<Graph> graph_ = std::make_unique<Graph>();
};

Result<std::unique_ptr<Graph>> GraphFromMessage(const tf::GraphDef& def) {
  if (def.library().function_size() > 0) return Invalid("Graphs with functions are not supported");
  return GraphImporter(def).Run();
}

Result<std::unique_ptr<Graph>> GraphFromDef(std::string_view serialized_graph_def) {
  google::protobuf::Arena arena;
  auto& def = *google::protobuf::Arena::CreateMessage<tf::GraphDef>(&arena);
  // What is wrong with the bytes is in the status; protobuf would print it as well.
  const google::protobuf::LogSilencer silence;
  // The size of a message has 31 bits.
  if (!std::in_range<int>(serialized_graph_def.size()) ||
      !def.ParseFromArray(serialized_graph_def.data(),
                          static_cast<int>(serialized_graph_def.size()))) {
    return Invalid("The bytes are no GraphDef");
  }
  return GraphFromMessage(def);
}

}  // namespace faultline
