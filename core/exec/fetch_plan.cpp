#include "core/exec/fetch_plan.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/exec/convert.h"

namespace faultline::internal {
namespace {

constexpr int kMaxDepth = 64;

bool InGraph(const Graph& graph, Output output) {
  return output.op != nullptr && graph.Contains(output.op) && output.index >= 0 &&
         output.index < output.op->num_outputs();
}

// As TensorFlow prints shapes in feed errors: (), (3,), (2, 3).
std::string TupleText(const std::vector<std::int64_t>& dims) {
  std::string text = "(";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    text += i > 0 ? ", " : "";
    text += dims[i] < 0 ? std::string("?") : std::to_string(dims[i]);
  }
  return text + (dims.size() == 1 ? ",)" : ")");
}

Result<Tensor> CheckFeed(const Graph& graph, Output key, const Tensor& value) {
  if (!InGraph(graph, key)) {
    return Status(Code::kTypeError,
                  key.op == nullptr
                      ? std::string("Cannot interpret feed_dict key as Tensor: it is null")
                      : fmt::format("Cannot interpret feed_dict key as Tensor: Tensor {}:{} is not "
                                    "an element of this graph.",
                                    key.op->name(), key.index));
  }
  if (!value.valid()) {
    return Status(Code::kTypeError,
                  fmt::format("The value of a feed cannot be null, for Tensor '{}'", key.name()));
  }
  FL_ASSIGN_OR_RETURN(Tensor converted, ConvertFeed(value, BaseType(key.dtype()), key.name()));
  const PartialShape& shape = key.shape();
  if (!shape.Accepts(converted.shape())) {
    return Status(
        Code::kValueError,
        fmt::format("Cannot feed value of shape {} for Tensor '{}', which has shape '{}'",
                    TupleText(converted.shape().dims()), key.name(), TupleText(shape.dims())));
  }
  if (!graph.IsFeedable(key)) {
    return Status(Code::kValueError, fmt::format("Tensor {} may not be fed.", key.name()));
  }
  return converted;
}

Status NotInGraph(const std::string& name, std::string_view what) {
  return Status(
      Code::kValueError,
      fmt::format("Fetch argument '{}' cannot be interpreted as a Tensor. (The name '{}' refers to "
                  "{} which does not exist in the graph.)",
                  name, name, what));
}

// A later value for the same tensor takes the place of the earlier one.
Status AddFeed(const Graph& graph, Output key, const Tensor& value, Feeds* checked) {
  FL_ASSIGN_OR_RETURN(Tensor converted, CheckFeed(graph, key, value));
  const auto same = std::find_if(checked->begin(), checked->end(),
                                 [&](const auto& feed) { return feed.first == key; });
  if (same == checked->end()) {
    checked->emplace_back(key, std::move(converted));
  } else {
    same->second = std::move(converted);
  }
  return Status();
}

// The tensor of a feed's name.
Result<Output> FeedKey(const Graph& graph, const std::string& name) {
  const std::size_t colon = name.rfind(':');
  Output key;
  if (colon != std::string::npos) {
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + colon + 1, end, key.index);
    if (read.ec == std::errc() && read.ptr == end) {
      key.op = graph.FindOperation(std::string_view(name).substr(0, colon));
    }
  }
  if (InGraph(graph, key)) return key;
  return Status(
      Code::kTypeError,
      fmt::format("Cannot interpret feed_dict key as Tensor: The name '{}' does not refer "
                  "to a Tensor in the graph.",
                  name));
}

}  // namespace

Result<Feeds> CheckFeeds(const Graph& graph, const FeedDict& feeds) {
  Feeds checked;
  for (const auto& [key, value] : feeds.items()) {
    FL_RETURN_IF_ERROR(AddFeed(graph, key, value, &checked));
  }
  for (const auto& [name, value] : feeds.named()) {
    FL_ASSIGN_OR_RETURN(const Output key, FeedKey(graph, name));
    FL_RETURN_IF_ERROR(AddFeed(graph, key, value, &checked));
  }
  return checked;
}

Result<FetchPlan> FetchPlan::Make(const Graph& graph, const Fetch& fetches, const Feeds& feeds) {
  FetchPlan plan;
  FL_ASSIGN_OR_RETURN(plan.shape_, plan.Resolve(graph, fetches, feeds, 0));
  FL_RETURN_IF_ERROR(plan.CheckFetchable(graph));
  return plan;
}

// SE-13: after the whole structure has been understood, for fed tensors too.
Status FetchPlan::CheckFetchable(const Graph& graph) {
  for (const Operation* op : mentioned_) {
    if (graph.IsFetchable(op)) continue;
    return Status(Code::kValueError,
                  fmt::format("Operation '{}' has been marked as not fetchable.", op->name()));
  }
  mentioned_.clear();
  return Status();
}

Result<FetchPlan::Shape> FetchPlan::Resolve(const Graph& graph, const Fetch& fetch,
                                            const Feeds& feeds, int depth) {
  if (fetch.null()) {
    return Status(Code::kTypeError, "Fetch argument None has invalid type <class 'NoneType'>");
  }
  if (depth > kMaxDepth) {
    return Status(Code::kValueError, fmt::format("fetches nested deeper than {}", kMaxDepth));
  }
  if (const auto* name = std::get_if<std::string>(&fetch.value())) {
    return ResolveName(graph, *name, feeds);
  }
  if (const auto* output = std::get_if<Output>(&fetch.value())) {
    if (!InGraph(graph, *output)) return NotInGraph(output->name(), "a Tensor");
    return AddOutput(*output, feeds);
  }
  if (auto* const* op = std::get_if<Operation*>(&fetch.value())) {
    if (!graph.Contains(*op)) return NotInGraph((*op)->name(), "an Operation");
    return AddTarget(*op);
  }
  Shape shape;
  if (const auto* list = std::get_if<Fetch::List>(&fetch.value())) {
    shape.kind = Shape::Kind::kList;
    for (const Fetch& item : *list) {
      FL_ASSIGN_OR_RETURN(Shape resolved, Resolve(graph, item, feeds, depth + 1));
      shape.items.emplace_back(std::string(), std::move(resolved));
    }
  } else {
    shape.kind = Shape::Kind::kMap;
    for (const auto& [key, item] : std::get<Fetch::Map>(fetch.value())) {
      FL_ASSIGN_OR_RETURN(Shape resolved, Resolve(graph, item, feeds, depth + 1));
      shape.items.emplace_back(key, std::move(resolved));
    }
  }
  return shape;
}

// "op" is an operation, "op:0" a tensor.
Result<FetchPlan::Shape> FetchPlan::ResolveName(const Graph& graph, const std::string& name,
                                                const Feeds& feeds) {
  const std::size_t colon = name.find(':');
  if (colon == std::string::npos) {
    Operation* op = graph.FindOperation(name);
    if (op == nullptr) return NotInGraph(name, "an Operation");
    return AddTarget(op);
  }
  Output output{graph.FindOperation(std::string_view(name).substr(0, colon)), -1};
  const char* end = name.data() + name.size();
  const auto [parsed, error] = std::from_chars(name.data() + colon + 1, end, output.index);
  if (error != std::errc() || parsed != end || !InGraph(graph, output)) {
    return NotInGraph(name, "a Tensor");
  }
  return AddOutput(output, feeds);
}

FetchPlan::Shape FetchPlan::AddOutput(Output output, const Feeds& feeds) {
  mentioned_.push_back(output.op);
  for (const auto& [key, value] : feeds) {
    if (key == output) {
      fed_.push_back(value);
      return {.source = static_cast<int>(fed_.size()) - 1, .fed = true, .items = {}};
    }
  }
  const auto found = std::find(fetches_.begin(), fetches_.end(), output);
  const auto index = static_cast<int>(found - fetches_.begin());
  if (found == fetches_.end()) fetches_.push_back(output);
  return {.source = index, .items = {}};
}

FetchPlan::Shape FetchPlan::AddTarget(Operation* op) {
  mentioned_.push_back(op);
  if (std::find(targets_.begin(), targets_.end(), op) == targets_.end()) targets_.push_back(op);
  return {};
}

Fetched FetchPlan::Arrange(const std::vector<Tensor>& values) const {
  return Arrange(shape_, values);
}

Fetched FetchPlan::Arrange(const Shape& shape, const std::vector<Tensor>& values) const {
  if (shape.kind == Shape::Kind::kLeaf) {
    if (shape.source < 0) return Fetched();
    const auto source = static_cast<std::size_t>(shape.source);
    return shape.fed ? fed_[source] : values[source];
  }
  Fetched::List list;
  Fetched::Map map;
  for (const auto& [key, item] : shape.items) {
    if (shape.kind == Shape::Kind::kList) {
      list.push_back(Arrange(item, values));
    } else {
      map.emplace_back(key, Arrange(item, values));
    }
  }
  if (shape.kind == Shape::Kind::kList) return list;
  return map;
}

}  // namespace faultline::internal
