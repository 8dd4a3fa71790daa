#include "core/session/hooks/profiler_hook.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/session/hooks/chrome_trace.h"
#include "core/session/hooks/hook_support.h"

namespace faultline {

ProfilerHook::ProfilerHook(const HookContext& context, ProfilerHookOptions options)
    : options_(std::move(options)),
      writer_(internal::WriterOf(context, options_.output_dir)),
      timer_({options_.save_secs, options_.save_steps}) {}

void ProfilerHook::Begin(const HookContext& context) {
  runtime_ = &context.runtime;
  next_step_.reset();
  step_ = internal::RequireGlobalStep(context.graph, name());
}

std::optional<SessionRunArgs> ProfilerHook::BeforeRun(SessionRunContext&) {
  requested_ = next_step_ && timer_.ShouldTrigger(*next_step_, Now());  // HK-1303
  SessionRunArgs args = SessionRunArgs::Fetching(step_);
  if (requested_) args.options.emplace().trace_level = TraceLevel::kFullTrace;
  return args;
}

void ProfilerHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  const std::int64_t fetched = internal::StepOf(values.results);
  if (!next_step_) timer_.Update(fetched, Now());  // HK-1304: a whole period from here on
  std::int64_t step = fetched + 1;
  if (requested_) {
    step = internal::ReadStep(context.session(), step_);
    timer_.Update(step, Now());
    Save(context.session().graph(), values.metadata, step);
  }
  next_step_ = step + 1;
}

void ProfilerHook::Save(const Graph& graph, const RunMetadata& metadata, std::int64_t step) {
  Env& env = runtime_->env;
  const std::string path = JoinPath(options_.output_dir, fmt::format("timeline-{}.json", step));
  env.logger.Log(LogLevel::kInfo, fmt::format("Saving the timeline of {} into {}.", step, path));
  const std::string trace =
      internal::ChromeTrace(metadata, graph, {options_.show_dataflow, options_.show_memory});
  ThrowIfError(WriteFile(env.files, path, trace));  // in place: HK-1306
  ThrowIfError(writer_.AddRunMetadata(
      fmt::format("step_{}", step), internal::SerializeRunMetadata(metadata, graph), std::nullopt));
}

}  // namespace faultline
