// What each kind of fault does to the world, and how its effect is verified.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "faults/injector.h"

namespace faultline::faults {
namespace {

sim::LossModel LossOf(const v1::Fault& fault) {
  switch (fault.unsynced()) {
    case v1::LOSE_ALL:
      return sim::LossModel::kLoseEverything;
    case v1::KEEP_ALL:
      return sim::LossModel::kKeepEverything;
    default:
      return sim::LossModel::kDrawn;
  }
}

// "3 files lost, 1 changed, 512 bytes fewer".
std::string DescribeLoss(const std::map<std::string, std::string>& before,
                         const std::map<std::string, std::string>& after) {
  int gone = 0;
  int changed = 0;
  int returned = 0;
  std::size_t fewer = 0;
  for (const auto& [path, content] : before) {
    const auto found = after.find(path);
    if (found == after.end()) {
      ++gone;
      fewer += content.size();
    } else if (found->second != content) {
      ++changed;
      fewer += content.size() > found->second.size() ? content.size() - found->second.size() : 0;
    }
  }
  for (const auto& [path, content] : after) returned += before.contains(path) ? 0 : 1;
  if (gone + changed + returned == 0) return "nothing unsynced was lost";
  return fmt::format("{} unsynced entries lost, {} changed, {} back, {} bytes fewer", gone, changed,
                     returned, fewer);
}

}  // namespace

void Injector::Verify(FaultState& state, std::string phase, std::string effect) {
  state.activations += 1;
  if (state.activations > kKeptActivations) return;
  activations_.push_back({state.index, state.name, v1::FaultKind_Name(state.fault->kind()),
                          state.node->name(), simulator_.now(), std::move(effect),
                          std::move(phase)});
}

void Injector::Missed(FaultState& state, std::string why) { state.why_not = std::move(why); }

void Injector::Trigger(FaultState& state) {
  FL_ASSERT(!state.triggered, "fault {} is triggered twice", state.name);
  state.triggered = true;
  switch (state.fault->kind()) {
    case v1::ERROR:
    case v1::STORAGE_ERROR:
    case v1::TORN_SAVE:
      state.left = std::max(1U, state.fault->times());
      state.why_not = "no call matched after its trigger";
      return;
    default:
      Strike(state);
      return;
  }
}

void Injector::Strike(FaultState& state) {
  switch (state.fault->kind()) {
    case v1::CRASH:
    case v1::POWER_FAIL:
    case v1::RESTART:
      StrikeDeath(state);
      return;
    case v1::PAUSE:
      StrikePause(state);
      return;
    case v1::SLOW_DOWN:
      StrikeSlowDown(state);
      return;
    case v1::BREAK_CONNECTION:
      StrikeConnection(state);
      return;
    case v1::PARTITION:
      StrikePartition(state);
      return;
    default:
      FL_ASSERT(false, "fault {} cannot be triggered", state.name);
  }
}

void Injector::StrikeDeath(FaultState& state) {
  if (!state.node->running()) {
    Missed(state, "the process was not running");
    return;
  }
  Die(state, state.fault->kind() == v1::POWER_FAIL, "");
}

// Does not return when the caller is a fiber of the node itself, so everything that comes after is
// an event of this same instant.
void Injector::Die(FaultState& state, bool power, const std::string& note) {
  sim::Node& node = *state.node;
  simulator_.TraceFault(KindNameOf(*state.fault), node.id(), {{"fault", state.name}});
  std::map<std::string, std::string> before;
  if (power) before = node.disk().Contents();
  simulator_.At(simulator_.now(), [this, &state, note, phase = std::string(PhaseOf(node)),
                                   incarnation = node.incarnation(), before = std::move(before)] {
    VerifyDeath(state, phase, incarnation, before, note);
  });
  if (power) {
    node.PowerFail(LossOf(*state.fault));
  } else {
    node.Crash();
  }
}

void Injector::VerifyDeath(FaultState& state, std::string phase, std::uint32_t incarnation,
                           const std::map<std::string, std::string>& before,
                           const std::string& note) {
  sim::Node& node = *state.node;
  const auto& exits = node.exits();
  if (exits.empty() || exits.back().incarnation != incarnation || node.running()) {
    Missed(state, "the process did not die");
    return;
  }
  std::string effect =
      fmt::format("incarnation {} {}", incarnation,
                  exits.back().how == sim::NodeExit::How::kPowerFailed
                      ? "lost its power; " + DescribeLoss(before, node.disk().Contents())
                      : "died");
  Verify(state, std::move(phase), effect + note);
  if (state.fault->kind() == v1::RESTART) {
    const std::size_t mine = activations_.size() - 1;
    StateOf(node).restart_pending = true;
    simulator_.After(Duration::FromSeconds(state.fault->delay_secs()), [this, &node, mine] {
      StateOf(node).restart_pending = false;
      if (!node.Restart()) return;
      activations_[mine].effect += fmt::format("; incarnation {} started", node.incarnation());
    });
  }
  if (on_death_) on_death_(node);
}

void Injector::StrikePause(FaultState& state) {
  sim::Node& node = *state.node;
  const std::string phase(PhaseOf(node));
  simulator_.TraceFault(KindNameOf(*state.fault), node.id(), {{"fault", state.name}});
  if (!node.Pause()) {
    Missed(state, "the process was not running, or paused already");
    return;
  }
  const double seconds = state.fault->duration_secs();
  Verify(state, phase,
         seconds > 0 ? fmt::format("stood still for {} s", seconds)
                     : std::string("stood still for ever"));
  if (!(seconds > 0)) return;
  simulator_.After(Duration::FromSeconds(seconds), [&node, incarnation = node.incarnation()] {
    if (node.incarnation() == incarnation) node.Resume();
  });
}

void Injector::StrikeSlowDown(FaultState& state) {
  sim::Node& node = *state.node;
  const double factor = state.fault->factor();
  simulator_.TraceFault(KindNameOf(*state.fault), node.id(), {{"fault", state.name}});
  node.SlowDown({static_cast<std::uint64_t>(std::llround(factor * 1000)), 1000});
  const Ratio now = node.slow_down();
  Verify(state, std::string(PhaseOf(node)),
         fmt::format("works {} times slower",
                     static_cast<double>(now.numerator) / static_cast<double>(now.denominator)));
  if (!(state.fault->duration_secs() > 0)) return;
  simulator_.After(Duration::FromSeconds(state.fault->duration_secs()), [&node] {
    node.SlowDown({1, 1});
  });
}

std::vector<sim::Node*> Injector::PeersOf(const FaultState& state) const {
  std::vector<sim::Node*> peers;
  for (const auto& node : simulator_.nodes()) {
    if (node.get() == state.node) continue;
    if (state.fault->peer().empty() || state.fault->peer() == node->name()) {
      peers.push_back(node.get());
    }
  }
  return peers;
}

void Injector::StrikeConnection(FaultState& state) {
  std::size_t open = 0;
  std::size_t left = 0;
  simulator_.TraceFault(KindNameOf(*state.fault), state.node->id(), {{"fault", state.name}});
  for (sim::Node* peer : PeersOf(state)) {
    open += simulator_.network().Connections(*state.node, *peer);
    simulator_.network().BreakConnections(*state.node, *peer);
    left += simulator_.network().Connections(*state.node, *peer);
  }
  if (open == left) {
    Missed(state, "no connection was open");
    return;
  }
  Verify(state, std::string(PhaseOf(*state.node)),
         fmt::format("{} connections broke", open - left));
}

void Injector::StrikePartition(FaultState& state) {
  sim::Node& node = *state.node;
  const std::vector<sim::Node*> peers = PeersOf(state);
  simulator_.TraceFault(KindNameOf(*state.fault), node.id(), {{"fault", state.name}});
  std::size_t blocked = 0;
  for (sim::Node* peer : peers) {
    if (state.fault->one_way()) {
      simulator_.network().PartitionOneWay(node, *peer);
    } else {
      simulator_.network().Partition(node, *peer);
    }
    blocked += simulator_.network().Blocked(node, *peer) ? 1 : 0;
  }
  if (blocked == 0) {
    Missed(state, "it has no peer");
    return;
  }
  Verify(state, std::string(PhaseOf(node)),
         fmt::format("messages to {} peers stand still", blocked));
  if (!(state.fault->duration_secs() > 0)) return;
  simulator_.After(Duration::FromSeconds(state.fault->duration_secs()), [this, &node, peers] {
    for (sim::Node* peer : peers) simulator_.network().Heal(node, *peer);
    simulator_.TraceFault("HEAL", node.id(), {});
  });
}

}  // namespace faultline::faults
