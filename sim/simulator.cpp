#include "sim/simulator.h"

#include <exception>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "core/base/error.h"
#include "core/base/unwind.h"
#include "core/fiber/kernel.h"
#include "core/fiber/virtual_time.h"
#include "sim/process.h"

namespace faultline::sim {
namespace {

std::string Seconds(TimePoint time) {
  if (time == TimePoint::Max()) return "never";
  const std::int64_t ns = time.nanoseconds();
  return fmt::format("{}.{:03} s", ns / 1'000'000'000, ns % 1'000'000'000 / 1'000'000);
}

// What left a fiber, in words.
std::string TextOf(const FiberFailure& failure) {
  std::string text;
  try {
    text = StatusFromException(failure.exception).ToString();
  } catch (const AssertionFailed& failed) {
    text = failed.message;
  }
  return fmt::format("{} in {} of {}", text, failure.task, failure.group);
}

Waiter WaiterOf(const WaitingTask& task) {
  return {.process = task.group,
          .task = task.task,
          .what = task.ready ? std::string() : task.what,
          .since = task.since,
          .deadline = task.deadline,
          .housekeeping = task.kind == WaitKind::kHousekeeping,
          .paused = task.paused};
}

std::string Describe(const Waiter& waiter) {
  std::string line = fmt::format("\n  {} {}", waiter.process, waiter.task);
  if (waiter.what.empty()) {
    line += " is ready to run";
  } else {
    line += fmt::format(" waits for {} since {}", waiter.what, Seconds(waiter.since));
    if (waiter.deadline != TimePoint::Max()) {
      line += fmt::format(", until {}", Seconds(waiter.deadline));
    }
  }
  if (waiter.housekeeping) line += " (housekeeping)";
  if (waiter.paused) line += " (paused)";
  return line;
}

RunEnd EndOf(faultline::RunEnd end) {
  switch (end) {
    case faultline::RunEnd::kFinished:
      return RunEnd::kFinished;
    case faultline::RunEnd::kStopped:
      return RunEnd::kStopped;
    case faultline::RunEnd::kStuck:
      return RunEnd::kStuck;
    case faultline::RunEnd::kTimeLimit:
      return RunEnd::kTimeBudget;
    case faultline::RunEnd::kEventLimit:
      return RunEnd::kEventBudget;
    case faultline::RunEnd::kLivelock:
      return RunEnd::kNoProgress;
    case faultline::RunEnd::kFailed:
      return RunEnd::kCrashed;
  }
  return RunEnd::kCrashed;
}

}  // namespace

class Simulator::DrawnPicker final : public Picker {
 public:
  explicit DrawnPicker(ChoiceSource& choices) : stream_(choices.Stream("schedule", "pick")) {}
  std::size_t Pick(const ReadySet& ready) override { return stream_.Below(ready.size()); }

 private:
  ChoiceStream& stream_;
};

class Simulator::Hooks final : public TurnHook, public DrawListener {
 public:
  explicit Hooks(Simulator& simulator) : simulator_(simulator) {}

  void BeforeTurn(const Turn& turn) override {
    FL_ASSERT(turn.group.index() < simulator_.processes_.size(), "a fiber of no process");
    Process* process = simulator_.processes_[turn.group.index()];
    Node& node = process->node();
    node.CountTurn();
    simulator_.TraceNode(EventKind::kTurn, &node, turn.task.name(),
                         {{"task", static_cast<std::int64_t>(turn.task.id())}});
    simulator_.interposer().OnTurn(node, node.turns());
  }

  void OnDraw(std::string_view stream, std::uint64_t index, std::uint64_t value) override {
    simulator_.TraceNode(
        EventKind::kDraw, nullptr, stream,
        {{"index", static_cast<std::int64_t>(index)}, {"value", static_cast<std::int64_t>(value)}});
  }

 private:
  Simulator& simulator_;
};

Simulator::Simulator(SimulatorOptions options)
    : options_(std::move(options)),
      choices_(options_.seed, options_.overrides),
      trace_(options_.trace),
      clock_(std::make_unique<VirtualTime>()),
      picker_(std::make_unique<DrawnPicker>(choices_)),
      hooks_(std::make_unique<Hooks>(*this)) {
  // A turn tells what was picked.
  choices_.Listen(hooks_.get(), "schedule");
  if (options_.stacks == nullptr) own_stacks_ = std::make_unique<StackPool>();
  kernel_ = std::make_unique<Kernel>(
      KernelOptions{.time = *clock_,
                    .picker = *picker_,
                    .stacks = options_.stacks != nullptr ? *options_.stacks : *own_stacks_,
                    .hook = hooks_.get()});
  network_ = std::make_unique<SimNetwork>(*this, options_.network);
}

Simulator::~Simulator() {
  // Fibers refer to all the rest, processes to their groups in the kernel.
  kernel_->Shutdown();
  nodes_.clear();
  network_.reset();
  kernel_.reset();
}

Node& Simulator::AddNode(NodeOptions options) {
  FL_ASSERT(FindNode(options.name) == nullptr, "there are two nodes {}", options.name);
  if (options.disk == nullptr) options.disk = &AddDisk(options.name);
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back(std::make_unique<Node>(*this, id, std::move(options)));
  return *nodes_.back();
}

SimDisk& Simulator::AddDisk(std::string name, DiskOptions options) {
  FL_ASSERT(FindDisk(name) == nullptr, "there are two disks {}", name);
  disks_.push_back(std::make_unique<SimDisk>(std::move(name), options, choices_));
  return *disks_.back();
}

Node* Simulator::FindNode(std::string_view name) const {
  for (const auto& node : nodes_) {
    if (node->name() == name) return node.get();
  }
  return nullptr;
}

SimDisk* Simulator::FindDisk(std::string_view name) const {
  for (const auto& disk : disks_) {
    if (disk->name() == name) return disk.get();
  }
  return nullptr;
}

void Simulator::Register(Process& process) {
  FL_ASSERT(process.group().index() == processes_.size(), "groups belong to processes");
  processes_.push_back(&process);
}

void Simulator::At(TimePoint time, std::function<void()> callback, WaitKind kind) {
  kernel_->At(time, std::move(callback), kind);
}

void Simulator::After(Duration delay, std::function<void()> callback, WaitKind kind) {
  At(now() + delay, std::move(callback), kind);
}

void Simulator::Stop(std::string reason) {
  stop_reason_ = std::move(reason);
  kernel_->Stop();
}

TimePoint Simulator::now() const { return clock_->Now(); }

RunResult Simulator::Run() {
  const faultline::RunResult run =
      kernel_->Run({.until = options_.time_budget,
                    .events = options_.event_budget,
                    .events_at_one_time = options_.events_at_one_time});
  RunResult result;
  result.end = EndOf(run.end);
  result.end_time = now();
  result.hashes = trace_.hashes();
  result.trace_events = trace_.events();
  result.turns = kernel_->turns();
  for (const WaitingTask& task : run.waiting) result.waiters.push_back(WaiterOf(task));
  switch (result.end) {
    case RunEnd::kFinished:
      return result;
    case RunEnd::kStopped:
      result.text = std::exchange(stop_reason_, {});
      return result;
    case RunEnd::kCrashed:
      for (const FiberFailure& failure : run.failures) {
        result.text += (result.text.empty() ? "" : "\n") + TextOf(failure);
      }
      return result;
    default:
      break;
  }
  result.text = fmt::format("{} at {}", RunEndName(result.end), Seconds(result.end_time));
  if (result.end == RunEnd::kStuck) result.text += ": nothing but housekeeping can happen";
  for (const Waiter& waiter : result.waiters) result.text += Describe(waiter);
  return result;
}

void Simulator::TraceNode(EventKind kind, const Node* node, std::string_view name,
                          std::initializer_list<Field> fields, std::uint64_t digest) {
  trace_.Add({.time = now(),
              .node = node != nullptr ? node->id() : kWorld,
              .incarnation = node != nullptr ? node->incarnation() : 0,
              .kind = kind,
              .name = name,
              .fields = std::span<const Field>(fields.begin(), fields.size()),
              .digest = digest});
}

void Simulator::TraceAnnouncement(const Node& node, Point point,
                                  std::initializer_list<Field> fields) {
  trace_.Add({.time = now(),
              .node = node.id(),
              .incarnation = node.incarnation(),
              .kind = EventKind::kAnnounce,
              .point = point,
              .name = PointName(point),
              .fields = std::span<const Field>(fields.begin(), fields.size())});
}

void Simulator::TraceFault(std::string_view name, NodeId node,
                           std::initializer_list<Field> fields) {
  FL_ASSERT(node == kWorld || node < nodes_.size(), "no node {}", node);
  TraceNode(EventKind::kFault, node == kWorld ? nullptr : nodes_[node].get(), name, fields);
}

TraceRecord Simulator::Record() const {
  std::vector<std::string> names;
  for (const auto& node : nodes_) names.push_back(node->name());
  return trace_.Record(std::move(names));
}

}  // namespace faultline::sim
