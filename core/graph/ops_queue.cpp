#include "core/graph/build.h"
#include "core/graph/ops.h"

namespace faultline {
namespace {

std::string NameOr(const Queue& queue, const std::string& name, const char* suffix) {
  return name.empty() ? queue.name() + suffix : name;
}

}  // namespace

Queue FifoQueue(Graph& graph, std::int64_t capacity, std::vector<DataType> types,
                const std::string& name) {
  Operation* op = internal::Build(graph, "FIFOQueueV2", name, {},
                                  {{"component_types", types}, {"capacity", capacity}});
  return {op->output(), std::move(types)};
}

Operation* Enqueue(const Queue& queue, const std::vector<Output>& values, const std::string& name) {
  std::vector<Output> inputs = {queue.handle};
  inputs.insert(inputs.end(), values.begin(), values.end());
  return internal::Build(queue.handle.op->graph(), "QueueEnqueueV2",
                         NameOr(queue, name, "_enqueue"), std::move(inputs),
                         {{"Tcomponents", queue.types}});
}

std::vector<Output> Dequeue(const Queue& queue, const std::string& name) {
  Operation* op =
      internal::Build(queue.handle.op->graph(), "QueueDequeueV2", NameOr(queue, name, "_Dequeue"),
                      {queue.handle}, {{"component_types", queue.types}});
  std::vector<Output> outputs;
  for (int i = 0; i < op->num_outputs(); ++i) outputs.push_back(op->output(i));
  return outputs;
}

Operation* CloseQueue(const Queue& queue, bool cancel_pending_enqueues, const std::string& name) {
  return internal::Build(queue.handle.op->graph(), "QueueCloseV2", NameOr(queue, name, "_Close"),
                         {queue.handle}, {{"cancel_pending_enqueues", cancel_pending_enqueues}});
}

Output QueueSize(const Queue& queue, const std::string& name) {
  return internal::Build("QueueSizeV2", NameOr(queue, name, "_Size"), {queue.handle});
}

}  // namespace faultline
