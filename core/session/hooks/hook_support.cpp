#include "core/session/hooks/hook_support.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/global_step.h"
#include "core/graph/meta_graph.h"

namespace faultline::internal {

Output RequireGlobalStep(Graph& graph, std::string_view hook) {
  const Output step = GetOrCreateGlobalStepRead(graph);
  if (!step) throw RuntimeError(fmt::format("global step should be created to use {}", hook));
  return step;
}

std::int64_t StepOf(const Fetched& fetched) {
  const Tensor& step = fetched.tensor();
  return step.dtype() == DataType::kInt32 ? step.scalar<std::int32_t>()
                                          : step.scalar<std::int64_t>();
}

std::int64_t ReadStep(Session& session, Output step) { return StepOf(session.Run(step)); }

EventsWriter& WriterOf(const HookContext& context, const std::string& directory) {
  // Rendering a graph that is still under construction costs.
  EventsWriter* known = context.runtime.events.Find(directory);
  if (known != nullptr) return *known;
  return context.runtime.events.Get(directory, context.graph.SerializedGraphDef(),
                                    SerializeMetaGraph(context.graph, {}));
}

void EventsTarget::Begin(const HookContext& context) {
  if (given_ || directory_.empty()) return;
  writer_ = &WriterOf(context, directory_);
}

}  // namespace faultline::internal
