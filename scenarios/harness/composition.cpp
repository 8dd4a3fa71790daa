#include "scenarios/harness/composition.h"

#include "core/base/assert.h"
#include "core/base/error.h"
#include "core/checkpoint/checkpoint_kernels.h"

namespace faultline::scenarios {
namespace {

KernelRegistry MakeKernels() {
  KernelRegistry registry;
  RegisterStandardKernels(registry);
  RegisterCheckpointKernels(registry);
  return registry;
}

// Keeps identifiers positive and leaves room to count on.
constexpr std::uint64_t kIdMask = 0xffffffffffff;

}  // namespace

ProcessRuntime::ProcessRuntime(Env& env, const ProcessOptions& options)
    : kernels_(MakeKernels()),
      local_({env, options.semantics, kernels_, [this] { return runtime_.NextId(); }}),
      cluster_({env, [this] { return runtime_.NextId(); }, options.profile, &local_}),
      wrapped_(options.wrap_sessions ? options.wrap_sessions(cluster_) : nullptr),
      events_(env),
      runtime_{env, options.semantics, kernels_, wrapped_ ? *wrapped_ : cluster_, events_, {}, 0} {
  runtime_.last_id = env.random.Draw("ids") & kIdMask;
  cluster_.UseServers(runtime_.servers);
}

Semantics MakeSemantics(const v1::SemanticsSpec& spec) {
  Semantics semantics = spec.base() == v1::STRICT ? Semantics::Strict() : Semantics::Tf();
  const auto set = [&](const std::string& name, bool value) {
    const Deviation* deviation = FindDeviation(name);
    FL_ASSERT(deviation != nullptr, "unknown switch {}", name);
    semantics.*(deviation->field) = value;
  };
  for (const std::string& name : spec.on()) set(name, true);
  for (const std::string& name : spec.off()) set(name, false);
  return semantics;
}

RuntimeProfile MakeProfile(const std::string& name) {
  RuntimeProfile profile = RuntimeProfile::Retry();
  FL_ASSERT(name.empty() || FindRuntimeProfile(name, &profile), "unknown profile {}", name);
  return profile;
}

TrainingSettings MakeTraining(const v1::Program& program) {
  TrainingSettings training;
  training.steps = program.steps();
  training.save_every_steps = program.save_every_steps();
  training.save_every_secs = program.save_every_secs();
  training.max_to_keep = program.max_to_keep();
  training.max_wait_secs = program.max_wait_secs();
  training.step_secs = program.step_secs();
  training.input_steps = program.input_steps();
  training.operation_timeout_secs = program.operation_timeout_secs();
  return training;
}

std::map<std::string, std::string> MakeParameters(const ProgramInfo& info,
                                                  const v1::Program& program) {
  std::map<std::string, std::string> values;
  for (const ParameterInfo& parameter : info.parameters) {
    values[parameter.name] = parameter.default_value;
  }
  for (const v1::Parameter& given : program.parameters()) values[given.name()] = given.value();
  return values;
}

Status RunProgram(const ProgramInfo& program, ProgramContext& context) {
  Observer& observer = context.runtime.env.observer;
  const std::string_view role = RoleName(context.role);
  observer.Announce(Point::kProgramStart, {{"program", context.program}, {"role", role}});
  Status returned;
  Status end = CallUser([&] { returned = program.run(context); });
  if (end.ok()) end = returned;
  observer.Announce(Point::kProgramEnd, {{"program", context.program},
                                         {"role", role},
                                         {"code", CodeName(end.code())},
                                         {"message", end.message()}});
  return end;
}

}  // namespace faultline::scenarios
