#pragma once

#include <functional>

#include "core/graph/graph.h"
#include "core/session/session_run_hook.h"
#include "scenarios/harness/program.h"

namespace faultline::scenarios {

// What a training program adds to the common loop.
struct TrainingModel {
  // Makes the operation of one step, which increments the global step.
  std::function<Operation*(Graph&)> make_train_op;
  HookList hooks;
};

// The loop of all training programs: a monitored training session, as its pages show it, that
// trains until `steps`, end of input or an error. Announces Progress after each step and
// FinalValues at a clean end. Throws what the session throws. Suspends.
Status Train(ProgramContext& context, Graph& graph, TrainingModel model);

// The loop of a server: starts it and waits for ever.
Status ServeVariables(ProgramContext& context);

}  // namespace faultline::scenarios
