#include "sim/node.h"

#include <array>
#include <set>
#include <utility>

#include "core/base/assert.h"
#include "core/base/error.h"
#include "core/fiber/kernel.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/process.h"
#include "sim/simulator.h"

namespace faultline::sim {
namespace {

constexpr std::array<std::string_view, 4> kExitNames = {"returned", "threw", "crashed",
                                                        "power_failed"};

}  // namespace

std::string_view NodeExitName(NodeExit::How how) {
  const auto index = static_cast<std::size_t>(how);
  FL_ASSERT(index < kExitNames.size(), "no such exit: {}", index);
  return kExitNames[index];
}

Node::Node(Simulator& simulator, NodeId id, NodeOptions options)
    : simulator_(simulator), id_(id), options_(std::move(options)), disk_(options_.disk) {
  FL_ASSERT(!options_.name.empty(), "a node needs a name");
  FL_ASSERT(options_.name.find_first_of("/#>") == std::string::npos, "node name {}", options_.name);
  FL_ASSERT(options_.operations_per_second > 0, "node {} cannot compute", options_.name);
  FL_ASSERT(disk_ != nullptr, "node {} has no disk", options_.name);
  if (options_.host_name.empty()) options_.host_name = options_.name;
}

Node::~Node() = default;

void Node::SetMain(NodeMain main) { main_ = std::move(main); }

void Node::Start(NodeMain main) {
  FL_ASSERT(!running(), "node {} is running", name());
  SetMain(std::move(main));
  Restart();
}

bool Node::Restart() {
  if (running()) return false;
  FL_ASSERT(main_ != nullptr, "node {} has no program", name());
  ++incarnation_;
  processes_.push_back(std::make_unique<Process>(*this, incarnation_));
  process_ = processes_.back().get();
  simulator_.Register(*process_);
  state_ = NodeState::kRunning;
  paused_ = false;
  simulator_.TraceNode(EventKind::kLifecycle, this, incarnation_ == 1 ? "start" : "restart", {});
  simulator_.network().OnProcessStart(*process_);
  Process& process = *process_;
  simulator_.kernel().Spawn(process.group(), "main", [this, &process] { RunMain(process); });
  return true;
}

void Node::RunMain(Process& process) {
  const NodeMain main = main_;  // the registered one may be replaced while it runs
  Status status = CallUser([&] { main(process.env()); });
  const auto how = status.ok() ? NodeExit::How::kReturned : NodeExit::How::kThrew;
  End(how, std::move(status));
}

void Node::End(NodeExit::How how, Status status) {
  FL_ASSERT(running(), "node {} is not running", name());
  const bool by_itself = how == NodeExit::How::kReturned || how == NodeExit::How::kThrew;
  state_ = by_itself ? NodeState::kEnded : NodeState::kDown;
  simulator_.TraceNode(EventKind::kLifecycle, this, by_itself ? "exit" : NodeExitName(how),
                       {{"how", NodeExitName(how)},
                        {"code", CodeName(status.code())},
                        {"message", status.message()}});
  exits_.push_back({.incarnation = incarnation_,
                    .how = how,
                    .status = std::move(status),
                    .time = simulator_.now()});
  simulator_.network().OnProcessEnd(*process_, how == NodeExit::How::kPowerFailed);
  simulator_.kernel().Kill(process_->group());
}

bool Node::Crash() {
  if (!running()) return false;
  End(NodeExit::How::kCrashed, Status());
  return true;
}

bool Node::PowerFail(LossModel loss) {
  // The disks first: what unwinding fibers would still write is lost as well.
  std::set<std::string> failed = {disk_->name()};
  disk_->PowerFail(id_, loss);
  for (const auto& [path, mount] : options_.mounts) {
    if (!mount.read_only && failed.insert(mount.disk->name()).second) {
      mount.disk->PowerFail(id_, loss);
    }
  }
  simulator_.network().OnPowerLost(*this);
  if (!running()) {
    state_ = NodeState::kDown;
    simulator_.TraceNode(EventKind::kLifecycle, this, NodeExitName(NodeExit::How::kPowerFailed),
                         {});
    return false;
  }
  End(NodeExit::How::kPowerFailed, Status());
  return true;
}

bool Node::Pause() {
  if (!running() || paused_) return false;
  paused_ = true;
  simulator_.TraceNode(EventKind::kLifecycle, this, "pause", {});
  simulator_.kernel().Pause(process_->group());
  return true;
}

bool Node::Resume() {
  if (!running() || !paused_) return false;
  paused_ = false;
  simulator_.TraceNode(EventKind::kLifecycle, this, "resume", {});
  simulator_.kernel().Resume(process_->group());
  return true;
}

void Node::SlowDown(Ratio factor) {
  FL_ASSERT(factor.numerator > 0 && factor.denominator > 0, "node {}: slow-down {}/{}", name(),
            factor.numerator, factor.denominator);
  slow_down_ = factor;
  simulator_.TraceNode(EventKind::kLifecycle, this, "slow_down",
                       {{"numerator", static_cast<std::int64_t>(factor.numerator)},
                        {"denominator", static_cast<std::int64_t>(factor.denominator)}});
}

void Node::JumpWallClock(Duration by) {
  options_.wall_offset += by;
  simulator_.TraceNode(EventKind::kLifecycle, this, "clock_jump", {{"by_ns", by.nanoseconds()}});
}

TimePoint Node::WallNow() const {
  const TimePoint epoch = simulator_.options().wall_epoch;
  return epoch + Duration::Nanoseconds(simulator_.now().nanoseconds()) + options_.wall_offset;
}

Duration Node::Stretch(Duration normal) const {
  if (slow_down_.numerator == slow_down_.denominator) return normal;
  __extension__ using Wide = __int128;
  const Wide stretched = static_cast<Wide>(normal.nanoseconds()) *
                         static_cast<Wide>(slow_down_.numerator) /
                         static_cast<Wide>(slow_down_.denominator);
  const Wide longest = Duration::Max().nanoseconds();
  return Duration::Nanoseconds(
      static_cast<std::int64_t>(stretched < longest ? stretched : longest));
}

}  // namespace faultline::sim
