#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/session/hooks/second_or_step_timer.h"
#include "proptests/session_properties.h"

namespace faultline::proptests {

// P-10: the steps saved are the same for every order of the hooks. Plays the case several times,
// without the errors of hooks, whose place in the list matters.
Verdict SavesInAnyOrder(const SessionDraw& draw, const PlayOptions& options);

// One thing that happens to a timer.
struct TimerDraw {
  int kind = 0;   // update, reset, look
  int step = 0;   // the next step, from -10 on
  int clock = 0;  // how the wall clock moves, in seconds from -60 on
  friend bool operator==(const TimerDraw&, const TimerDraw&) = default;
};
using MakeTimer = std::function<std::unique_ptr<HookTimer>()>;
// P-8: looking at a timer changes nothing, and right after an update it does not trigger at that
// step, wherever the clock goes. `make` makes equal timers.
Verdict TimerIsPure(const MakeTimer& make, const std::vector<TimerDraw>& draws);

}  // namespace faultline::proptests

namespace rc {

template <>
struct Arbitrary<faultline::proptests::TimerDraw> {
  static Gen<faultline::proptests::TimerDraw> arbitrary();
};

}  // namespace rc
