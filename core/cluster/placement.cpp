#include "core/cluster/placement.h"

#include <fmt/format.h>

namespace faultline {
namespace {

// One part of a device string, "key:value".
bool PartMatches(std::string_view part, const TaskId& task) {
  const std::size_t colon = part.find(':');
  if (colon == std::string_view::npos) return part.empty();
  const std::string_view key = part.substr(0, colon);
  const std::string_view value = part.substr(colon + 1);
  if (key == "job") return value == task.job;
  if (key == "replica") return value == "0";
  if (key == "task") return value == std::to_string(task.index);
  if (key == "device") return value == "CPU:0" || value == "CPU:*" || value == "*";
  if (key == "cpu" || key == "CPU") return value == "0" || value == "*";
  return false;
}

}  // namespace

bool DeviceMatches(std::string_view device, const TaskId& task) {
  while (!device.empty()) {
    const std::size_t end = device.find('/');
    if (!PartMatches(device.substr(0, end), task)) return false;
    if (end == std::string_view::npos) break;
    device.remove_prefix(end + 1);
  }
  return true;
}

Status CheckPlacement(const Graph& graph, const TaskId& task) {
  for (const auto& op : graph.operations()) {
    if (DeviceMatches(op->device(), task)) continue;
    return Status(Code::kInvalidArgument,
                  fmt::format("{} cannot be placed: it asks for {}, and only the CPU of /job:{}/"
                              "task:{} is here",
                              op->name(), op->device(), task.job, task.index))
        .WithNode(op->name());
  }
  return Status();
}

}  // namespace faultline
