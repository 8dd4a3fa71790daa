#include "scenarios/harness/programs/training.h"

#include <memory>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/cluster/server.h"
#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/session/hooks/stop_at_step_hook.h"
#include "core/session/monitored_training_session.h"
#include "core/session/scaffold.h"

namespace faultline::scenarios {
namespace {

// Tells what the model is worth at a clean end, for the comparison with an undisturbed run.
class FinalValuesHook final : public SessionRunHook {
 public:
  explicit FinalValuesHook(Observer& observer) : observer_(observer) {}
  std::string name() const override { return "FinalValuesHook"; }

  void Begin(const HookContext& context) override {
    step_ = GetGlobalStep(context.graph).value();
    variables_ = context.graph.GetVariables(GraphKeys::kGlobalVariables);
  }

  void End(Session& session) override {
    Fetch::List wanted(variables_.begin(), variables_.end());
    wanted.emplace_back(step_);
    const Fetched values = session.Run(wanted);
    Hash64 digest;
    for (std::size_t i = 0; i < variables_.size(); ++i) {
      digest.Add(variables_[i].name());
      digest.Add(values[i].tensor().Digest());
    }
    observer_.Announce(Point::kFinalValues,
                       {{"step", values[variables_.size()].scalar<std::int64_t>()},
                        {"digest", static_cast<std::int64_t>(digest.value())}});
  }

 private:
  Observer& observer_;
  Output step_;
  std::vector<Variable> variables_;
};

// Looks at the step at which a session begins.
class LookHook final : public SessionRunHook {
 public:
  std::string name() const override { return "LookHook"; }
  void Begin(const HookContext& context) override {
    step_tensor_ = GetGlobalStep(context.graph).value();
  }
  void AfterCreateSession(Session& session, Coordinator&) override {
    step_ = session.Run(step_tensor_).scalar<std::int64_t>();
  }
  std::int64_t step() const { return step_; }

 private:
  Output step_tensor_;
  std::int64_t step_ = 0;
};

MonitoredTrainingSessionOptions SessionOptions(const ProgramContext& context) {
  const TrainingSettings& training = context.training;
  MonitoredTrainingSessionOptions options;
  options.master = context.server_target;
  options.is_chief = context.role == ProgramRole::kChief;
  options.checkpoint_dir = context.checkpoint_dir;
  if (training.save_every_steps > 0) {
    options.save_checkpoint_steps = Setting::Of(static_cast<double>(training.save_every_steps));
  } else if (training.save_every_secs > 0) {
    options.save_checkpoint_secs = Setting::Of(training.save_every_secs);
  }
  if (training.max_wait_secs > 0) options.max_wait = Duration::FromSeconds(training.max_wait_secs);
  if (training.log_every_steps) options.log_step_count_steps = training.log_every_steps;
  options.config.operation_timeout = Duration::FromSeconds(training.operation_timeout_secs);
  return options;
}

// The default saver of a scaffold, but for how many checkpoints it keeps.
std::shared_ptr<Scaffold> MakeScaffold(ProgramContext& context, Graph& graph) {
  ScaffoldOptions pieces;
  if (context.training.max_to_keep > 0) {
    SaverOptions saver;
    saver.sharded = true;
    saver.allow_empty = true;
    saver.defer_build = true;
    saver.max_to_keep = static_cast<int>(context.training.max_to_keep);
    pieces.saver = std::make_shared<Saver>(context.runtime, graph, saver);
  }
  return std::make_shared<Scaffold>(std::move(pieces));
}

// The operation of a step, after which the input's position has moved. Its end is OUT_OF_RANGE, as
// a reader's that is exhausted (RF-61). The position belongs to the session: it is not saved.
Operation* MakeTrainOp(Graph& graph, const TrainingModel& model, std::int64_t input_steps) {
  if (input_steps <= 0) return model.make_train_op(graph);
  // Every hook reads this tensor: it must not depend on the input.
  GetOrCreateGlobalStepRead(graph);
  const Variable position =
      MakeLocalVariable(graph, Tensor::Scalar<std::int64_t>(0), "input_position");
  const Output moved = CountUpTo(position, input_steps, "next_input");
  ControlScope after(graph, {moved.op});
  return model.make_train_op(graph);
}

// A closed session refuses to run and to close (INV-29). What it answers is announced, and judged
// by the checker.
void KnockOnClosed(MonitoredSession& session, Output fetch) {
  (void)CallUser([&] { session.Run(fetch); });
  (void)CallUser([&] { session.Close(); });
}

}  // namespace

Status ServeVariables(ProgramContext& context) {
  ServerOptions options;
  options.cluster = ClusterSpec({{"ps", {context.address}}});
  options.profile = context.profile;
  StartServer(context.runtime, options).Join();
  return Status();
}

Status Train(ProgramContext& context, Graph& graph, TrainingModel model) {
  const TrainingSettings& training = context.training;
  Env& env = context.runtime.env;
  Operation* train_op = MakeTrainOp(graph, model, training.input_steps);
  const Variable global_step = GetGlobalStep(graph);
  Output step_after;
  {
    ControlScope after(graph, {train_op});
    step_after = Identity(global_step.handle, "step_after");
  }
  MonitoredTrainingSessionOptions options = SessionOptions(context);
  options.scaffold = MakeScaffold(context, graph);
  options.hooks = std::move(model.hooks);
  options.hooks.push_back(std::make_shared<StopAtStepHook>(StopAtStep::LastStep(training.steps)));
  options.hooks.push_back(std::make_shared<FinalValuesHook>(env.observer));
  const auto look = std::make_shared<LookHook>();
  options.hooks.push_back(look);

  const auto work = static_cast<std::int64_t>(training.step_secs *
                                              static_cast<double>(context.operations_per_second));
  const auto session = MonitoredTrainingSession(context.runtime, graph, options);
  WithSession(*session, [&](MonitoredSession& s) {
    // The stop hook only looks after a run: a process that is started on a finished model would
    // make a surplus step (RF-90).
    if (look->step() >= training.steps) return;
    const auto stopped = [&] { return context.stop != nullptr && context.stop->cancelled(); };
    while (!s.ShouldStop() && !stopped()) {
      if (work > 0) env.spawner.Compute(work);
      const Fetched done = s.Run({train_op, step_after});
      env.observer.Announce(Point::kProgress, {{"step", done[1].scalar<std::int64_t>()}});
    }
  });
  KnockOnClosed(*session, step_after);
  return Status();
}

}  // namespace faultline::scenarios
