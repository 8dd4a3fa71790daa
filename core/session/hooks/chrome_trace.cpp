#include "core/session/hooks/chrome_trace.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/proto/step_stats.pb.h"

namespace faultline::internal {

namespace {

// One executed operation at its place in the picture.
struct Box {
  const NodeStats* stats;
  const Operation* op;  // null if the graph does not know it
  int process = 0;      // 1, 2, ... in order of the devices' names
  int lane = 0;

  TimePoint start() const { return stats->start; }
  TimePoint end() const { return stats->start + stats->duration; }
};

struct Picture {
  std::vector<std::string> devices;  // of process 1, 2, ...
  std::vector<Box> boxes;            // by start
};

std::string DeviceOf(const Operation* op) {
  const bool known = op != nullptr && !op->device().empty();
  return known ? op->device() : "/device:CPU:0";
}

// The first lane of the process that is free again.
int FreeLane(std::vector<TimePoint>* lane_ends, const Box& box) {
  std::size_t lane = 0;
  while (lane < lane_ends->size() && (*lane_ends)[lane] > box.start()) ++lane;
  if (lane == lane_ends->size()) lane_ends->emplace_back();
  (*lane_ends)[lane] = box.end();
  return static_cast<int>(lane);
}

Picture Arrange(const RunMetadata& metadata, const Graph& graph) {
  Picture picture;
  std::map<std::string, int> processes;
  for (const NodeStats& stats : metadata.node_stats) {
    const Operation* op = graph.FindOperation(stats.node);
    picture.boxes.push_back({&stats, op});
    processes.emplace(DeviceOf(op), 0);
  }
  for (auto& [device, process] : processes) {
    picture.devices.push_back(device);
    process = static_cast<int>(picture.devices.size());
  }
  std::stable_sort(picture.boxes.begin(), picture.boxes.end(),
                   [](const Box& a, const Box& b) { return a.start() < b.start(); });
  std::vector<std::vector<TimePoint>> lane_ends(picture.devices.size());
  for (Box& box : picture.boxes) {
    box.process = processes.at(DeviceOf(box.op));
    box.lane = FreeLane(&lane_ends[static_cast<std::size_t>(box.process - 1)], box);
  }
  return picture;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// Microseconds with all their nanoseconds, without rounding.
std::string Micros(std::int64_t nanoseconds) {
  const std::int64_t whole = nanoseconds / 1000;
  return fmt::format("{}.{:03}", whole, nanoseconds - whole * 1000);
}
std::string Micros(TimePoint time) { return Micros(time.nanoseconds()); }

std::string InputList(const Box& box) {
  std::string names;
  if (box.op == nullptr) return names;
  for (const Output& input : box.op->inputs()) {
    if (!names.empty()) names += ", ";
    names += input.index == 0 ? input.op->name() : input.name();
  }
  return names;
}

std::string OperationEvent(const Box& box) {
  std::string args =
      fmt::format(R"("name":{},"op":{})", Quoted(box.stats->node), Quoted(box.stats->type));
  if (box.op != nullptr) {
    for (std::size_t i = 0; i < box.op->inputs().size(); ++i) {
      args += fmt::format(R"(,"input{}":{})", i, Quoted(box.op->inputs()[i].name()));
    }
  }
  return fmt::format(R"({{"ph":"X","cat":"Op","name":{},"pid":{},"tid":{},"ts":{},"dur":{},)"
                     R"("args":{{{}}}}})",
                     Quoted(box.stats->type), box.process, box.lane, Micros(box.start()),
                     Micros(box.stats->duration.nanoseconds()), args);
}

// The writer of one trace.
class Trace {
 public:
  explicit Trace(Picture picture) : picture_(std::move(picture)) {
    for (const Box& box : picture_.boxes) {
      if (box.op != nullptr) executed_.emplace(box.op->id(), &box);
    }
  }

  void AddNames() {
    for (std::size_t i = 0; i < picture_.devices.size(); ++i) {
      Add(fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":{}}}}})", i + 1,
                      Quoted(picture_.devices[i] + " Compute")));
    }
    std::map<std::pair<int, int>, bool> lanes;
    for (const Box& box : picture_.boxes) lanes[{box.process, box.lane}] = true;
    for (const auto& [place, used] : lanes) {
      Add(fmt::format(
          R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"lane {}"}}}})",
          place.first, place.second, place.second));
    }
  }

  void AddOperations() {
    for (const Box& box : picture_.boxes) Add(OperationEvent(box));
  }

  // An arrow from the end of what made a value to the start of each that took it.
  void AddDataflow() {
    int id = 0;
    for (const Box& taker : picture_.boxes) {
      if (taker.op == nullptr) continue;
      for (const Output& input : taker.op->inputs()) {
        const auto maker = executed_.find(input.op->id());
        if (maker == executed_.end()) continue;  // it was fed
        AddFlow("s", input, *maker->second, maker->second->end(), ++id);
        AddFlow("f", input, taker, taker.start(), id);
      }
    }
  }

  // What the values hold: from the end of their maker to the end of the last that took them, or to
  // the end of the run.
  void AddMemory() {
    std::map<std::pair<TimePoint, int>, std::int64_t> changes;
    const std::map<int, TimePoint> last_uses = LastUses();
    for (const Box& box : picture_.boxes) {
      if (box.stats->output_bytes == 0) continue;
      changes[{box.end(), box.process}] += box.stats->output_bytes;
      if (box.op == nullptr) continue;
      const auto last = last_uses.find(box.op->id());
      if (last == last_uses.end()) continue;
      changes[{last->second, box.process}] -= box.stats->output_bytes;
    }
    std::map<int, std::int64_t> held;  // by process
    for (const auto& [when, change] : changes) {
      const auto& [time, process] = when;
      held[process] += change;
      Add(fmt::format(R"({{"ph":"C","cat":"Memory","name":"values","pid":{},"ts":{},)"
                      R"("args":{{"bytes":{}}}}})",
                      process, Micros(time), held[process]));
    }
  }

  std::string Text() const {
    std::string text = "{\"traceEvents\":[";
    for (std::size_t i = 0; i < events_.size(); ++i) {
      text += (i == 0 ? "\n" : ",\n") + events_[i];
    }
    return text + "\n]}\n";
  }

 private:
  void Add(std::string event) { events_.push_back(std::move(event)); }

  void AddFlow(std::string_view phase, const Output& value, const Box& at, TimePoint time, int id) {
    const std::string_view binding = phase == "f" ? R"("bp":"e",)" : "";
    Add(fmt::format(R"({{"ph":"{}",{}"cat":"DataFlow","name":{},"pid":{},"tid":{},"ts":{},)"
                    R"("id":{}}})",
                    phase, binding, Quoted(value.name()), at.process, at.lane, Micros(time), id));
  }

  std::map<int, TimePoint> LastUses() const {
    std::map<int, TimePoint> last_uses;  // by id of the maker
    for (const Box& taker : picture_.boxes) {
      if (taker.op == nullptr) continue;
      for (const Output& input : taker.op->inputs()) {
        TimePoint& last = last_uses.emplace(input.op->id(), taker.end()).first->second;
        last = std::max(last, taker.end());
      }
    }
    return last_uses;
  }

  Picture picture_;
  std::map<int, const Box*> executed_;  // by id of the operation
  std::vector<std::string> events_;
};

void Fill(const Box& box, v1::tf::NodeExecStats* out) {
  const std::int64_t micros = box.stats->duration.nanoseconds() / 1000;
  out->set_node_name(box.stats->node);
  out->set_all_start_micros(box.start().nanoseconds() / 1000);
  out->set_op_end_rel_micros(micros);
  out->set_all_end_rel_micros(micros);
  out->set_timeline_label(
      fmt::format("{} = {}({})", box.stats->node, box.stats->type, InputList(box)));
  out->set_scheduled_micros(out->all_start_micros());
  out->set_thread_id(static_cast<std::uint32_t>(box.lane));
  if (box.stats->output_bytes == 0) return;
  v1::tf::AllocatorMemoryUsed* memory = out->add_memory();
  memory->set_allocator_name("cpu");
  memory->set_total_bytes(box.stats->output_bytes);
}

}  // namespace

std::string ChromeTrace(const RunMetadata& metadata, const Graph& graph,
                        const ChromeTraceOptions& options) {
  Trace trace(Arrange(metadata, graph));
  trace.AddNames();
  trace.AddOperations();
  if (options.show_dataflow) trace.AddDataflow();
  if (options.show_memory) trace.AddMemory();
  return trace.Text();
}

std::string SerializeRunMetadata(const RunMetadata& metadata, const Graph& graph) {
  const Picture picture = Arrange(metadata, graph);
  v1::tf::RunMetadata message;
  for (const std::string& device : picture.devices) {
    message.mutable_step_stats()->add_dev_stats()->set_device(device);
  }
  for (const Box& box : picture.boxes) {
    Fill(box, message.mutable_step_stats()->mutable_dev_stats(box.process - 1)->add_node_stats());
  }
  for (const std::string& bytes : metadata.partition_graphs) message.add_partition_graphs(bytes);
  return message.SerializeAsString();
}

}  // namespace faultline::internal
