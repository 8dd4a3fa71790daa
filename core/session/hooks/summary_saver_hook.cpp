#include "core/session/hooks/summary_saver_hook.h"

#include <utility>

#include "core/base/error.h"

namespace faultline {

namespace {

SummarySaverHookOptions Checked(SummarySaverHookOptions options) {
  if (options.summary_op.null() == (options.scaffold == nullptr)) {
    throw ValueError("exactly one of scaffold or summary_op must be provided");
  }
  return options;
}

// One tensor counts as a list of one.
Fetch AsList(const Fetch& op) {
  if (std::holds_alternative<Fetch::List>(op.value())) return op;
  return Fetch(Fetch::List(1, op));
}

}  // namespace

SummarySaverHook::SummarySaverHook(SummarySaverHookOptions options)
    : options_(Checked(std::move(options))),
      timer_({options_.save_secs, options_.save_steps}),
      target_(options_.summary_writer, options_.output_dir) {}

void SummarySaverHook::Begin(const HookContext& context) {
  runtime_ = &context.runtime;
  target_.Begin(context);  // HK-502
  next_step_.reset();
  step_ = internal::RequireGlobalStep(context.graph, name());
}

std::optional<SessionRunArgs> SummarySaverHook::BeforeRun(SessionRunContext&) {
  const bool requested = !next_step_ || timer_.ShouldTrigger(*next_step_, Now());  // HK-503
  if (!requested) return SessionRunArgs::Fetching(step_);
  Fetch::List fetches{Fetch(step_)};
  const Fetch& op = options_.scaffold ? options_.scaffold->summary_op() : options_.summary_op;
  if (!op.null()) fetches.push_back(AsList(op));
  return SessionRunArgs::Fetching(Fetch(std::move(fetches)));
}

void SummarySaverHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  EventsWriter* writer = target_.writer();
  if (writer == nullptr) return;                    // HK-504
  const bool requested = values.results.is_list();  // always in the first run
  const std::int64_t step = requested ? internal::ReadStep(context.session(), step_)
                                      : internal::StepOf(values.results) + 1;
  bool start = !next_step_;
#ifdef FL_MUTANTS
  if (runtime_->semantics.mutant_start_after_summaries) start = false;
#endif
  if (start) writer->AddSessionLog(SessionLogStatus::kStart, "", step);  // HK-505
  if (requested) {
    timer_.Update(step, Now());
    const Fetched::List& results = values.results.list();
    if (results.size() > 1) Record(results[1], step);
  }
#ifdef FL_MUTANTS
  if (!next_step_ && !start) writer->AddSessionLog(SessionLogStatus::kStart, "", step);
#endif
  next_step_ = step + 1;
}

void SummarySaverHook::Record(const Fetched& summaries, std::int64_t step) {
  for (const Fetched& summary : summaries.list()) {
    for (const std::string& bytes : summary.tensor().flat<std::string>()) {
      target_.writer()->AddSummary(bytes, step);
    }
  }
  runtime_->env.observer.Announce(
      Point::kSummaryWritten,
      {{"directory", std::string_view(target_.directory())}, {"step", step}});
}

void SummarySaverHook::End(Session&) {
  if (target_.writer() == nullptr) return;
  const Status status = target_.writer()->Flush();  // HK-506
  if (!status.ok()) {                               // CK-2113: losing events never fails training
    runtime_->env.logger.Log(LogLevel::kWarning, "flushing summaries: " + status.ToString());
  }
}

}  // namespace faultline
