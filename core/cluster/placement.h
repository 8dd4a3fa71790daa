#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/graph/graph.h"

namespace faultline {

// Which task of a cluster a process is.
struct TaskId {
  std::string job;
  int index = 0;
};

// Whether a device string ("/job:ps/task:0/device:CPU:0", parts may be missing) names the CPU of
// `task` or leaves it open.
bool DeviceMatches(std::string_view device, const TaskId& task);

// A server executes whole graphs on its own task: splitting a graph by task would begin here
// (RF-35). INVALID_ARGUMENT for the first operation that asks for a device elsewhere (RF-33).
Status CheckPlacement(const Graph& graph, const TaskId& task);

}  // namespace faultline
