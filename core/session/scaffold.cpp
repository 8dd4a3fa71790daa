#include "core/session/scaffold.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/ops.h"

namespace faultline {

namespace {

Fetch AsFetch(const CollectionItem& item, std::string_view key) {
  if (const auto* operation = std::get_if<Operation*>(&item)) return Fetch(*operation);
  if (const auto* output = std::get_if<Output>(&item)) return Fetch(*output);
  throw TypeError(fmt::format("the collection {} holds something that cannot be run", key));
}

[[noreturn]] void ThrowAmbiguous(std::string_view key, std::string_view argument,
                                 std::size_t count) {
  throw RuntimeError(fmt::format(  // SC-9
      "the collection {} holds {} items; say which one with the scaffold's argument {}", key, count,
      argument));
}

// SC-8. `build` gives an Operation* or an Output, null for "no default".
template <class Build>
Fetch GetOrDefault(Graph& graph, std::string_view key, std::string_view argument, Build build) {
  const std::vector<CollectionItem> items = graph.GetCollection(key);
  if (items.size() > 1) ThrowAmbiguous(key, argument, items.size());
  if (items.size() == 1) return AsFetch(items.front(), key);
  const auto made = build();
  const Fetch fetch(made);
  if (!fetch.null()) graph.AddToCollection(key, made);
  return fetch;
}

std::vector<Operation*> Operations(const Graph& graph, std::string_view key) {
  std::vector<Operation*> operations;
  for (const CollectionItem& item : graph.GetCollection(key)) {
    if (const auto* operation = std::get_if<Operation*>(&item)) operations.push_back(*operation);
    if (const auto* output = std::get_if<Output>(&item)) operations.push_back(output->op);
    if (const auto* resource = std::get_if<InitializableResource>(&item)) {
      operations.push_back(resource->create);
    }
  }
  return operations;
}

// What creates the resources of a collection: a no-op for none, as TensorFlow has it.
Operation* ResourcesInitializer(Graph& graph, std::string_view key) {
  const std::vector<Operation*> creators = Operations(graph, key);
  return creators.empty() ? NoOp(graph, "init") : Group(graph, creators, "init");
}

Operation* TablesInitializer(Graph& graph) {
  const std::vector<Operation*> tables = Operations(graph, GraphKeys::kTableInitializers);
  return tables.empty() ? NoOp(graph, "init_all_tables") : Group(graph, tables, "init_all_tables");
}

// The defaults of SC-11.
Operation* DefaultInitOp(Graph& graph) {
  Operation* variables =
      VariablesInitializer(graph, graph.GetVariables(GraphKeys::kGlobalVariables), "init");
  Operation* resources = ResourcesInitializer(graph, GraphKeys::kResources);
  return Group(graph, {variables, resources});
}

Output DefaultReadyOp(Graph& graph) {
  const Output variables = ReportUninitializedVariables(graph);
  const Output resources = ReportUninitializedResources(graph);
  return Concat({variables, resources}, 0);
}

Output DefaultReadyForLocalInitOp(Graph& graph) {
  const Output variables =
      ReportUninitializedVariables(graph, graph.GetVariables(GraphKeys::kGlobalVariables));
  const Output resources =
      ReportUninitializedResources(graph, graph.GetResources(GraphKeys::kResources));
  return Concat({variables, resources}, 0);
}

std::shared_ptr<Saver> GetOrMakeSaver(Runtime& runtime, Graph& graph) {
  const std::vector<CollectionItem> items = graph.GetCollection(GraphKeys::kSavers);
  if (items.size() > 1) ThrowAmbiguous(GraphKeys::kSavers, "saver", items.size());
  if (items.size() == 1) {
    const auto* object = std::get_if<std::shared_ptr<CollectionObject>>(&items.front());
    auto saver = object ? std::dynamic_pointer_cast<Saver>(*object) : nullptr;
    if (!saver) throw TypeError("the collection of savers holds something that is no Saver");
    return saver;
  }
  auto saver =
      std::make_shared<Saver>(runtime, graph, SaverOptions{.sharded = true, .allow_empty = true});
  graph.AddToCollection(GraphKeys::kSavers, std::shared_ptr<CollectionObject>(saver));
  return saver;
}

// SC-4: what was not given is taken from `other` as it is now.
void Inherit(const ScaffoldOptions& other, ScaffoldOptions* own) {
  const auto take_fetch = [](const Fetch& from, Fetch& to) {
    if (to.null()) to = from;
  };
  take_fetch(other.init_op, own->init_op);
  take_fetch(other.ready_op, own->ready_op);
  take_fetch(other.ready_for_local_init_op, own->ready_for_local_init_op);
  take_fetch(other.local_init_op, own->local_init_op);
  take_fetch(other.summary_op, own->summary_op);
  if (own->init_feeds.empty()) own->init_feeds = other.init_feeds;
  if (own->local_init_feeds.empty()) own->local_init_feeds = other.local_init_feeds;
  if (!own->init_fn) own->init_fn = other.init_fn;
  if (!own->saver) own->saver = other.saver;
}

}  // namespace

Scaffold::Scaffold(ScaffoldOptions options) : pieces_(std::move(options)) {
  if (pieces_.copy_from_scaffold != nullptr) Inherit(pieces_.copy_from_scaffold->pieces_, &pieces_);
  pieces_.copy_from_scaffold = nullptr;
}

Scaffold& Scaffold::Finalize(Runtime& runtime, Graph& graph) {
  if (pieces_.init_op.null()) {
    pieces_.init_op =
        GetOrDefault(graph, GraphKeys::kInitOp, "init_op", [&] { return DefaultInitOp(graph); });
  }
  if (pieces_.ready_op.null()) {
    pieces_.ready_op =
        GetOrDefault(graph, GraphKeys::kReadyOp, "ready_op", [&] { return DefaultReadyOp(graph); });
  }
  if (pieces_.ready_for_local_init_op.null()) {
    pieces_.ready_for_local_init_op =
        GetOrDefault(graph, GraphKeys::kReadyForLocalInitOp, "ready_for_local_init_op",
                     [&] { return DefaultReadyForLocalInitOp(graph); });
  }
  if (pieces_.local_init_op.null()) {
    pieces_.local_init_op = GetOrDefault(graph, GraphKeys::kLocalInitOp, "local_init_op",
                                         [&] { return DefaultLocalInitOp(graph); });
  }
  if (pieces_.summary_op.null()) {
    pieces_.summary_op = GetOrDefault(graph, GraphKeys::kSummaryOp, "summary_op",
                                      [&] { return MergeAllSummaries(graph); });
  }
  if (!pieces_.saver) pieces_.saver = GetOrMakeSaver(runtime, graph);
  pieces_.saver->Build();
  graph.Finalize();  // GF-4
  return *this;
}

std::function<void(Session&)> Scaffold::init_fn() {
  if (!pieces_.init_fn) return nullptr;
  return [this](Session& session) { pieces_.init_fn(*this, session); };
}

Operation* DefaultLocalInitOp(Graph& graph) {
  Operation* variables =
      VariablesInitializer(graph, graph.GetVariables(GraphKeys::kLocalVariables), "init");
  Operation* tables = TablesInitializer(graph);
  Operation* resources = ResourcesInitializer(graph, GraphKeys::kLocalResources);
  return Group(graph, {variables, tables, resources});
}

}  // namespace faultline
