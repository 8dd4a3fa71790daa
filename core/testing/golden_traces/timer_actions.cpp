// Timers of hooks, outside of hooks.

#include <array>

#include "core/testing/golden_traces/driver.h"

namespace faultline::testing {

namespace {

TimePoint Now(const ActionCall& call) { return call.driver.env().clock.WallNow(); }

HookTimer& TimerOf(const ActionCall& call) {
  return *Named(call.driver.names().timers, call.params, "on");
}

Json Make(const ActionCall& call) {
  const Params& params = call.params;
  auto& timer = call.driver.names().timers[params.Text("as")];
  if (params.Flag("never")) {
    timer = std::make_shared<NeverTriggerTimer>();
    return nullptr;
  }
  TimerPeriod period;
  if (params.Has("every_secs")) {
    period.every_secs = Duration::FromSeconds(params.Number("every_secs"));
  }
  if (params.Has("every_steps")) period.every_steps = params.Integer("every_steps");
  timer = std::make_shared<SecondOrStepTimer>(period);
  return nullptr;
}

Json ShouldTrigger(const ActionCall& call) {
  return TimerOf(call).ShouldTrigger(call.params.Integer("step"), Now(call));
}

Json Update(const ActionCall& call) {
  const auto elapsed = TimerOf(call).Update(call.params.Integer("step"), Now(call));
  if (!elapsed) return {nullptr, nullptr};
  return {elapsed->time.seconds(), elapsed->steps};
}

Json LastTriggered(const ActionCall& call) {
  const auto step = TimerOf(call).last_triggered_step();
  return step ? Json(*step) : Json();
}

Json Reset(const ActionCall& call) {
  TimerOf(call).Reset();
  return nullptr;
}

constexpr std::array kActions = {
    ActionKind{"timer", Make, "as every_secs every_steps never"},
    ActionKind{"should_trigger", ShouldTrigger, "on step"},
    ActionKind{"update", Update, "on step"},
    ActionKind{"last_triggered", LastTriggered, "on"},
    ActionKind{"timer_reset", Reset, "on"},
};

}  // namespace

std::span<const ActionKind> TimerActions() { return kActions; }

}  // namespace faultline::testing
