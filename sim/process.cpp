#include "sim/process.h"

#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "sim/network.h"
#include "sim/node.h"
#include "sim/simulator.h"

namespace faultline::sim {
namespace {

constexpr std::array<std::string_view, 3> kLevelNames = {"info", "warning", "error"};

FiberSpawnerOptions SpawnerOptions(Node& node, TaskGroup& group) {
  FiberSpawnerOptions options;
  options.compute = [&node, &group](std::int64_t operations) {
    const std::int64_t speed = node.options().operations_per_second;
    const std::int64_t seconds = operations / speed;
    const auto rest = static_cast<double>(operations % speed) / static_cast<double>(speed);
    const Duration time = node.Stretch(Duration::Seconds(seconds) + Duration::FromSeconds(rest));
    if (time <= Duration()) return group.kernel().Yield();
    group.kernel().Wait({.what = "computing", .deadline = group.kernel().Now() + time}, nullptr);
  };
  return options;
}

}  // namespace

TimePoint SimClock::Now() {
  const TimePoint now = process_.kernel().Now();
  if (process_.alive()) {
    process_.simulator().TraceNode(EventKind::kClock, &process_.node(), "now", {});
  }
  return now;
}

TimePoint SimClock::WallNow() {
  const TimePoint wall = process_.node().WallNow();
  if (process_.alive()) {
    process_.simulator().TraceNode(EventKind::kClock, &process_.node(), "wall",
                                   {{"ns", wall.nanoseconds()}});
  }
  return wall;
}

std::uint64_t SimRandom::Draw(std::string_view purpose) {
  if (!process_.alive()) return 0;
  return process_.simulator().choices().Stream("node", purpose, process_.node().name()).Next();
}

void SimObserver::Announce(Point point, std::initializer_list<Field> fields) {
  if (!process_.alive()) return;
  Simulator& simulator = process_.simulator();
  simulator.TraceAnnouncement(process_.node(), point, fields);
  simulator.interposer().OnAnnounce(process_.node(), point,
                                    std::span<const Field>(fields.begin(), fields.size()));
}

bool SimObserver::WantsDigests() const { return process_.simulator().options().digests; }

void SimLogger::Log(LogLevel level, std::string_view text) {
  if (!process_.alive()) return;
  process_.simulator().TraceNode(EventKind::kLog, &process_.node(),
                                 kLevelNames[static_cast<std::size_t>(level)], {{"text", text}});
}

Result<std::unique_ptr<Message>> SimTransport::Call(const std::string& address,
                                                    std::string_view method,
                                                    std::unique_ptr<Message> request,
                                                    const CallOptions& options) {
  return process_.simulator().network().Call(process_, address, method, std::move(request),
                                             options);
}

Status SimTransport::Serve(const std::string& address, std::string method, CallMethod handler) {
  return process_.simulator().network().Serve(process_, address, std::move(method),
                                              std::move(handler));
}

void SimTransport::StopServing(const std::string& address) {
  process_.simulator().network().StopServing(process_, address);
}

Process::Process(Node& node, std::uint32_t incarnation)
    : node_(node),
      incarnation_(incarnation),
      group_(node.simulator().kernel().MakeGroup(fmt::format("{}#{}", node.name(), incarnation))),
      clock_(*this),
      spawner_(group_, SpawnerOptions(node, group_)),
      files_(*this),
      transport_(*this),
      random_(*this),
      observer_(*this),
      logger_(*this),
      env_{.clock = clock_,
           .spawner = spawner_,
           .files = files_,
           .transport = transport_,
           .random = random_,
           .observer = observer_,
           .logger = logger_,
           .host_name = node.options().host_name} {}

Simulator& Process::simulator() const { return node_.simulator(); }

Status Process::Gone() { return Status(Code::kCancelled, "the process has ended"); }

}  // namespace faultline::sim
