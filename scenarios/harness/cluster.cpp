#include "scenarios/harness/cluster.h"

#include <utility>

#include "core/base/assert.h"
#include "core/cluster/address.h"

namespace faultline::scenarios {
namespace {

constexpr double kDefaultVirtualSecs = 7.0 * 24 * 3600;
constexpr std::uint64_t kDefaultEvents = 20'000'000;
constexpr std::uint64_t kEventsAtOneTime = 200'000;

sim::SimulatorOptions SimulatorOptionsOf(const v1::Scenario& scenario,
                                         const ClusterOptions& options) {
  sim::SimulatorOptions result;
  result.seed = scenario.seed();
  for (const v1::Override& o : scenario.overrides()) {
    result.overrides[o.stream()][o.index()] = o.value();
  }
  const v1::Budget& budget = scenario.budget();
  result.time_budget =
      TimePoint() + Duration::FromSeconds(budget.virtual_secs() > 0 ? budget.virtual_secs()
                                                                    : kDefaultVirtualSecs);
  result.event_budget = budget.events() > 0 ? budget.events() : kDefaultEvents;
  result.events_at_one_time = kEventsAtOneTime;
  result.trace = options.trace;
  result.stacks = options.stacks;
  return result;
}

const ProgramInfo& FindProgram(const v1::Scenario& scenario, const ProgramRegistry& programs) {
  const ProgramInfo* program = programs.Find(scenario.program().name());
  FL_ASSERT(program != nullptr, "unknown program {}", scenario.program().name());
  return *program;
}

}  // namespace

// One process of the job, over all of its incarnations.
struct Cluster::Member {
  const v1::NodeSpec& spec;
  sim::Node* node = nullptr;
  std::uint32_t restarts = 0;
  bool restart_pending = false;
  // Its program has ended, well or not, and nobody starts it again.
  bool finished = false;
};

Cluster::Cluster(const v1::Scenario& scenario, ClusterOptions options)
    : scenario_(scenario),
      options_(std::move(options)),
      program_(FindProgram(scenario, options_.programs)),
      simulator_(std::make_unique<sim::Simulator>(SimulatorOptionsOf(scenario, options_))) {
  for (sim::TraceSink* sink : options_.sinks) simulator_->trace().AddSink(sink);
  AddDisks();
  for (const v1::NodeSpec& spec : scenario_.nodes()) AddNode(spec);
  injector_ = std::make_unique<faults::Injector>(scenario_.faults(), *simulator_);
  injector_->OnDeath([this](sim::Node& node) { OnDeath(node); });
  probe_ = std::make_unique<DiskProbe>(*injector_);
  simulator_->trace().AddSink(probe_.get());
  simulator_->SetInterposer(probe_.get());
}

// The simulator goes first: it unwinds fibers that use everything else.
Cluster::~Cluster() { simulator_.reset(); }

void Cluster::AddDisks() {
  if (!scenario_.storage().private_disks()) shared_disk_ = &simulator_->AddDisk("shared");
  if (!program_.needs_data) return;
  data_disk_ = &simulator_->AddDisk("data");
  for (const auto& [path, content] : options_.data) data_disk_->Put("/" + path, content);
}

void Cluster::AddNode(const v1::NodeSpec& spec) {
  sim::NodeOptions node;
  node.name = spec.name();
  node.disk = shared_disk_;
  if (data_disk_ != nullptr) node.mounts[std::string(kDataDir)] = {data_disk_, true};
  members_.push_back(std::make_unique<Member>(Member{spec}));
  Member& member = *members_.back();
  member.node = &simulator_->AddNode(std::move(node));
  member.node->SetMain([this, &member](Env& env) { RunMember(member, env); });
}

sim::RunResult Cluster::Run() {
  injector_->Arm();
  for (const auto& member : members_) {
    const Duration delay = Duration::FromSeconds(member->spec.start_delay_secs()) +
                           injector_->StartDelayOf(*member->node);
    simulator_->At(TimePoint() + delay, [this, &m = *member] {
      m.node->Restart();
      injector_->NodeStarted(*m.node);
    });
  }
  sim::RunResult result = simulator_->Run();
  for (const auto& member : members_) {
    if (member->spec.role() == v1::SERVER) continue;
    probe_->Look(*member->node);
    if (!scenario_.storage().private_disks()) break;
  }
  result.hashes = simulator_->trace().hashes();
  result.trace_events = simulator_->trace().events();
  return result;
}

ProgramContext Cluster::MakeContext(Member& member, Runtime& runtime) const {
  ProgramContext context(runtime);
  context.program = program_.name;
  context.node = member.spec.name();
  context.role = MakeRole(member.spec.role());
  if (!member.spec.server().empty()) {
    context.server_target = TargetOfAddress(AddressOfNode(member.spec.server()));
  }
  if (context.role == ProgramRole::kServer) context.address = AddressOfNode(context.node);
  context.profile = MakeProfile(scenario_.profile());
  context.training = MakeTraining(scenario_.program());
  context.parameters = MakeParameters(program_, scenario_.program());
  context.checkpoint_dir = std::string(kCheckpointDir);
  context.data_dir = std::string(kDataDir);
  context.operations_per_second = member.node->options().operations_per_second;
  return context;
}

// The root fiber of one incarnation: everything that it is made of lives here and dies with it.
void Cluster::RunMember(Member& member, Env& env) {
  ProcessOptions process;
  process.semantics = MakeSemantics(scenario_.semantics());
  process.profile = MakeProfile(scenario_.profile());
  process.wrap_sessions = [this, &member](SessionFactory& inner) {
    return std::make_unique<faults::FaultySessionFactory>(inner,
                                                          injector_->StrikerOf(*member.node));
  };
  ProcessRuntime runtime(env, process);
  ProgramContext context = MakeContext(member, runtime.runtime());
  const Status end = RunProgram(program_, context);
  simulator_->After(Duration(),
                    [this, &member, failed = !end.ok()] { OnProgramEnd(member, failed); });
}

void Cluster::OnDeath(sim::Node& node) {
  probe_->Look(node);
  if (!injector_->RestartPending(node)) RestartOrGiveUp(*members_[node.id()]);
}

void Cluster::OnProgramEnd(Member& member, bool failed) {
  // Something else may have ended the process, and restarted it, at this very instant.
  if (member.node->running()) return;
  if (failed && scenario_.supervisor().restart_failed()) {
    RestartOrGiveUp(member);
    return;
  }
  member.finished = true;
  StopIfDone();
}

void Cluster::RestartOrGiveUp(Member& member) {
  if (member.restart_pending || member.finished) return;
  const v1::Supervisor& supervisor = scenario_.supervisor();
  const bool may = supervisor.max_restarts() == 0 || member.restarts < supervisor.max_restarts();
  if (!(supervisor.restart_after_secs() > 0) || !may) {
    member.finished = true;
    StopIfDone();
    return;
  }
  member.restarts += 1;
  member.restart_pending = true;
  simulator_->After(Duration::FromSeconds(supervisor.restart_after_secs()), [&member] {
    member.restart_pending = false;
    member.node->Restart();
  });
}

void Cluster::StopIfDone() {
  for (const auto& member : members_) {
    if (member->spec.role() != v1::SERVER && !member->finished) return;
  }
  done_ = true;
  simulator_->Stop("every training program has ended");
}

std::string AddressOfNode(const std::string& node) { return node + ":2222"; }

ProgramRole MakeRole(v1::Role role) {
  switch (role) {
    case v1::WORKER:
      return ProgramRole::kWorker;
    case v1::SERVER:
      return ProgramRole::kServer;
    default:
      return ProgramRole::kChief;
  }
}

}  // namespace faultline::scenarios
