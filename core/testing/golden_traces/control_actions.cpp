// Scopes, loops and errors of the program itself.

#include <array>

#include "core/base/error.h"
#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/errors.h"

namespace faultline::testing {

namespace {

MonitoredSessionBase& Monitored(const ActionCall& call) {
  const auto& monitored = call.driver.names().monitored;
  if (!monitored) throw BadCase(call.params.where() + ": there is no monitored session");
  return *monitored;
}

Json Scope(const ActionCall& call) {
  WithSession(Monitored(call), [&](MonitoredSessionBase&) {
    call.driver.PerformBody(call.params.List("body"), call.place);
    call.driver.recorder().Add({{"e", "scope_end"}, {"i", call.place}});
  });
  return nullptr;
}

Json Loop(const ActionCall& call) {
  const std::int64_t limit = call.params.Has("max") ? call.params.Integer("max") : 50;
  for (std::int64_t rounds = 0; rounds < limit; ++rounds) {
    if (Monitored(call).ShouldStop()) {
      call.driver.recorder().Add({{"e", "loop_end"}, {"i", call.place}, {"rounds", rounds}});
      return nullptr;
    }
    call.driver.PerformBody(call.params.List("body"), call.place);
  }
  call.driver.recorder().Add({{"e", "loop_limit"}, {"i", call.place}});
  return nullptr;
}

Json Raise(const ActionCall& call) {
  ThrowStatus(MakeError(call.params.At("error"), call.params.where() + ".error"));
}

constexpr std::array kActions = {
    ActionKind{"scope", Scope, "body"},
    ActionKind{"loop", Loop, "body max", false},
    ActionKind{"raise", Raise, "error"},
};

}  // namespace

std::span<const ActionKind> ControlActions() { return kActions; }

}  // namespace faultline::testing
