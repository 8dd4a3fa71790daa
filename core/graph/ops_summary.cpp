#include <algorithm>

#include "core/base/error.h"
#include "core/graph/build.h"
#include "core/graph/ops.h"

namespace faultline {
namespace {

// A tag as TensorFlow cleans it, so that it can be a node's name.
std::string CleanTag(std::string_view tag) {
  tag.remove_prefix(std::min(tag.find_first_not_of('/'), tag.size()));
  std::string clean(tag);
  for (char& c : clean) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool other = (c >= '0' && c <= '9') || c == '-' || c == '/' || c == '_' || c == '.';
    if (!letter && !other) c = '_';
  }
  return clean;
}

}  // namespace

Output ScalarSummary(const std::string& tag, Output value) {
  Graph& graph = value.op->graph();
  const NameScope scope(graph, CleanTag(tag));
  const Output tags = Constant(graph, Tensor::Scalar(graph.name_scope()), "tags");
  const Output summary = internal::Build("ScalarSummary", graph.name_scope() + "/", {tags, value});
  graph.AddToCollection(GraphKeys::kSummaries, summary);
  return summary;
}

Output MergeSummary(const std::vector<Output>& summaries, const std::string& name) {
  if (summaries.empty()) throw ValueError("No summaries to merge");
  const NameScope scope(summaries[0].op->graph(), name);
  return internal::Build("MergeSummary", "MergeSummary", summaries);
}

Output MergeAllSummaries(Graph& graph) {
  std::vector<Output> summaries;
  for (const CollectionItem& item : graph.GetCollection(GraphKeys::kSummaries)) {
    if (const auto* output = std::get_if<Output>(&item)) summaries.push_back(*output);
  }
  return summaries.empty() ? Output() : MergeSummary(summaries);
}

}  // namespace faultline
