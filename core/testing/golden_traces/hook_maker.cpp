#include "core/testing/golden_traces/hook_maker.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/session/hooks/checkpoint_saver_hook.h"
#include "core/session/hooks/feed_fn_hook.h"
#include "core/session/hooks/final_ops_hook.h"
#include "core/session/hooks/global_step_waiter_hook.h"
#include "core/session/hooks/logging_tensor_hook.h"
#include "core/session/hooks/nan_tensor_hook.h"
#include "core/session/hooks/profiler_hook.h"
#include "core/session/hooks/step_counter_hook.h"
#include "core/session/hooks/stop_at_step_hook.h"
#include "core/session/hooks/summary_saver_hook.h"
#include "core/testing/golden_traces/pieces.h"
#include "core/testing/golden_traces/recording_hook.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

namespace {

std::optional<Duration> Seconds(const Params& spec, const char* key) {
  if (!spec.Has(key)) return std::nullopt;
  return Duration::FromSeconds(spec.Number(key));
}

std::optional<std::int64_t> Count(const Params& spec, const char* key) {
  if (!spec.Has(key)) return std::nullopt;
  return spec.Integer(key);
}

using HookPtr = std::shared_ptr<SessionRunHook>;

HookPtr Recording(Driver& driver, const Params& spec) {
  return std::make_shared<TracedHook>(driver, spec);
}

HookPtr CheckpointSaver(Driver& driver, const Params& spec) {
  CheckpointSaverHookOptions options;
  options.checkpoint_dir = driver.recorder().Absolute(spec.Text("checkpoint_dir"));
  options.save_secs = Seconds(spec, "save_secs");
  options.save_steps = Count(spec, "save_steps");
  options.saver = MakeSaver(driver, spec, "saver");
  options.scaffold = ScaffoldOf(driver, spec, "scaffold");
  if (spec.Has("listeners")) {
    const Json& listeners = spec.List("listeners");
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      const Params listener(listeners[i], fmt::format("{}.listeners[{}]", spec.where(), i));
      options.listeners.push_back(std::make_shared<RecordingListener>(driver, listener));
    }
  }
  return std::make_shared<CheckpointSaverHook>(std::move(options));
}

HookPtr SummarySaver(Driver& driver, const Params& spec) {
  SummarySaverHookOptions options;
  options.save_steps = Count(spec, "save_steps");
  options.save_secs = Seconds(spec, "save_secs");
  options.output_dir = driver.recorder().Absolute(spec.Text("output_dir", ""));
  options.scaffold = ScaffoldOf(driver, spec, "scaffold");
  options.summary_op = PieceOf(driver, spec, "summary_op");
  return std::make_shared<SummarySaverHook>(std::move(options));
}

HookPtr StepCounter(Driver& driver, const Params& spec) {
  StepCounterHookOptions options;
  if (spec.Given("every_n_steps")) options.every_n_steps = Count(spec, "every_n_steps");
  options.every_n_secs = Seconds(spec, "every_n_secs");
  options.output_dir = driver.recorder().Absolute(spec.Text("output_dir", ""));
  return std::make_shared<StepCounterHook>(std::move(options));
}

HookPtr StopAt(Driver&, const Params& spec) {
  return std::make_shared<StopAtStepHook>(
      StopAtStep{.num_steps = Count(spec, "num_steps"), .last_step = Count(spec, "last_step")});
}

// Shows the lines of a logging hook, and only those.
class ShownLoggingHook final : public SessionRunHook {
 public:
  ShownLoggingHook(Driver& driver, HookPtr hook) : driver_(driver), hook_(std::move(hook)) {}
  std::string name() const override { return hook_->name(); }
  void Begin(const HookContext& context) override { hook_->Begin(context); }
  void AfterCreateSession(Session& session, Coordinator& coordinator) override {
    hook_->AfterCreateSession(session, coordinator);
  }
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override {
    return hook_->BeforeRun(context);
  }
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override {
    Shown([&] { hook_->AfterRun(context, values); });
  }
  void End(Session& session) override {
    Shown([&] { hook_->End(session); });
  }

 private:
  template <class Body>
  void Shown(const Body& body) {
    driver_.world().layer.ShowLog(true);
    const Status status = CallUser(body);
    driver_.world().layer.ShowLog(false);
    ThrowIfError(status);
  }
  Driver& driver_;
  HookPtr hook_;
};

HookPtr Logging(Driver& driver, const Params& spec) {
  LoggingTensorHookOptions options;
  options.every_n_iter = Count(spec, "every_n_iter");
  options.every_n_secs = Seconds(spec, "every_n_secs");
  options.at_end = spec.Flag("at_end");
  const Json& tensors = spec.At("tensors");
  HookPtr hook;
  if (tensors.is_object()) {
    LoggingTensorHook::Tags tags;
    for (const auto& [tag, name] : tensors.items()) tags[tag] = FetchOf(name, spec.where());
    hook = std::make_shared<LoggingTensorHook>(std::move(tags), std::move(options));
  } else {
    LoggingTensorHook::Items items;
    for (const Json& name : spec.List("tensors")) items.push_back(FetchOf(name, spec.where()));
    hook = std::make_shared<LoggingTensorHook>(std::move(items), std::move(options));
  }
  return std::make_shared<ShownLoggingHook>(driver, std::move(hook));
}

HookPtr Nan(Driver& driver, const Params& spec) {
  return std::make_shared<NanTensorHook>(driver.graph().FindOutput(spec.Text("loss")),
                                         spec.Flag("fail_on_nan_loss", true));
}

HookPtr Waiter(Driver&, const Params& spec) {
  return std::make_shared<GlobalStepWaiterHook>(spec.Integer("wait_until_step"));
}

HookPtr FinalOps(Driver& driver, const Params& spec) {
  return std::make_shared<FinalOpsHook>(PieceOf(driver, spec, "final_ops"),
                                        FeedsOf(driver, spec, "final_ops_feeds"));
}

HookPtr FeedFn(Driver& driver, const Params& spec) {
  const auto calls = std::make_shared<std::size_t>(0);
  return std::make_shared<FeedFnHook>(
      [&driver, calls, feeds = spec.List("feeds"), where = spec.where()] {
        driver.recorder().Add({{"e", "feed_fn"}, {"n", ++*calls}});
        return FeedsOf(driver.graph(), feeds.at(std::min(*calls, feeds.size()) - 1), where);
      });
}

HookPtr Profiler(Driver& driver, const Params& spec) {
  ProfilerHookOptions options;
  options.save_steps = Count(spec, "save_steps");
  options.save_secs = Seconds(spec, "save_secs");
  options.output_dir = driver.recorder().Absolute(spec.Text("output_dir", ""));
  return std::make_shared<ProfilerHook>(HookContext{driver.process().runtime, driver.graph()},
                                        std::move(options));
}

struct HookKind {
  std::string_view type;
  HookPtr (*make)(Driver& driver, const Params& spec);
  std::string_view fields;
};

constexpr std::array kHooks = {
    HookKind{"recording", Recording, "fetch feed options show_options on"},
    HookKind{"CheckpointSaverHook", CheckpointSaver,
             "checkpoint_dir save_secs save_steps saver scaffold listeners"},
    HookKind{"SummarySaverHook", SummarySaver,
             "save_steps save_secs output_dir scaffold summary_op"},
    HookKind{"StepCounterHook", StepCounter, "every_n_steps every_n_secs output_dir"},
    HookKind{"StopAtStepHook", StopAt, "num_steps last_step"},
    HookKind{"LoggingTensorHook", Logging, "tensors every_n_iter every_n_secs at_end"},
    HookKind{"NanTensorHook", Nan, "loss fail_on_nan_loss"},
    HookKind{"GlobalStepWaiterHook", Waiter, "wait_until_step"},
    HookKind{"FinalOpsHook", FinalOps, "final_ops final_ops_feeds"},
    HookKind{"FeedFnHook", FeedFn, "feeds"},
    HookKind{"ProfilerHook", Profiler, "save_steps save_secs output_dir"},
};

const HookKind* FindHook(std::string_view type) {
  for (const HookKind& kind : kHooks) {
    if (kind.type == type) return &kind;
  }
  return nullptr;
}

Json SecondsOrNull(const std::optional<Duration>& secs) {
  return secs ? Json(secs->seconds()) : Json();
}

Json StepsOrNull(const std::optional<std::int64_t>& steps) { return steps ? Json(*steps) : Json(); }

}  // namespace

std::string_view HookFields(std::string_view type) {
  const HookKind* kind = FindHook(type);
  return kind != nullptr ? kind->fields : std::string_view();
}

std::shared_ptr<SessionRunHook> MakeHook(Driver& driver, const Params& spec) {
  auto& hooks = driver.names().hooks;
  if (spec.Has("ref")) return Named(hooks, spec, "ref");
  const HookKind* kind = FindHook(spec.Text("type"));
  if (kind == nullptr) spec.Fail("type", "a type of hook");
  HookPtr hook = kind->make(driver, spec);
  if (spec.Has("name")) hooks[spec.Text("name")] = hook;
  return hook;
}

HookList MakeHooks(Driver& driver, const Params& params, const char* key) {
  HookList hooks;
  if (!params.Has(key)) return hooks;
  const Json& specs = params.List(key);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    hooks.push_back(
        MakeHook(driver, Params(specs[i], fmt::format("{}.{}[{}]", params.where(), key, i))));
  }
  return hooks;
}

Json ValueOfHook(const SessionRunHook& hook, const Params& params) {
  const auto* final_ops = dynamic_cast<const FinalOpsHook*>(&hook);
  if (final_ops == nullptr || params.Text("what") != "final_ops_values") {
    params.Fail("what", "a property that this hook has");
  }
  return JsonOf(final_ops->final_ops_values());
}

Json DescribeHook(Driver& driver, const SessionRunHook& hook) {
  Json shown = {{"type", hook.name()}};
  if (const auto* recording = dynamic_cast<const TracedHook*>(&hook)) {
    return {{"type", "recording"}, {"name", recording->label()}};
  }
  std::string dir;
  std::optional<Duration> secs;
  std::optional<std::int64_t> steps;
  if (const auto* counter = dynamic_cast<const StepCounterHook*>(&hook)) {
    dir = counter->options().output_dir;
    secs = counter->options().every_n_secs;
    steps = counter->options().every_n_steps;
  } else if (const auto* summary = dynamic_cast<const SummarySaverHook*>(&hook)) {
    dir = summary->options().output_dir;
    secs = summary->options().save_secs;
    steps = summary->options().save_steps;
  } else if (const auto* saver = dynamic_cast<const CheckpointSaverHook*>(&hook)) {
    dir = saver->options().checkpoint_dir;
    secs = saver->options().save_secs;
    steps = saver->options().save_steps;
    shown["save_graph_def"] = saver->options().save_graph_def;
  } else {
    return shown;
  }
  shown["every_secs"] = SecondsOrNull(secs);
  shown["every_steps"] = StepsOrNull(steps);
  shown["dir"] = driver.recorder().Relative(dir);
  return shown;
}

}  // namespace faultline::testing
