#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.h"

namespace faultline {

enum class TraceLevel : std::uint8_t {
  kNoTrace = 0,
  kSoftwareTrace = 1,
  kHardwareTrace = 2,
  kFullTrace = 3,
};

struct DebugWatch {
  std::string node_name;
  int output_slot = 0;
  std::vector<std::string> debug_ops;
  std::vector<std::string> debug_urls;
  friend bool operator==(const DebugWatch&, const DebugWatch&) = default;
};

// TensorFlow's RunOptions. A passed object counts as given even when all is default (MP-15).
struct RunOptions {
  TraceLevel trace_level = TraceLevel::kNoTrace;
  std::int64_t timeout_ms = 0;  // 0: that of the session, which defaults to none (SE-20)
  std::int32_t inter_op_thread_pool = 0;
  bool output_partition_graphs = false;
  bool reset_disk_byte_usage = false;
  bool report_tensor_allocations_upon_oom = false;
  std::vector<DebugWatch> debug_watches;
  friend bool operator==(const RunOptions&, const RunOptions&) = default;
};

// One executed operation, in the order in which they ended.
struct NodeStats {
  std::string node;
  std::string type;
  TimePoint start;  // of the monotonic clock (MP-9)
  Duration duration;
  std::int64_t output_bytes = 0;  // of the values that it made; resources count nothing
  friend bool operator==(const NodeStats&, const NodeStats&) = default;
};

// Filled only when the caller passed an object, and only on success (SE-21).
struct RunMetadata {
  std::vector<NodeStats> node_stats;          // with kFullTrace
  std::vector<std::string> partition_graphs;  // serialized GraphDefs, if asked for
  friend bool operator==(const RunMetadata&, const RunMetadata&) = default;
};

}  // namespace faultline
