#include "scenarios/harness/os_run.h"

#include <string_view>

#include <fmt/format.h>

#include "core/os/real_env.h"
#include "core/os/stop_signal.h"
#include "scenarios/harness/composition.h"

namespace faultline::scenarios {
namespace {

template <class T>
T FieldOf(std::initializer_list<Field> fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name == name) return std::get<T>(field.value);
  }
  return T();
}

// Passes everything on and tells of steps, of what was restored and of a signal; between two steps
// is also when a signal is looked for.
class ProgressObserver final : public Observer {
 public:
  ProgressObserver(Observer& next, const OsRunOptions& options, StopSignal* signal)
      : next_(next), options_(options), signal_(signal) {}

  void Announce(Point point, std::initializer_list<Field> fields) override {
    next_.Announce(point, fields);
    if (point == Point::kProgress && signal_ != nullptr) signal_->Check();
    TellOfSignal();
    if (point == Point::kProgress && options_.progress) {
      options_.progress(FieldOf<std::int64_t>(fields, "step"));
    }
    if (point != Point::kCreateDone || !options_.restored) return;
    const bool good = FieldOf<std::string_view>(fields, "code") == CodeName(Code::kOk);
    if (!good || FieldOf<std::string_view>(fields, "path") != "restored") return;
    options_.restored(std::string(FieldOf<std::string_view>(fields, "checkpoint")));
  }
  bool WantsDigests() const override { return next_.WantsDigests(); }

 private:
  void TellOfSignal() {
    if (told_ || signal_ == nullptr || signal_->received() == 0) return;
    told_ = true;
    if (options_.interrupted) options_.interrupted(signal_->received());
  }

  Observer& next_;
  const OsRunOptions& options_;
  StopSignal* signal_;
  bool told_ = false;
};

// Lets the caller clear its line before another one is written.
class PoliteLogger final : public Logger {
 public:
  PoliteLogger(Logger& next, const OsRunOptions& options) : next_(next), options_(options) {}
  void Log(LogLevel level, std::string_view text) override {
    if (options_.before_log) options_.before_log();
    next_.Log(level, text);
  }

 private:
  Logger& next_;
  const OsRunOptions& options_;
};

Status CheckProgram(const OsRunOptions& options, const ProgramRegistry& programs) {
  const ProgramInfo* program = programs.Find(options.program.name());
  if (program == nullptr) {
    return Status(Code::kInvalidArgument, fmt::format("expected a program ({}), found \"{}\"",
                                                      programs.Names(), options.program.name()));
  }
  for (const v1::Parameter& given : options.program.parameters()) {
    const ParameterInfo* parameter = program->FindParameter(given.name());
    if (parameter == nullptr) {
      return Status(Code::kInvalidArgument,
                    fmt::format("{} has no parameter \"{}\"", program->name, given.name()));
    }
    const Status good = CheckParameter(*parameter, given.value());
    if (!good.ok()) return good.WithMessage(given.name() + ": " + good.message());
  }
  return Status();
}

Status RunInEnv(Env& env, StopSignal* signal, const OsRunOptions& options,
                const ProgramInfo& program) {
  ProgressObserver observer(env.observer, options, signal);
  PoliteLogger logger(env.logger, options);
  Env watched{env.clock,  env.spawner, env.files, env.transport,
              env.random, observer,    logger,    env.host_name};
  ProcessOptions process;
  process.semantics = MakeSemantics(options.semantics);
  process.profile = MakeProfile(options.profile);
  ProcessRuntime runtime(watched, process);
  ProgramContext context(runtime.runtime());
  context.program = program.name;
  context.node = "chief";
  context.profile = process.profile;
  context.training = MakeTraining(options.program);
  context.training.log_every_steps = options.log_every_steps;
  context.parameters = MakeParameters(program, options.program);
  context.checkpoint_dir = options.checkpoint_dir;
  context.data_dir = options.data_root;
  if (signal != nullptr) context.stop = &signal->token();
  return RunProgram(program, context);
}

}  // namespace

Status RunOnOs(const OsRunOptions& options, const ProgramRegistry& programs) {
  FL_RETURN_IF_ERROR(CheckProgram(options, programs));
  const ProgramInfo& program = *programs.Find(options.program.name());
  RealEnv world(RealEnvOptions{.log_announcements = options.log_announcements});
  Status end;
  const Status ran =
      world.Run([&](Env& env) { end = RunInEnv(env, world.stop_signal(), options, program); });
  FL_RETURN_IF_ERROR(ran);
  StopSignal* signal = world.stop_signal();
  if (end.ok() && signal != nullptr && signal->token().cancelled()) return signal->token().reason();
  return end;
}

}  // namespace faultline::scenarios
