#include "core/session/hooks/step_counter_hook.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/global_step.h"

namespace faultline {

namespace {

constexpr int kMaxWarnings = 5;  // for each hook (hooks.md 16.4)

StepCounterHookOptions Checked(StepCounterHookOptions options) {
  if (options.every_n_steps.has_value() == options.every_n_secs.has_value()) {
    throw ValueError("exactly one of every_n_steps and every_n_secs should be provided");
  }
  return options;
}

}  // namespace

StepCounterHook::StepCounterHook(StepCounterHookOptions options)
    : options_(Checked(std::move(options))),
      timer_({options_.every_n_secs, options_.every_n_steps}),
      target_(options_.summary_writer, options_.output_dir) {}

void StepCounterHook::Begin(const HookContext& context) {
  runtime_ = &context.runtime;
  target_.Begin(context);
  step_ = internal::RequireGlobalStep(context.graph, name());
  tag_ = GetGlobalStep(context.graph).name() + "/sec";  // HK-602
}

std::optional<SessionRunArgs> StepCounterHook::BeforeRun(SessionRunContext&) {
  return SessionRunArgs::Fetching(step_);
}

void StepCounterHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  const std::int64_t fetched = internal::StepOf(values.results);
  Count(context, fetched + options_.steps_per_run);
  WarnIfStuck(fetched);
}

void StepCounterHook::Count(SessionRunContext& context, std::int64_t expected_step) {
  Clock& clock = runtime_->env.clock;
  if (!timer_.ShouldTrigger(expected_step, clock.WallNow())) return;  // HK-603
  const std::int64_t step = internal::ReadStep(context.session(), step_);
  const TimePoint now = clock.WallNow();
  if (!timer_.ShouldTrigger(step, now)) return;
  const std::optional<TimerElapsed> elapsed = timer_.Update(step, now);
  if (elapsed && elapsed->time != Duration()) Record(*elapsed, step);  // HK-606
}

void StepCounterHook::Record(const TimerElapsed& elapsed, std::int64_t step) {
  const double rate = static_cast<double>(elapsed.steps) / elapsed.time.seconds();
  if (EventsWriter* writer = target_.writer()) {
    writer->AddScalar(tag_, static_cast<float>(rate), step);
  }
  runtime_->env.logger.Log(LogLevel::kInfo, fmt::format("{}: {:g}", tag_, rate));
}

void StepCounterHook::WarnIfStuck(std::int64_t step) {
  const bool stuck = previous_ == step;  // HK-605
  previous_ = step;
  if (!stuck || warnings_ >= kMaxWarnings) return;
  ++warnings_;
  runtime_->env.logger.Log(
      LogLevel::kWarning,
      fmt::format("It seems that the global step ({}) has not been increased: it was {} in two "
                  "runs. Add it to the training op, or give the hook its steps per run.",
                  tag_.substr(0, tag_.size() - 4), step));
}

}  // namespace faultline
