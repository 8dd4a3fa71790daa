// Monitored sessions.

#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/session/monitored_training_session.h"
#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/errors.h"
#include "core/testing/golden_traces/hook_maker.h"
#include "core/testing/golden_traces/pieces.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

namespace {

MonitoredSessionBase& Monitored(const ActionCall& call) {
  const auto& monitored = call.driver.names().monitored;
  if (!monitored) throw BadCase(call.params.where() + ": there is no monitored session");
  return *monitored;
}

// Tells which coordinator is current, and nothing else.
class CoordinatorProbe final : public SessionRunHook {
 public:
  explicit CoordinatorProbe(Driver& driver) : driver_(driver) {}
  void AfterCreateSession(Session&, Coordinator& coordinator) override {
    driver_.names().coordinator = &coordinator;
  }

 private:
  Driver& driver_;
};

void AddProbe(Driver& driver, HookList* hooks) {
  if (!driver.speaks_to_coordinators()) return;
  hooks->insert(hooks->begin(), std::make_shared<CoordinatorProbe>(driver));
}

void Keep(const ActionCall& call, std::unique_ptr<MonitoredSessionBase> made) {
  NamedThings& names = call.driver.names();
  names.former.push_back(std::exchange(names.monitored, std::move(made)));
}

std::unique_ptr<SessionCreator> MakeCreator(Driver& driver, const Params& spec) {
  TraceProcess& process = driver.process();
  const auto scaffold = ScaffoldOf(driver, spec, "scaffold");
  const std::string type = spec.Text("type");
  if (type == "worker") {
    WorkerSessionCreatorOptions options{.scaffold = scaffold, .master = spec.Text("target", "")};
    if (spec.Has("max_wait_secs")) {
      options.max_wait = Duration::FromSeconds(spec.Number("max_wait_secs"));
    }
    return std::make_unique<WorkerSessionCreator>(process.runtime, process.graph(),
                                                  std::move(options));
  }
  if (type != "chief") spec.Fail("type", "chief or worker");
  return std::make_unique<ChiefSessionCreator>(
      process.runtime, process.graph(),
      ChiefSessionCreatorOptions{
          .scaffold = scaffold,
          .master = spec.Text("target", ""),
          .config = {},
          .checkpoint_dir = driver.recorder().Absolute(spec.Text("dir", "")),
          .checkpoint_filename_with_path = driver.recorder().Absolute(spec.Text("file", ""))});
}

std::unique_ptr<MonitoredSessionBase> MakeSingular(Driver& driver, const Params& params) {
  SingularMonitoredSessionOptions options;
  options.hooks = MakeHooks(driver, params, "hooks");
  AddProbe(driver, &options.hooks);
  if (params.Has("creator")) {
    const Params creator = params.Object("creator");
    options.scaffold = ScaffoldOf(driver, creator, "scaffold");
    options.master = creator.Text("target", "");
    options.checkpoint_dir = driver.recorder().Absolute(creator.Text("dir", ""));
    options.checkpoint_filename_with_path = driver.recorder().Absolute(creator.Text("file", ""));
  }
  if (params.Has("grace")) {
    options.stop_grace_period = Duration::FromSeconds(params.Number("grace"));
  }
  return std::make_unique<SingularMonitoredSession>(driver.process().runtime, driver.graph(),
                                                    std::move(options));
}

Json MakeMonitored(const ActionCall& call) {
  const Params& params = call.params;
  const std::string kind = params.Text("kind", "MonitoredSession");
  if (kind == "SingularMonitoredSession") {
    Keep(call, MakeSingular(call.driver, params));
    return nullptr;
  }
  if (kind != "MonitoredSession") params.Fail("kind", "a kind of monitored session");
  MonitoredSessionOptions options;
  options.hooks = MakeHooks(call.driver, params, "hooks");
  AddProbe(call.driver, &options.hooks);
  if (params.Has("creator")) {
    options.session_creator = MakeCreator(call.driver, params.Object("creator"));
  }
  if (params.Has("grace")) {
    options.stop_grace_period = Duration::FromSeconds(params.Number("grace"));
  }
  Keep(call, std::make_unique<MonitoredSession>(call.driver.process().runtime, call.driver.graph(),
                                                std::move(options)));
  return nullptr;
}

// MT-1: a field that is not there, a null, a number.
Setting SettingOf(const Params& params, const char* key) {
  if (!params.Given(key)) return {};
  return params.Has(key) ? Setting::Of(params.Number(key)) : Setting::Off();
}

MonitoredTrainingSessionOptions TrainingOptions(const ActionCall& call) {
  const Params& params = call.params;
  const Recorder& recorder = call.driver.recorder();
  MonitoredTrainingSessionOptions options;
  options.master = params.Text("master", "");
  options.is_chief = params.Flag("is_chief", true);
  options.checkpoint_dir = recorder.Absolute(params.Text("checkpoint_dir", ""));
  options.scaffold = ScaffoldOf(call.driver, params, "scaffold");
  options.hooks = MakeHooks(call.driver, params, "hooks");
  options.chief_only_hooks = MakeHooks(call.driver, params, "chief_only_hooks");
  options.save_checkpoint_secs = SettingOf(params, "save_checkpoint_secs");
  options.save_checkpoint_steps = SettingOf(params, "save_checkpoint_steps");
  options.save_summaries_secs = SettingOf(params, "save_summaries_secs");
  options.save_summaries_steps = SettingOf(params, "save_summaries_steps");
  if (params.Has("stop_grace_period_secs")) {
    options.stop_grace_period = Duration::FromSeconds(params.Number("stop_grace_period_secs"));
  }
  if (params.Given("log_step_count_steps")) {
    options.log_step_count_steps = std::nullopt;
    if (params.Has("log_step_count_steps")) {
      options.log_step_count_steps = params.Integer("log_step_count_steps");
    }
  }
  if (params.Has("max_wait_secs")) {
    options.max_wait = Duration::FromSeconds(params.Number("max_wait_secs"));
  }
  options.summary_dir = recorder.Absolute(params.Text("summary_dir", ""));
  options.save_graph_def = params.Flag("save_graph_def", true);
  return options;
}

Json MakeTraining(const ActionCall& call) {
  TraceProcess& process = call.driver.process();
  MonitoredSessionOptions parts =
      internal::TrainingSessionParts(process.runtime, process.graph(), TrainingOptions(call));
  Json list = Json::array();
  for (const auto& hook : parts.hooks) list.push_back(DescribeHook(call.driver, *hook));
  call.driver.recorder().Add(
      {{"e", "hooks"}, {"list", std::move(list)}, {"creator", parts.session_creator->role()}});
  AddProbe(call.driver, &parts.hooks);
  Keep(call,
       std::make_unique<MonitoredSession>(process.runtime, process.graph(), std::move(parts)));
  return nullptr;
}

Json Run(const ActionCall& call) {
  const Params& params = call.params;
  const Fetch fetches = FetchOf(params.At("fetches"), params.where() + ".fetches");
  const FeedDict feeds = FeedsOf(call.driver, params, "feeds", FeedKeys::kNames);
  std::optional<RunOptions> given;
  if (params.Has("options")) given = OptionsOf(params.At("options"), params.where() + ".options");
  RunOptions* options = given ? &*given : nullptr;
  if (params.Has("keep_options")) {
    auto& kept = call.driver.names().options;
    const std::string name = params.Text("keep_options");
    if (!kept.contains(name)) kept[name] = given.value_or(RunOptions());
    options = &kept[name];
  }
  const Json value = JsonOf(Monitored(call).Run(fetches, feeds, options));
  if (!params.Has("keep_options")) return value;
  return {{"value", value}, {"caller_options", JsonOf(*options)}};
}

// One execution of a step function.
class StepFunctionBody {
 public:
  StepFunctionBody(const ActionCall& call, std::int64_t execution)
      : call_(call), execution_(execution) {}

  Json Carry(StepFnContext& context) {
    const Json& body = call_.params.List("body");
    for (std::size_t i = 0; i < body.size() && !returned_; ++i) {
      const Params step(body[i], fmt::format("{}.body[{}]", call_.params.where(), i));
      if (step.Has("n") && step.Integer("n") != execution_) continue;
      CarryOne(step, context);
    }
    return std::move(result_);
  }

 private:
  void CarryOne(const Params& step, StepFnContext& context) {
    if (step.Has("raw")) {
      result_ = JsonOf(call_.driver.Run(context.session(), FetchOf(step.At("raw"), step.where()),
                                        FeedsOf(call_.driver, step, "feeds", FeedKeys::kNames)));
    } else if (step.Has("run_with_hooks")) {
      result_ =
          JsonOf(context.RunWithHooks(FetchOf(step.At("run_with_hooks"), step.where()),
                                      FeedsOf(call_.driver, step, "feeds", FeedKeys::kNames)));
    } else if (step.Has("advance")) {
      call_.driver.world().Advance(Duration::FromSeconds(step.Number("advance")));
    } else if (step.Has("raise")) {
      ThrowStatus(MakeError(step.At("raise"), step.where() + ".raise"));
    } else if (step.Flag("request_stop")) {
      context.RequestStop();
    } else if (step.Given("return")) {
      result_ = step.At("return");
      returned_ = true;
    } else {
      throw BadCase(step.where() + ": an entry of a step function is expected");
    }
  }

  const ActionCall& call_;
  std::int64_t execution_;
  Json result_;
  bool returned_ = false;
};

Json RunStepFn(const ActionCall& call) {
  std::int64_t executions = 0;
  return Monitored(call).RunStepFn([&](StepFnContext& context) {
    call.driver.recorder().Add({{"e", "step_fn"}, {"n", ++executions}});
    return StepFunctionBody(call, executions).Carry(context);
  });
}

Json ShouldStop(const ActionCall& call) { return Monitored(call).ShouldStop(); }

Json Close(const ActionCall& call) {
  Monitored(call).Close();
  return nullptr;
}

Json IsGraphNull(const ActionCall& call) { return Monitored(call).graph() == nullptr; }

Json IsRawSessionNull(const ActionCall& call) {
  auto* singular = dynamic_cast<SingularMonitoredSession*>(&Monitored(call));
  if (singular == nullptr) throw BadCase(call.params.where() + ": no SingularMonitoredSession");
  return singular->raw_session() == nullptr;
}

Coordinator& CurrentCoordinator(const ActionCall& call) {
  Coordinator* coordinator = call.driver.names().coordinator;
  if (coordinator == nullptr) {
    throw BadCase(call.params.where() + ": there is no coordinator yet");
  }
  return *coordinator;
}

Json Report(const ActionCall& call) {
  CurrentCoordinator(call).RequestStop(
      MakeError(call.params.At("error"), call.params.where() + ".error"));
  return nullptr;
}

Json StopCoordinator(const ActionCall& call) {
  CurrentCoordinator(call).RequestStop();
  return nullptr;
}

Json HookValue(const ActionCall& call) {
  const auto& hook = Named(call.driver.names().hooks, call.params, "hook");
  return ValueOfHook(*hook, call.params);
}

Json ConstructHook(const ActionCall& call) {
  (void)MakeHook(call.driver, call.params.Object("hook"));
  return nullptr;
}

constexpr std::array kActions = {
    ActionKind{"monitored", MakeMonitored, "kind hooks creator grace"},
    ActionKind{"training", MakeTraining,
               "master is_chief checkpoint_dir scaffold hooks chief_only_hooks "
               "save_checkpoint_secs save_checkpoint_steps save_summaries_secs "
               "save_summaries_steps stop_grace_period_secs log_step_count_steps max_wait_secs "
               "summary_dir save_graph_def"},
    ActionKind{"run", Run, "fetches feeds options keep_options"},
    ActionKind{"run_step_fn", RunStepFn, "body"},
    ActionKind{"should_stop", ShouldStop, ""},
    ActionKind{"close", Close, ""},
    ActionKind{"graph_null", IsGraphNull, ""},
    ActionKind{"raw_session_null", IsRawSessionNull, ""},
    ActionKind{"report", Report, "error"},
    ActionKind{"request_stop_coordinator", StopCoordinator, ""},
    ActionKind{"hook_value", HookValue, "hook what"},
    ActionKind{"construct_hook", ConstructHook, "hook"},
};

}  // namespace

std::span<const ActionKind> MonitoredActions() { return kActions; }

}  // namespace faultline::testing
