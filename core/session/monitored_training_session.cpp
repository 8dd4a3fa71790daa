#include "core/session/monitored_training_session.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/session/hooks/checkpoint_saver_hook.h"
#include "core/session/hooks/step_counter_hook.h"
#include "core/session/hooks/summary_saver_hook.h"

namespace faultline {

namespace {

constexpr std::int64_t kCollectiveSaveSteps = 1000;

// One of the two, or neither: what a saver hook's timer gets.
struct Period {
  std::optional<Duration> secs;
  std::optional<std::int64_t> steps;
  bool active() const { return secs.has_value() || steps.has_value(); }
};

struct PeriodNames {
  std::string_view secs;
  std::string_view steps;
};

// MT-2..MT-4.
Period ResolvePeriod(Logger& logger, const Setting& secs, const Setting& steps,
                     const Period& otherwise, const PeriodNames& names) {
  if (!secs.set && !steps.set) return otherwise;
  Period period;
  if (secs.set && secs.value && *secs.value > 0) period.secs = Duration::FromSeconds(*secs.value);
  if (steps.set && steps.value && *steps.value > 0) {
    period.steps = static_cast<std::int64_t>(*steps.value);
  }
  if (period.secs && period.steps) {
    logger.Log(LogLevel::kWarning, fmt::format("both {} and {} are given; only {} is used",
                                               names.secs, names.steps, names.secs));
    period.steps.reset();
  }
  return period;
}

// Where the default hooks of a task write; an empty folder: it has none of those.
struct Folders {
  std::string summaries;  // of the step counter and the summary saver
  std::string checkpoints;
};

Folders ChiefFolders(const MonitoredTrainingSessionOptions& options) {
  return {.summaries =
              options.summary_dir.empty() ? options.checkpoint_dir : options.summary_dir,  // MT-7
          .checkpoints = options.checkpoint_dir};
}

// MT-13: tasks that must not write do so aside, or not at all.
Folders PolicyFolders(const MonitoredTrainingSessionOptions& options, const RolePolicy& policy) {
  const auto choose = [&](const std::string& folder, bool writes) {
    if (writes || folder.empty()) return folder;
    if (!policy.collective) return std::string();
    if (policy.task_type.empty()) return JoinPath(folder, "tmp");
    return JoinPath(folder, fmt::format("tmp_{}_{}", policy.task_type, policy.task_index));
  };
  const Folders chief = ChiefFolders(options);
  return {.summaries = choose(chief.summaries, policy.should_save_summaries),
          .checkpoints = choose(chief.checkpoints, policy.should_checkpoint)};
}

Period CheckpointPeriod(Logger& logger, const MonitoredTrainingSessionOptions& options) {
  Period period = ResolvePeriod(logger, options.save_checkpoint_secs, options.save_checkpoint_steps,
                                {.secs = Duration::Seconds(600), .steps = {}},
                                {"save_checkpoint_secs", "save_checkpoint_steps"});
  if (period.secs && options.role_policy && options.role_policy->collective) {  // MT-13
    logger.Log(LogLevel::kWarning,
               fmt::format("tasks with collective operations must save in the same step: a "
                           "checkpoint every {} steps instead of every {} s",
                           kCollectiveSaveSteps, period.secs->seconds()));
    period = {.secs = {}, .steps = kCollectiveSaveSteps};
  }
  return period;
}

// MT-6: step counter, summary saver, checkpoint saver, as far as they are wanted.
void AddDefaultHooks(Runtime& runtime, const MonitoredTrainingSessionOptions& options,
                     const std::shared_ptr<Scaffold>& scaffold, const Folders& folders,
                     HookList* hooks) {
  Logger& logger = runtime.env.logger;
  if (!folders.summaries.empty()) {
    const std::int64_t count_steps = options.log_step_count_steps.value_or(0);
    if (count_steps > 0) {
      hooks->push_back(std::make_shared<StepCounterHook>(
          StepCounterHookOptions{.every_n_steps = count_steps, .output_dir = folders.summaries}));
    }
    const Period period =
        ResolvePeriod(logger, options.save_summaries_secs, options.save_summaries_steps,
                      {.secs = {}, .steps = 100}, {"save_summaries_secs", "save_summaries_steps"});
    if (period.active()) {
      hooks->push_back(std::make_shared<SummarySaverHook>(
          SummarySaverHookOptions{.save_steps = period.steps,
                                  .save_secs = period.secs,
                                  .output_dir = folders.summaries,
                                  .scaffold = scaffold}));
    }
  }
  if (folders.checkpoints.empty()) return;
  const Period period = CheckpointPeriod(logger, options);
  if (!period.active()) return;
  hooks->push_back(std::make_shared<CheckpointSaverHook>(
      CheckpointSaverHookOptions{.checkpoint_dir = folders.checkpoints,
                                 .save_secs = period.secs,
                                 .save_steps = period.steps,
                                 .scaffold = scaffold,
                                 .save_graph_def = options.save_graph_def}));
}

void Append(const HookList& more, HookList* hooks) {
  hooks->insert(hooks->end(), more.begin(), more.end());
}

// As protobuf merges: what is set wins, lists are appended.
SessionConfig MergeConfig(SessionConfig config, const std::optional<SessionConfig>& over) {
  if (!over) return config;
  if (over->operation_timeout > Duration()) config.operation_timeout = over->operation_timeout;
  config.device_filters.insert(config.device_filters.end(), over->device_filters.begin(),
                               over->device_filters.end());
  config.isolate_session_state |= over->isolate_session_state;
  return config;
}

// What becomes of the arguments once the role is known.
struct Plan {
  HookList hooks;
  bool initializes = true;  // a chief creator, else a worker creator
  std::string master;
  SessionConfig config;
};

Plan PlanByRole(Runtime& runtime, const MonitoredTrainingSessionOptions& options,
                const std::shared_ptr<Scaffold>& scaffold) {
  Plan plan{.hooks = {},
            .initializes = options.is_chief,
            .master = options.master,
            .config = options.config};
  if (options.is_chief) {  // MT-6
    Append(options.chief_only_hooks, &plan.hooks);
    AddDefaultHooks(runtime, options, scaffold, ChiefFolders(options), &plan.hooks);
  }
  Append(options.hooks, &plan.hooks);  // MT-5
  return plan;
}

// MT-13, with summaries and checkpoints independent.
Plan PlanByPolicy(Runtime& runtime, const MonitoredTrainingSessionOptions& options,
                  const std::shared_ptr<Scaffold>& scaffold, const RolePolicy& policy) {
  Plan plan{.hooks = options.hooks,
            .initializes = policy.should_initialize,
            .master = policy.target,
            .config = MergeConfig(options.config, policy.config)};
  if (policy.is_chief) Append(options.chief_only_hooks, &plan.hooks);
  AddDefaultHooks(runtime, options, scaffold, PolicyFolders(options, policy), &plan.hooks);
  return plan;
}

}  // namespace

MonitoredSessionOptions internal::TrainingSessionParts(
    Runtime& runtime, Graph& graph, const MonitoredTrainingSessionOptions& options) {
  const auto scaffold = options.scaffold ? options.scaffold : std::make_shared<Scaffold>();
  Plan plan = options.role_policy ? PlanByPolicy(runtime, options, scaffold, *options.role_policy)
                                  : PlanByRole(runtime, options, scaffold);
  MonitoredSessionOptions session{.session_creator = nullptr,
                                  .hooks = std::move(plan.hooks),
                                  .stop_grace_period = options.stop_grace_period,
                                  .max_recoveries = options.max_recoveries};
  if (plan.initializes) {
    session.session_creator = std::make_unique<ChiefSessionCreator>(
        runtime, graph,
        ChiefSessionCreatorOptions{.scaffold = scaffold,
                                   .master = plan.master,
                                   .config = plan.config,
                                   .checkpoint_dir = options.checkpoint_dir,
                                   .checkpoint_filename_with_path = {}});
  } else {
    session.session_creator = std::make_unique<WorkerSessionCreator>(
        runtime, graph,
        WorkerSessionCreatorOptions{.scaffold = scaffold,
                                    .master = plan.master,
                                    .config = plan.config,
                                    .max_wait = options.max_wait});
  }
  return session;
}

std::unique_ptr<MonitoredSession> MonitoredTrainingSession(
    Runtime& runtime, Graph& graph, const MonitoredTrainingSessionOptions& options) {
  return std::make_unique<MonitoredSession>(
      runtime, graph, internal::TrainingSessionParts(runtime, graph, options));
}

}  // namespace faultline
