#include "core/testing/golden_traces/values.h"

#include <cmath>
#include <vector>

#include "core/base/error.h"

namespace faultline::testing {

namespace {

// Builds a fetch of the shape of `names`, with `leaf` for each name.
template <class Leaf>
Fetch Shaped(const Json& names, const std::string& where, const Leaf& leaf) {
  if (names.is_string()) return leaf(names.get<std::string>());
  if (names.is_array()) {
    Fetch::List items;
    for (const Json& name : names) items.push_back(Shaped(name, where, leaf));
    return Fetch(std::move(items));
  }
  if (names.is_object()) {
    Fetch::Map items;
    for (const auto& [key, name] : names.items()) {
      items.emplace_back(key, Shaped(name, where, leaf));
    }
    return Fetch(std::move(items));
  }
  throw BadCase(where + ": a name, or lists or objects of names, is expected");
}

void Measure(const Json& value, std::vector<std::int64_t>* dims, const std::string& where) {
  if (!value.is_array()) return;
  if (value.empty()) throw BadCase(where + ": a list with elements is expected");
  dims->push_back(static_cast<std::int64_t>(value.size()));
  Measure(value.front(), dims, where);
}

template <class T>
void Flatten(const Json& value, std::size_t depth, const TensorShape& shape, std::vector<T>* flat,
             const std::string& where) {
  if (depth == static_cast<std::size_t>(shape.rank())) {
    if (!value.is_number()) throw BadCase(where + ": a number is expected");
    flat->push_back(value.get<T>());
    return;
  }
  const auto wanted = static_cast<std::size_t>(shape.dim(static_cast<int>(depth)));
  if (!value.is_array() || value.size() != wanted) {
    throw BadCase(where + ": lists of equal lengths are expected");
  }
  for (const Json& item : value) Flatten(item, depth + 1, shape, flat, where);
}

template <class T>
Tensor Filled(const Json& value, const TensorShape& shape, const std::string& where) {
  std::vector<T> flat;
  Flatten(value, 0, shape, &flat, where);
  return Tensor::Of<T>(shape, flat);
}

Json ShownNumber(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json Element(const Tensor& tensor, std::size_t i) {
  switch (tensor.dtype()) {
    case DataType::kFloat:
      return ShownNumber(static_cast<double>(tensor.flat<float>()[i]));
    case DataType::kDouble:
      return ShownNumber(tensor.flat<double>()[i]);
    case DataType::kInt32:
      return tensor.flat<std::int32_t>()[i];
    case DataType::kInt64:
      return tensor.flat<std::int64_t>()[i];
    case DataType::kBool:
      return tensor.flat<bool>()[i];
    case DataType::kString:
      return tensor.flat<std::string>()[i];
    default:
      return "a value of type " + DataTypeName(tensor.dtype());
  }
}

Json Nested(const Tensor& tensor, int depth, std::size_t* next) {
  if (depth == tensor.shape().rank()) return Element(tensor, (*next)++);
  Json list = Json::array();
  for (std::int64_t i = 0; i < tensor.shape().dim(depth); ++i) {
    list.push_back(Nested(tensor, depth + 1, next));
  }
  return list;
}

}  // namespace

Fetch FetchOf(const Json& names, const std::string& where) {
  return Shaped(names, where, [](const std::string& name) { return Fetch(name); });
}

Fetch ElementOf(Graph& graph, const std::string& name) {
  if (name.find(':') != std::string::npos) return graph.FindOutput(name);
  Operation* op = graph.FindOperation(name);
  if (op == nullptr) throw ValueError("the graph has no operation " + name);
  return op;
}

Fetch ElementsOf(Graph& graph, const Json& names, const std::string& where) {
  if (names.is_null()) return {};
  return Shaped(names, where, [&](const std::string& name) { return ElementOf(graph, name); });
}

Json NamesOf(const Fetch& fetch) {
  if (fetch.null()) return nullptr;
  const Fetch::Value& value = fetch.value();
  if (const auto* name = std::get_if<std::string>(&value)) return *name;
  if (const auto* output = std::get_if<Output>(&value)) return output->name();
  if (const auto* op = std::get_if<Operation*>(&value)) return (*op)->name();
  if (const auto* list = std::get_if<Fetch::List>(&value)) {
    Json names = Json::array();
    for (const Fetch& item : *list) names.push_back(NamesOf(item));
    return names;
  }
  Json names = Json::object();
  for (const auto& [key, item] : std::get<Fetch::Map>(value)) names[key] = NamesOf(item);
  return names;
}

Tensor TensorOf(const Json& value, DataType dtype, const std::string& where) {
  std::vector<std::int64_t> dims;
  Measure(value, &dims, where);
  const TensorShape shape(dims);
  switch (BaseType(dtype)) {
    case DataType::kFloat:
      return Filled<float>(value, shape, where);
    case DataType::kDouble:
      return Filled<double>(value, shape, where);
    case DataType::kInt32:
      return Filled<std::int32_t>(value, shape, where);
    case DataType::kInt64:
      return Filled<std::int64_t>(value, shape, where);
    default:
      throw BadCase(where + ": values of type " + DataTypeName(dtype) + " cannot be given");
  }
}

FeedDict FeedsOf(Graph& graph, const Json& feeds, const std::string& where, FeedKeys keys) {
  FeedDict dict;
  if (feeds.is_null()) return dict;
  if (!feeds.is_object()) throw BadCase(where + ": an object of values by tensor is expected");
  for (const auto& [name, value] : feeds.items()) {
    const Output output = graph.FindOutput(name);
    Tensor tensor = TensorOf(value, output.dtype(), where + "." + name);
    if (keys == FeedKeys::kNames) {
      dict.Add(name, std::move(tensor));
    } else {
      dict.Add(output, std::move(tensor));
    }
  }
  return dict;
}

Json JsonOf(const FeedDict& feeds) {
  Json shown = Json::object();
  for (const auto& [output, value] : feeds.items()) shown[output.name()] = JsonOf(value);
  for (const auto& [name, value] : feeds.named()) shown[name] = JsonOf(value);
  return shown;
}

Json JsonOf(const Tensor& tensor) {
  if (!tensor.valid()) return nullptr;
  std::size_t next = 0;
  return Nested(tensor, 0, &next);
}

Json JsonOf(const Fetched& fetched) {
  if (fetched.null()) return nullptr;
  if (fetched.is_tensor()) return JsonOf(fetched.tensor());
  if (fetched.is_list()) {
    Json list = Json::array();
    for (const Fetched& item : fetched.list()) list.push_back(JsonOf(item));
    return list;
  }
  Json map = Json::object();
  for (const auto& [key, item] : fetched.map()) map[key] = JsonOf(item);
  return map;
}

RunOptions OptionsOf(const Json& options, const std::string& where) {
  const Params params(options, where);
  RunOptions made;
  for (const auto& [key, value] : options.items()) {
    const char* name = key.c_str();
    if (key == "trace_level") {
      const std::int64_t level = params.Integer(name);
      if (level < 0 || level > 3) params.Fail(name, "0 to 3");
      made.trace_level = static_cast<TraceLevel>(level);
    } else if (key == "timeout_in_ms") {
      made.timeout_ms = params.Integer(name);
    } else if (key == "inter_op_thread_pool") {
      made.inter_op_thread_pool = static_cast<std::int32_t>(params.Integer(name));
    } else if (key == "output_partition_graphs") {
      made.output_partition_graphs = params.Flag(name);
    } else if (key == "reset_disk_byte_usage") {
      made.reset_disk_byte_usage = params.Flag(name);
    } else if (key == "report_tensor_allocations_upon_oom") {
      made.report_tensor_allocations_upon_oom = params.Flag(name);
    } else if (key == "debug_watches") {
      for (const Json& node : params.List(name)) {
        made.debug_watches.push_back({.node_name = node.get<std::string>(),
                                      .output_slot = 0,
                                      .debug_ops = {},
                                      .debug_urls = {}});
      }
    } else {
      params.Fail(name, "another option");
    }
  }
  return made;
}

Json JsonOf(const RunOptions& options) {
  const RunOptions plain;
  Json shown = Json::object();
  if (options.trace_level != plain.trace_level) {
    shown["trace_level"] = static_cast<int>(options.trace_level);
  }
  if (options.timeout_ms != plain.timeout_ms) shown["timeout_in_ms"] = options.timeout_ms;
  if (options.inter_op_thread_pool != plain.inter_op_thread_pool) {
    shown["inter_op_thread_pool"] = options.inter_op_thread_pool;
  }
  if (options.output_partition_graphs) shown["output_partition_graphs"] = true;
  if (options.reset_disk_byte_usage) shown["reset_disk_byte_usage"] = true;
  if (options.report_tensor_allocations_upon_oom) {
    shown["report_tensor_allocations_upon_oom"] = true;
  }
  for (const DebugWatch& watch : options.debug_watches) {
    shown["debug_watches"].push_back(watch.node_name);
  }
  return shown;
}

}  // namespace faultline::testing
