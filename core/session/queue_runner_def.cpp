// The definition message of queue runners (QR-3, QR-23).

#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/proto/queue_runner.pb.h"
#include "core/session/queue_runner.h"

namespace faultline {

namespace {

// QR-23. A scope's names begin with it and a slash.
std::string Prefix(std::string_view scope) {
  std::string prefix(scope);
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  return prefix;
}

std::string Without(const std::string& prefix, const std::string& name) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

Operation* FindNode(Graph& graph, const std::string& prefix, const std::string& name) {
  Operation* op = graph.FindOperation(prefix + name);
  if (op == nullptr) {
    throw ValueError(
        fmt::format("a queue runner names {}{}, which is not in the graph", prefix, name));
  }
  return op;
}

Queue QueueOf(Operation* op) {
  if (op->num_outputs() != 1 || !op->has_attr("component_types")) {
    throw ValueError(fmt::format("a queue runner names {}, which is no queue", op->name()));
  }
  return {op->output(), op->attr<std::vector<DataType>>("component_types")};
}

}  // namespace

std::shared_ptr<QueueRunner> QueueRunner::FromDef(Graph& graph, std::string_view serialized,
                                                  std::string_view import_scope) {
  v1::tf::QueueRunnerDef def;
  if (!def.ParseFromArray(serialized.data(), static_cast<int>(serialized.size()))) {
    throw ValueError("the definition of a queue runner is no QueueRunnerDef");
  }
  const std::string prefix = Prefix(import_scope);
  QueueRunnerOptions options;
  options.queue = QueueOf(FindNode(graph, prefix, def.queue_name()));
  for (const std::string& name : def.enqueue_op_name()) {
    options.enqueue_ops.push_back(FindNode(graph, prefix, name));
  }
  options.close_op = FindNode(graph, prefix, def.close_op_name());
  options.cancel_op = FindNode(graph, prefix, def.cancel_op_name());
  if (def.queue_closed_exception_types_size() > 0) options.queue_closed_codes.clear();
  for (const int code : def.queue_closed_exception_types()) {
    if (code <= 0 || code >= kCanonicalCodes) {
      throw ValueError(fmt::format("the definition of a queue runner holds the code {}", code));
    }
    options.queue_closed_codes.push_back(static_cast<Code>(code));
  }
  return std::make_shared<QueueRunner>(std::move(options));
}

Result<CollectionItem> ReadQueueRunner(Graph& graph, std::string_view serialized) {
  std::shared_ptr<CollectionObject> runner;
  FL_RETURN_IF_ERROR(CallUser([&] { runner = QueueRunner::FromDef(graph, serialized); }));
  return CollectionItem(std::move(runner));
}

std::optional<std::string> QueueRunner::ToDef(std::string_view export_scope) const {
  const std::string prefix = Prefix(export_scope);
  if (!name_.starts_with(prefix)) return std::nullopt;
  v1::tf::QueueRunnerDef def;
  def.set_queue_name(Without(prefix, name_));
  for (const Operation* op : options_.enqueue_ops) {
    def.add_enqueue_op_name(Without(prefix, op->name()));
  }
  def.set_close_op_name(Without(prefix, options_.close_op->name()));
  def.set_cancel_op_name(Without(prefix, options_.cancel_op->name()));
  for (const Code code : options_.queue_closed_codes) {
    def.add_queue_closed_exception_types(static_cast<v1::tf::ErrorCode>(code));
  }
  return def.SerializeAsString();
}

}  // namespace faultline
