#include "proptests/session_play.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/session/hooks/checkpoint_saver_hook.h"
#include "core/session/hooks/feed_fn_hook.h"
#include "core/session/hooks/final_ops_hook.h"
#include "core/session/hooks/logging_tensor_hook.h"
#include "core/session/hooks/step_counter_hook.h"
#include "core/session/hooks/stop_at_step_hook.h"
#include "core/session/hooks/summary_saver_hook.h"
#include "core/session/monitored_session.h"
#include "proptests/watched_hooks.h"

namespace faultline::proptests {
namespace {

// Runs that a user without a limit of its own makes at most, and errors in a row that it bears.
constexpr int kFuel = 60;
constexpr int kPatience = 8;

// P-5's defective double.
class LateStopHook final : public StopAtStepHook {
 public:
  using StopAtStepHook::StopAtStepHook;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override {
    if (std::exchange(looked_, true)) StopAtStepHook::AfterRun(context, values);
  }

 private:
  bool looked_ = false;
};

// P-10's defective double: what hooks before and after it see is not the same.
class MovingHook final : public SessionRunHook {
 public:
  explicit MovingHook(Operation* move) : move_(move) {}
  void AfterRun(SessionRunContext& context, const SessionRunValues&) override {
    context.session().Run(move_);
  }

 private:
  Operation* move_;
};

class WishingHook final : public SessionRunHook {
 public:
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override {
    if (++runs_ == kWish) context.request_stop();
    return std::nullopt;
  }

 private:
  static constexpr int kWish = 5;
  int runs_ = 0;
};

Semantics SemanticsOf(const SessionDraw& draw, const PlayOptions& options) {
  Semantics semantics = draw.Strict() ? Semantics::Strict() : Semantics::Tf();
  if (options.mutant.empty()) return semantics;
  const Deviation* row = FindDeviation(options.mutant);
  FL_ASSERT(row != nullptr, "no switch is named {}", options.mutant);
  semantics.*row->field = true;
  return semantics;
}

// One case: its world, and the user in it.
class Player {
 public:
  Player(const SessionDraw& draw, const PlayOptions& options)
      : draw_(draw),
        options_(options),
        semantics_(SemanticsOf(draw, options)),
        stage_(draw, semantics_),
        factory_(stage_),
        runtime_{stage_.process.env(),
                 semantics_,
                 stage_.process.kernels,
                 factory_,
                 stage_.process.events,
                 {},
                 0} {}

  Record Play();

 private:
  void Live();
  void StartChief();
  std::unique_ptr<MonitoredSessionBase> Open(HookList hooks, std::shared_ptr<Scaffold> scaffold);
  HookList MakeHooks(const std::shared_ptr<Scaffold>& scaffold);
  std::shared_ptr<SessionRunHook> MakeHook(HookKind kind,
                                           const std::shared_ptr<Scaffold>& scaffold);
  std::shared_ptr<SessionRunHook> MakeSaver(const std::shared_ptr<Scaffold>& scaffold);

  // The user. Each may throw what the session throws.
  void Use(MonitoredSessionBase& session);
  void Act(MonitoredSessionBase& session, const ActionDraw& action);
  bool Stops(MonitoredSessionBase& session);
  void Request(MonitoredSessionBase& session, int runs, bool in_step_fn, bool leave = false);

  SessionDraw draw_;
  PlayOptions options_;
  Semantics semantics_;
  Stage stage_;
  WatchedFactory factory_;
  Runtime runtime_;
  int errors_ = 0;  // in a row
};

std::shared_ptr<SessionRunHook> Player::MakeSaver(const std::shared_ptr<Scaffold>& scaffold) {
  CheckpointSaverHookOptions options{
      .checkpoint_dir = kCheckpointDir, .scaffold = scaffold, .save_graph_def = false};
  if (draw_.by_seconds != 0) {
    options.save_secs = Duration::Seconds(draw_.Period());
  } else {
    options.save_steps = draw_.Period();
  }
  for (int i = 0; i < draw_.listeners; ++i) {
    options.listeners.push_back(std::make_shared<WatchedListener>(stage_, i));
  }
  return std::make_shared<CheckpointSaverHook>(std::move(options));
}

std::shared_ptr<SessionRunHook> Player::MakeHook(HookKind kind,
                                                 const std::shared_ptr<Scaffold>& scaffold) {
  StageModel& model = stage_.model();
  switch (kind) {
    case HookKind::kSaver:
      return MakeSaver(scaffold);
    case HookKind::kStop: {
      const StopAtStep limit = draw_.num_steps != 0 ? StopAtStep::NumSteps(draw_.Limit())
                                                    : StopAtStep::LastStep(draw_.Limit());
      if (options_.late_stop) return std::make_shared<LateStopHook>(limit);
      return std::make_shared<StopAtStepHook>(limit);
    }
    case HookKind::kSummary:
      return std::make_shared<SummarySaverHook>(
          SummarySaverHookOptions{.save_steps = 1 + draw_.period % 3,
                                  .summary_writer = std::make_shared<WatchedWriter>(stage_),
                                  .summary_op = model.summary});
    case HookKind::kCounter:
      return std::make_shared<StepCounterHook>(StepCounterHookOptions{.every_n_steps = 2});
    case HookKind::kLogger:
      if (options_.moving_logger) return std::make_shared<MovingHook>(model.step.step.op);
      return std::make_shared<LoggingTensorHook>(
          LoggingTensorHook::Items{model.step.read},
          LoggingTensorHookOptions{.every_n_iter = 2, .at_end = true});
    case HookKind::kFeeder:
      return std::make_shared<FeedFnHook>([&model] {
        return FeedDict{{model.fed, Tensor::Scalar(2.0F)}};
      });
    case HookKind::kFinalOps:
      return std::make_shared<FinalOpsHook>(model.step.read);
    case HookKind::kWisher:
      return std::make_shared<WishingHook>();
    case HookKind::kPlain:
      break;
  }
  return std::make_shared<SessionRunHook>();
}

HookList Player::MakeHooks(const std::shared_ptr<Scaffold>& scaffold) {
  std::vector<HookKind> kinds = draw_.HookKinds();
  const auto turn = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(std::abs(options_.order)) %
                                                kinds.size());
  std::rotate(kinds.begin(), kinds.begin() + turn, kinds.end());
  if (options_.order < 0) std::reverse(kinds.begin(), kinds.end());
  HookList hooks;
  for (const HookKind kind : kinds) {
    const int place = static_cast<int>(hooks.size());
    hooks.push_back(std::make_shared<WatchedHook>(stage_, place, MakeHook(kind, scaffold)));
  }
  return hooks;
}

std::unique_ptr<MonitoredSessionBase> Player::Open(HookList hooks,
                                                   std::shared_ptr<Scaffold> scaffold) {
  Graph& graph = stage_.model().graph;
  const std::string target = draw_.OnServer() ? kServerTarget : "";
  const std::string directory = draw_.Saves() ? kCheckpointDir : "";
  const Duration grace = Duration::Seconds(draw_.grace);
  if (!draw_.Recovers()) {
    return std::make_unique<SingularMonitoredSession>(
        runtime_, graph,
        SingularMonitoredSessionOptions{.hooks = std::move(hooks),
                                        .scaffold = std::move(scaffold),
                                        .master = target,
                                        .checkpoint_dir = directory,
                                        .stop_grace_period = grace});
  }
  std::unique_ptr<SessionCreator> creator;
  if (draw_.RoleOf() == Role::kWorker) {
    creator = std::make_unique<WorkerSessionCreator>(
        runtime_, graph,
        WorkerSessionCreatorOptions{.scaffold = std::move(scaffold),
                                    .master = target,
                                    .max_wait = Duration::Seconds(draw_.max_wait)});
  } else {
    creator = std::make_unique<ChiefSessionCreator>(
        runtime_, graph,
        ChiefSessionCreatorOptions{
            .scaffold = std::move(scaffold), .master = target, .checkpoint_dir = directory});
  }
  return std::make_unique<MonitoredSession>(
      runtime_, graph,
      MonitoredSessionOptions{
          .session_creator = std::make_unique<WatchedCreator>(stage_, std::move(creator)),
          .hooks = std::move(hooks),
          .stop_grace_period = grace});
}

void Player::Request(MonitoredSessionBase& session, int runs, bool in_step_fn, bool leave) {
  const int run = ++stage_.requests;
  StageModel& model = stage_.model();
  const Fetch fetches{Fetch(model.step.step), Fetch(model.tag_out)};
  const FeedDict feeds{{model.tag, Tensor::Scalar(static_cast<std::int64_t>(run))}};
  stage_.Add({.what = What::kAsk, .run = run, .count = runs});
  Fetched got;
  const Status status = CallUser([&] {
    if (!in_step_fn) {
      got = session.Run(fetches, feeds);
      return;
    }
    got = session.RunStepFn([&](MonitoredSessionBase::StepContext& context) {
      if (leave) context.RequestStop();
      Fetched last;
      for (int i = 0; i < runs; ++i) last = context.RunWithHooks(fetches, feeds);
      return last;
    });
  });
  if (status.ok()) {
    errors_ = 0;
    stage_.Add({.what = What::kAcknowledged,
                .run = run,
                .step = stage_.Peek(),
                .value = got[0].scalar<std::int64_t>(),
                .good = got[1].scalar<std::int64_t>() == run});
    stage_.AtMoment(1);
    return;
  }
  stage_.Add({.what = What::kRaised, .run = run, .code = status.code(), .text = status.message()});
  if (draw_.patience == 0 || ++errors_ > kPatience) ThrowStatus(status);
}

bool Player::Stops(MonitoredSessionBase& session) {
  stage_.Add({.what = What::kStopAsked});
  bool stops = false;
  const Status status = CallUser([&] { stops = session.ShouldStop(); });
  stage_.Add(
      {.what = What::kStopAnswer, .code = status.code(), .good = stops, .text = status.message()});
  ThrowIfError(status);
  return stops;
}

void Player::Act(MonitoredSessionBase& session, const ActionDraw& action) {
  Env& env = stage_.process.env();
  const Duration size = Duration::Seconds(1 + action.size);
  switch (action.kind) {
    case ActionDraw::kStepFn:
      return Request(session, 1, true);
    case ActionDraw::kTwoRunsInStepFn:
      return Request(session, 2, true);
    case ActionDraw::kLeave:
      return Request(session, 0, true, true);
    case ActionDraw::kPause:
      SleepFor(env, "a pause of the user", size);
      return;
    case ActionDraw::kWallForward:
      return stage_.process.fake.SetWall(env.clock.WallNow() + size);
    case ActionDraw::kWallBackward:
      return stage_.process.fake.SetWall(env.clock.WallNow() - size);
    default:
      return Request(session, 1, false);
  }
}

void Player::Use(MonitoredSessionBase& session) {
  for (const ActionDraw& action : draw_.actions) {
    if (Stops(session)) return;
    Act(session, action);
  }
  const std::vector<HookKind> kinds = draw_.HookKinds();
  if (std::ranges::find(kinds, HookKind::kStop) == kinds.end()) return;
  for (int fuel = kFuel; fuel > 0; --fuel) {
    if (Stops(session)) return;
    Request(session, 1, false);
  }
}

void Player::Live() {
  const auto scaffold = std::make_shared<Scaffold>(stage_.model().pieces);
  HookList hooks = MakeHooks(scaffold);
  stage_.Add({.what = What::kLife, .count = static_cast<int>(hooks.size())});
  std::unique_ptr<MonitoredSessionBase> session;
  const Status made = CallUser([&] { session = Open(std::move(hooks), scaffold); });
  stage_.Add({.what = What::kConstructed, .code = made.code(), .text = made.message()});
  if (!made.ok()) return;
  const auto use = [&](MonitoredSessionBase& open) {
    const Status left = CallUser([&] { Use(open); });
    stage_.Add({.what = What::kCloseBegin,
                .code = left.code(),
                .step = stage_.Peek(),
                .text = left.message()});
    if (draw_.close == 0) ThrowIfError(left);
  };
  const Status closed = CallUser([&] {
    if (draw_.close == 0) return WithSession(*session, use);
    use(*session);
    session->Close();
  });
  stage_.Add({.what = What::kCloseEnd, .code = closed.code(), .text = closed.message()});
  const std::string newest = stage_.NamedCheckpoint();
  stage_.Add({.what = What::kNewest, .step = stage_.StepOfCheckpoint(newest), .text = newest});
}

// The chief of a worker: makes the server's variables ready, late.
void Player::StartChief() {
  StageModel& model = stage_.model();
  std::vector<Variable> variables = {model.step.global_step};
  if (draw_.FlawOf() != Flaw::kInit) variables.push_back(model.weight);
  Operation* init = VariablesInitializer(model.graph, variables, "init_of_the_chief");
  stage_.process.env().spawner.Spawn("a slow chief", [this, init] {
    SleepFor(stage_.process.env(), "the chief's work", Duration::Seconds(draw_.late));
    factory_.Server().Run(init);
  });
}

Record Player::Play() {
  const auto body = [&] {
    for (int life = 0; life <= draw_.lives; ++life) {
      const bool fresh = draw_.fresh != 0 && !draw_.OnServer();
      if (life == 0 || fresh) stage_.NewModel();
      if (life == 0 && draw_.OnServer()) factory_.Server();
      if (life == 0 && draw_.RoleOf() == Role::kWorker) StartChief();
      Live();
    }
  };
  try {
    stage_.process.Run(body);
  } catch (const AssertionFailed& failed) {
    stage_.record.stuck = "an assertion failed: " + failed.message;
  } catch (const std::exception& error) {
    stage_.record.stuck = error.what();
  }
  // What is left of it may need the sessions that go first.
  (void)stage_.process.fake.kernel().Shutdown();
  return std::move(stage_.record);
}

}  // namespace

Record Play(const SessionDraw& draw, const PlayOptions& options) {
  return Player(draw, options).Play();
}

}  // namespace faultline::proptests
