#include "core/graph/render.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/text_format.h>

#include "core/graph/node_resolver.h"
#include "core/tensor/tensor_proto.h"

namespace faultline {
namespace {

namespace tf = v1::tf;

tf::DataType TypeToProto(DataType type) { return static_cast<tf::DataType>(type); }

// One overload for each alternative of AttrValue.
struct AttrWriter {
  tf::AttrValue* proto;

  void operator()(std::int64_t v) const { proto->set_i(v); }
  void operator()(float v) const { proto->set_f(v); }
  void operator()(bool v) const { proto->set_b(v); }
  void operator()(const std::string& v) const { proto->set_s(v); }
  void operator()(DataType v) const { proto->set_type(TypeToProto(v)); }
  void operator()(const PartialShape& v) const { ShapeToProto(v, proto->mutable_shape()); }
  void operator()(const Tensor& v) const { TensorToProto(v, proto->mutable_tensor()); }
  void operator()(const std::vector<std::int64_t>& list) const {
    for (const std::int64_t v : list) proto->mutable_list()->add_i(v);
  }
  void operator()(const std::vector<float>& list) const {
    for (const float v : list) proto->mutable_list()->add_f(v);
  }
  void operator()(const std::vector<bool>& list) const {
    for (const bool v : list) proto->mutable_list()->add_b(v);
  }
  void operator()(const std::vector<std::string>& list) const {
    for (const std::string& v : list) proto->mutable_list()->add_s(v);
  }
  void operator()(const std::vector<DataType>& list) const {
    for (const DataType v : list) proto->mutable_list()->add_type(TypeToProto(v));
  }
  void operator()(const std::vector<PartialShape>& list) const {
    for (const PartialShape& v : list) ShapeToProto(v, proto->mutable_list()->add_shape());
  }
};

template <class T>
inline constexpr bool kIsList = false;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = true;

bool EqualsDefault(const OpDef& def, const std::string& name, const AttrValue& value) {
  const AttrDef* attr = def.FindAttr(name);
  if (attr == nullptr || !attr->has_default) return false;
  tf::AttrValue ours;
  tf::AttrValue theirs;
  AttrToProto(value, &ours);
  AttrToProto(DefaultOf(*attr), &theirs);
  return ours.SerializeAsString() == theirs.SerializeAsString();
}

void NodeToProto(const Operation& op, const RenderOptions& options, tf::NodeDef* proto) {
  proto->set_name(op.name());
  proto->set_op(op.type());
  for (const Output& input : op.inputs()) {
    proto->add_input(input.index == 0 ? input.op->name() : input.name());
  }
  for (const Operation* control : op.control_inputs()) proto->add_input("^" + control->name());
  if (!options.clear_devices) proto->set_device(op.device());
  AttrMap attrs = op.attrs();
  if (options.output_shapes && op.num_outputs() > 0) {
    std::vector<PartialShape> shapes;
    for (int i = 0; i < op.num_outputs(); ++i) shapes.push_back(op.output_shape(i));
    attrs["_output_shapes"] = std::move(shapes);
  }
  for (const auto& [name, value] : attrs) {
    if (options.strip_default_attrs && EqualsDefault(op.def(), name, value)) continue;
    tf::AttrEntry* entry = proto->add_attr();
    entry->set_key(name);
    AttrToProto(value, entry->mutable_value());
  }
}

void ArgToProto(const ArgDef& arg, tf::OpDef::ArgDef* proto) {
  proto->set_name(std::string(arg.name));
  proto->set_type(TypeToProto(arg.type));
  proto->set_type_attr(std::string(arg.type_attr));
  proto->set_number_attr(std::string(arg.number_attr));
  proto->set_type_list_attr(std::string(arg.type_list_attr));
  proto->set_is_ref(arg.is_ref);
}

}  // namespace

void AttrToProto(const AttrValue& value, tf::AttrValue* proto) {
  proto->Clear();
  // An empty list is one all the same.
  std::visit(
      [proto](const auto& v) {
        if constexpr (kIsList<std::decay_t<decltype(v)>>) proto->mutable_list();
      },
      value);
  std::visit(AttrWriter{proto}, value);
}

void OpDefToProto(const OpDef& def, tf::OpDef* proto) {
  proto->set_name(std::string(def.name));
  for (const ArgDef& arg : def.inputs) ArgToProto(arg, proto->add_input_arg());
  for (const ArgDef& arg : def.outputs) ArgToProto(arg, proto->add_output_arg());
  for (const AttrDef& attr : def.attrs) {
    tf::OpDef::AttrDef* out = proto->add_attr();
    out->set_name(std::string(attr.name));
    out->set_type(std::string(AttrKindName(attr.kind)));
    if (attr.has_default) AttrToProto(DefaultOf(attr), out->mutable_default_value());
    out->set_has_minimum(attr.has_minimum);
    out->set_minimum(attr.minimum);
    for (const DataType type : attr.allowed_types) {
      out->mutable_allowed_values()->mutable_list()->add_type(TypeToProto(type));
    }
    for (const std::string_view text : attr.allowed_text) {
      out->mutable_allowed_values()->mutable_list()->add_s(std::string(text));
    }
  }
  proto->set_is_stateful(def.stateful);
  proto->set_is_commutative(def.commutative);
  proto->set_is_aggregate(def.aggregate);
  proto->set_allows_uninitialized_input(def.allows_uninitialized_input);
}

void GraphToProto(const Graph& graph, const RenderOptions& options, tf::GraphDef* proto) {
  const GraphVersions& versions = graph.versions();
  proto->mutable_versions()->set_producer(versions.producer);
  proto->mutable_versions()->set_min_consumer(versions.min_consumer);
  for (const int consumer : versions.bad_consumers) {
    proto->mutable_versions()->add_bad_consumers(consumer);
  }
  for (const auto& op : graph.operations()) NodeToProto(*op, options, proto->add_node());
}

std::string RenderGraphDef(const Graph& graph) {
  google::protobuf::Arena arena;
  auto* proto = google::protobuf::Arena::CreateMessage<tf::GraphDef>(&arena);
  GraphToProto(graph, {}, proto);
  return proto->SerializeAsString();
}

std::string RenderGraphDefText(const Graph& graph) {
  google::protobuf::Arena arena;
  auto* proto = google::protobuf::Arena::CreateMessage<tf::GraphDef>(&arena);
  GraphToProto(graph, {}, proto);
  std::string text;
  const bool printed = google::protobuf::TextFormat::PrintToString(*proto, &text);
  FL_ASSERT(printed, "a GraphDef cannot be printed");
  return text;
}

}  // namespace faultline
