#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/session/hooks/checkpoint_saver_hook.h"
#include "core/session/hooks/step_counter_hook.h"
#include "core/session/hooks/summary_saver_hook.h"
#include "core/session/monitored_training_session.h"

namespace faultline {

namespace {

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

// MT-6.
HookList ChiefHooks(Runtime& runtime, const MonitoredTrainingSessionOptions& options,
                    const std::shared_ptr<Scaffold>& scaffold) {
  Logger& logger = runtime.env.logger;
  const std::string& summary_dir =
      options.summary_dir.empty() ? options.checkpoint_dir : options.summary_dir;  // MT-7
  HookList hooks = options.chief_only_hooks;
  if (!summary_dir.empty()) {
    const std::int64_t count_steps = options.log_step_count_steps.value_or(0);
    if (count_steps > 0) {
      hooks.push_back(std::make_shared<StepCounterHook>(
          StepCounterHookOptions{.every_n_steps = count_steps, .output_dir = summary_dir}));
    }
    const Period period =
        ResolvePeriod(logger, options.save_summaries_secs, options.save_summaries_steps,
                      {.secs = {}, .steps = 100}, {"save_summaries_secs", "save_summaries_steps"});
    if (period.active()) {
      hooks.push_back(
          std::make_shared<SummarySaverHook>(SummarySaverHookOptions{.save_steps = period.steps,
                                                                     .save_secs = period.secs,
                                                                     .output_dir = summary_dir,
                                                                     .scaffold = scaffold}));
    }
  }
  if (!options.checkpoint_dir.empty()) {
    const Period period =
        ResolvePeriod(logger, options.save_checkpoint_secs, options.save_checkpoint_steps,
                      {.secs = Duration::Seconds(600), .steps = {}},
                      {"save_checkpoint_secs", "save_checkpoint_steps"});
    if (period.active()) {
      hooks.push_back(std::make_shared<CheckpointSaverHook>(
          CheckpointSaverHookOptions{.checkpoint_dir = options.checkpoint_dir,
                                     .save_secs = period.secs,
                                     .save_steps = period.steps,
                                     .scaffold = scaffold,
                                     .save_graph_def = options.save_graph_def}));
    }
  }
  hooks.insert(hooks.end(), options.hooks.begin(), options.hooks.end());
  return hooks;
}

}  // namespace

MonitoredSessionOptions internal::TrainingSessionParts(
    Runtime& runtime, Graph& graph, const MonitoredTrainingSessionOptions& options) {
  const auto scaffold = options.scaffold ? options.scaffold : std::make_shared<Scaffold>();
  MonitoredSessionOptions session{.session_creator = nullptr,
                                  .hooks = options.hooks,
                                  .stop_grace_period = options.stop_grace_period,
                                  .max_recoveries = options.max_recoveries};
  if (options.is_chief) {
    session.hooks = ChiefHooks(runtime, options, scaffold);
    session.session_creator = std::make_unique<ChiefSessionCreator>(
        runtime, graph,
        ChiefSessionCreatorOptions{.scaffold = scaffold,
                                   .master = options.master,
                                   .config = options.config,
                                   .checkpoint_dir = options.checkpoint_dir,
                                   .checkpoint_filename_with_path = {}});
  } else {  // MT-5
    session.session_creator = std::make_unique<WorkerSessionCreator>(
        runtime, graph,
        WorkerSessionCreatorOptions{.scaffold = scaffold,
                                    .master = options.master,
                                    .config = options.config,
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
