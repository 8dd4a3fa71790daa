#include "core/session/hooks/checkpoint_saver_hook.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint_state.h"
#include "core/session/hooks/hook_support.h"

namespace faultline {

namespace {

CheckpointSaverHookOptions Checked(CheckpointSaverHookOptions options) {
  if (options.saver && options.scaffold) {
    throw ValueError("you cannot provide both saver and scaffold");
  }
  return options;
}

}  // namespace

CheckpointSaverHook::CheckpointSaverHook(CheckpointSaverHookOptions options)
    : options_(Checked(std::move(options))),
      timer_({options_.save_secs, options_.save_steps}),
      save_path_(JoinPath(options_.checkpoint_dir, options_.checkpoint_basename)) {}

void CheckpointSaverHook::Begin(const HookContext& context) {
  runtime_ = &context.runtime;
  graph_ = &context.graph;
  writer_ = &internal::WriterOf(context, options_.checkpoint_dir);  // HK-403
  step_ = internal::RequireGlobalStep(context.graph, name());
  for (const auto& listener : options_.listeners) {
    ThrowIfError(CallUser([&] { listener->Begin(); }));
  }
}

Saver& CheckpointSaverHook::saver() {
  if (options_.saver) return *options_.saver;
  if (options_.scaffold && options_.scaffold->saver()) return *options_.scaffold->saver();
  const auto items = graph_->GetCollection(GraphKeys::kSavers);
  if (items.size() != 1) {
    throw RuntimeError(
        fmt::format("the collection of savers holds {} items; give the hook a saver or a scaffold",
                    items.size()));
  }
  const auto* object = std::get_if<std::shared_ptr<CollectionObject>>(&items.front());
  options_.saver = object ? std::dynamic_pointer_cast<Saver>(*object) : nullptr;
  if (!options_.saver) throw TypeError("the collection of savers holds something that is no Saver");
  return *options_.saver;
}

void CheckpointSaverHook::WriteGraphs() {
  if (options_.save_graph_def) {  // HK-416
    ThrowIfError(WriteGraph(env(), *graph_, options_.checkpoint_dir).status());
  }
  writer_->AddGraphDef(graph_->SerializedGraphDef(), std::nullopt);
  writer_->AddMetaGraphDef(saver().MetaGraph(), std::nullopt);
}

void CheckpointSaverHook::AfterCreateSession(Session& session, Coordinator&) {
  const std::int64_t step = internal::ReadStep(session, step_);  // HK-405
  WriteGraphs();
  Save(session, step);  // a stop wish is ignored here
#ifdef FL_MUTANTS
  if (runtime_->semantics.mutant_save_off_the_timer) return;
#endif
  timer_.Update(step, env().clock.WallNow());
}

std::optional<SessionRunArgs> CheckpointSaverHook::BeforeRun(SessionRunContext&) {
  return SessionRunArgs::Fetching(step_);
}

void CheckpointSaverHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  const std::int64_t expected = internal::StepOf(values.results) + options_.steps_per_run;
  if (!timer_.ShouldTrigger(expected, env().clock.WallNow())) return;
  const std::int64_t step = internal::ReadStep(context.session(), step_);
  const TimePoint now = env().clock.WallNow();
  if (!timer_.ShouldTrigger(step, now)) return;
  timer_.Update(step, now);  // before the save: HK-413
  if (Save(context.session(), step)) context.request_stop();
}

bool CheckpointSaverHook::Save(Session& session, std::int64_t step) {
  env().logger.Log(LogLevel::kInfo,
                   fmt::format("Saving checkpoints for {} into {}.", step, save_path_));
  for (const auto& listener : options_.listeners) {
    ThrowIfError(CallUser([&] { listener->BeforeSave(session, step); }));
  }
  SaveOptions save;
  save.global_step = step;
  save.write_meta_graph = options_.save_graph_def;
  saver().Save(session, save_path_, save);
  writer_->AddSessionLog(SessionLogStatus::kCheckpoint, save_path_, step);
#ifdef FL_MUTANTS
  if (runtime_->semantics.mutant_silent_listener) return false;
#endif
  bool stop = false;
  for (const auto& listener : options_.listeners) {
    ThrowIfError(CallUser([&] { stop = listener->AfterSave(session, step) || stop; }));
  }
  return stop;
}

void CheckpointSaverHook::End(Session& session) {
  const std::int64_t step = internal::ReadStep(session, step_);  // HK-408
  bool due = timer_.last_triggered_step() != step;
#ifdef FL_MUTANTS
  if (runtime_->semantics.mutant_no_save_at_end) due = false;
#endif
  if (due) Save(session, step);
  for (const auto& listener : options_.listeners) {
    ThrowIfError(CallUser([&] { listener->End(session, step); }));
  }
}

}  // namespace faultline
