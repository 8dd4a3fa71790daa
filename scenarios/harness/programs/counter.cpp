#include "scenarios/harness/programs/counter.h"

#include <utility>

#include "core/graph/global_step.h"
#include "scenarios/harness/programs/training.h"

namespace faultline::scenarios {
namespace {

Status Count(ProgramContext& context) {
  if (context.role == ProgramRole::kServer) return ServeVariables(context);
  Graph graph;
  GetOrCreateGlobalStep(graph);
  TrainingModel model;
  model.make_train_op = [](Graph& g) { return IncrementGlobalStep(g); };
  return Train(context, graph, std::move(model));
}

}  // namespace

ProgramInfo CounterProgram() {
  ProgramInfo program;
  program.name = "counter";
  program.text = "counts training steps and does nothing else";
  program.run = Count;
  return program;
}

}  // namespace faultline::scenarios
