#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faults/fault_plan.pb.h"
#include "faults/faulty_session.h"
#include "faults/phase_tracker.h"
#include "sim/interposer.h"
#include "sim/simulator.h"

namespace faultline::faults {

// Ground truth of one activation: what was done, and what was seen to change because of it.
struct Activation {
  int fault = 0;     // index in the plan
  std::string name;  // of the fault
  std::string kind;
  std::string node;
  TimePoint time;
  std::string effect;
  // What the node was doing (see PhaseTracker).
  std::string phase;
};

// A fault of the plan that changed nothing, and why.
struct NotFired {
  int fault = 0;
  std::string name;
  std::string kind;
  std::string node;
  std::string why;
};

// Carries a plan out on a simulator. An activation counts only once its effect has been verified:
// the process is gone, the call returned the code, the messages stand still. Not for two runs.
class Injector final : public sim::Interposer {
 public:
  // The plan must be valid for the nodes of `simulator`, which exist already; both outlive it.
  Injector(const v1::FaultPlan& plan, sim::Simulator& simulator);
  ~Injector() override;

  // Sets the triggers by time. Once, before the run; the simulator's interposer must hand on to
  // this.
  void Arm();
  // Called outside of fibers, at the instant of a death that this injector has caused.
  void OnDeath(std::function<void(sim::Node&)> callback) { on_death_ = std::move(callback); }
  // How much later than planned the node starts first.
  Duration StartDelayOf(const sim::Node& node) const;
  // Whoever starts a node for the first time says so afterwards.
  void NodeStarted(sim::Node& node);
  // A RESTART fault has stopped the node and will start it again.
  bool RestartPending(const sim::Node& node) const;
  // What the sessions of this node's current incarnation ask. Lives as long as the injector.
  SessionStriker& StrikerOf(sim::Node& node);

  // In the order in which they happened. At most kKeptActivations of one fault are kept.
  const std::vector<Activation>& activations() const { return activations_; }
  std::vector<NotFired> FindNotFired() const;
  std::string_view PhaseOf(const sim::Node& node) const;
  static constexpr std::uint64_t kKeptActivations = 100;

  void OnTurn(sim::Node& node, std::uint64_t turn) override;
  void OnAnnounce(sim::Node& node, Point point, std::span<const Field> fields) override;
  sim::FileVerdict BeforeFile(sim::Node& node, const sim::FileCall& call) override;
  Status AfterFile(sim::Node& node, const sim::FileCall& call, const Status& outcome) override;

 private:
  class NodeStriker;
  struct FaultState {
    int index = 0;
    const v1::Fault* fault = nullptr;
    std::string name;
    sim::Node* node = nullptr;
    // Matching calls or announcements so far.
    std::uint64_t seen = 0;
    // Its trigger has come; it will not come again.
    bool triggered = false;
    // Calls still to strike.
    std::uint64_t left = 0;
    std::uint64_t activations = 0;
    std::string why_not;
  };
  struct NodeState {
    PhaseTracker phases;
    std::uint32_t incarnation = 0;
    bool restart_pending = false;
    std::unique_ptr<SessionStriker> striker;
    // A torn write under way: the fault, and how many bytes were kept of how many.
    FaultState* tearing = nullptr;
    std::uint64_t kept = 0;
    std::uint64_t size = 0;
    std::vector<FaultState*> at_turn;
    std::vector<FaultState*> at_announcement;
    std::vector<FaultState*> files;
    std::vector<FaultState*> calls;
  };

  NodeState& StateOf(const sim::Node& node) { return nodes_[node.id()]; }
  void Register(FaultState& state);
  void Trigger(FaultState& state);
  void Strike(FaultState& state);
  void StrikeDeath(FaultState& state);
  void StrikePause(FaultState& state);
  void StrikeSlowDown(FaultState& state);
  void StrikeConnection(FaultState& state);
  void StrikePartition(FaultState& state);
  void Verify(FaultState& state, std::string phase, std::string effect);
  void VerifyDeath(FaultState& state, std::string phase, std::uint32_t incarnation,
                   const std::map<std::string, std::string>& before, const std::string& note);
  void Die(FaultState& state, bool power, const std::string& note);
  void Missed(FaultState& state, std::string why);
  std::vector<sim::Node*> PeersOf(const FaultState& state) const;
  bool AnnouncementMatches(const FaultState& state, Point point, std::span<const Field> fields);
  // Counts a matching call; true if it is to be struck.
  bool CallIsDue(FaultState& state);

  sim::Simulator& simulator_;
  std::vector<FaultState> faults_;
  std::vector<NodeState> nodes_;  // by NodeId
  std::vector<Activation> activations_;
  std::function<void(sim::Node&)> on_death_;
};

// "CRASH"; static storage: what the trace calls the fault.
std::string_view KindNameOf(const v1::Fault& fault);

// Text that a real error of this code could have: nothing tells that it was injected.
std::string PlausibleMessage(Code code);
std::string PlausibleFileReason(Code code);

}  // namespace faultline::faults
