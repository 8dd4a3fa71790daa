#include "core/session/run_merge.h"

#include <algorithm>

namespace faultline::internal {

void MergeRunOptions(const RunOptions& from, RunOptions* into) {
  into->trace_level = std::max(into->trace_level, from.trace_level);
  into->timeout_ms = std::max(into->timeout_ms, from.timeout_ms);
  into->inter_op_thread_pool = std::max(into->inter_op_thread_pool, from.inter_op_thread_pool);
  into->output_partition_graphs |= from.output_partition_graphs;
  into->reset_disk_byte_usage |= from.reset_disk_byte_usage;
  into->report_tensor_allocations_upon_oom |= from.report_tensor_allocations_upon_oom;
  into->debug_watches.insert(into->debug_watches.end(), from.debug_watches.begin(),
                             from.debug_watches.end());
}

std::string CommonFeeds(const FeedDict& a, const FeedDict& b) {
  std::string names;
  const auto add = [&](const std::string& name) {
    if (!names.empty()) names += ", ";
    names += name;
  };
  for (const auto& [key, value] : a.items()) {
    if (b.Contains(key)) add(key.name());
  }
  for (const auto& [name, value] : a.named()) {
    if (b.Contains(name)) add(name);
  }
  return names;
}

void AddFeeds(const FeedDict& from, FeedDict* into) {
  for (const auto& [key, value] : from.items()) into->Add(key, value);
  for (const auto& [name, value] : from.named()) into->Add(name, value);
}

}  // namespace faultline::internal
