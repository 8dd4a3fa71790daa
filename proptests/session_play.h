#pragma once

#include <string>

#include "proptests/session_record.h"

namespace faultline::proptests {

// What a case is played with beside its draw.
struct PlayOptions {
  // A planted defect of the layer, by the name of its switch; empty: none.
  std::string mutant = {};
  // Defective doubles, for properties that no switch breaks.
  bool late_stop = false;      // the stop hook does not look after its first run
  bool moving_logger = false;  // the logger moves the global step when it reports
  // Another order of the hooks: turned so many places, and then reversed if negative.
  int order = 0;
};

// Plays a case against the real session layer, in virtual time. Never throws: what broke the play
// itself is in the record.
Record Play(const SessionDraw& draw, const PlayOptions& options = {});

}  // namespace faultline::proptests
