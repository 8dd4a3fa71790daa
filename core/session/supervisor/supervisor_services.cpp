#include "core/session/supervisor/supervisor_services.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/session/global_step_value.h"

namespace faultline::internal {

namespace {

// A looper on the session of a supervisor.
class ServiceLooper : public LooperThread {
 public:
  ServiceLooper(Env& env, std::shared_ptr<Coordinator> coordinator, Duration interval,
                std::shared_ptr<SupervisorState> state, std::shared_ptr<Session> session,
                std::string name)
      : LooperThread(env, std::move(coordinator), interval, {}, std::move(name)),
        state_(std::move(state)),
        session_(std::move(session)) {}

 protected:
  SupervisorState& state() const { return *state_; }
  Session& session() const { return *session_; }
  bool HasStep() const { return static_cast<bool>(*state_->options.global_step); }
  std::int64_t ReadStep() const { return GlobalStep(*session_, *state_->options.global_step); }
  void Log(const std::string& text) const { env().logger.Log(LogLevel::kInfo, text); }

 private:
  std::shared_ptr<SupervisorState> state_;
  std::shared_ptr<Session> session_;
};

class SummaryLooper final : public ServiceLooper {
 public:
  using ServiceLooper::ServiceLooper;

 protected:
  void RunLoop() override {
    const Fetch summary = *state().options.summary_op;
    const Fetch fetches = HasStep() ? Fetch{summary, Fetch(*state().options.global_step)}
                                    : Fetch(Fetch::List(1, summary));
    const Fetched fetched = session().Run(fetches);
    std::optional<std::int64_t> step;
    if (HasStep()) step = IntegerOf(fetched[1].tensor());
    const std::shared_ptr<EventsWriter> writer = state().writer;
    if (!writer) return;
    Log(fmt::format("Recording summary at step {}.", step ? std::to_string(*step) : "unknown"));
    writer->AddSummary(fetched[0].scalar<std::string>(), step);
  }
};

class StepCounterLooper final : public ServiceLooper {
 public:
  using ServiceLooper::ServiceLooper;

 protected:
  void StartLoop() override {
    last_time_ = env().clock.WallNow();
    last_step_ = ReadStep();
  }
  void RunLoop() override {
    const std::int64_t step = ReadStep();
    const std::int64_t steps = step - std::exchange(last_step_, step);
    const TimePoint now = env().clock.WallNow();
    const Duration elapsed = now - std::exchange(last_time_, now);
    if (elapsed <= Duration()) return;  // no rate, as in HK-606
    const double rate = static_cast<double>(steps) / elapsed.seconds();
    const std::string tag = state().options.global_step->name() + "/sec";
    const std::shared_ptr<EventsWriter> writer = state().writer;
    if (writer) writer->AddScalar(tag, static_cast<float>(rate), step);
    Log(fmt::format("{}: {:g}", tag, rate));
  }

 private:
  TimePoint last_time_;
  std::int64_t last_step_ = 0;
};

class CheckpointLooper final : public ServiceLooper {
 public:
  using ServiceLooper::ServiceLooper;

 protected:
  void RunLoop() override {
    const std::string& path = state().save_path;
    Log(fmt::format("Saving checkpoint to path {}", path));
    SaveOptions save;
    if (HasStep()) save.global_step = ReadStep();
    (*state().options.saver)->Save(session(), path, save);
    const std::shared_ptr<EventsWriter> writer = state().writer;
    if (writer && HasStep()) {
      writer->AddSessionLog(SessionLogStatus::kCheckpoint, path, ReadStep());
    }
  }
};

}  // namespace

std::vector<std::shared_ptr<LooperThread>> MakeServices(
    const std::shared_ptr<SupervisorState>& state, const std::shared_ptr<Coordinator>& coordinator,
    const std::shared_ptr<Session>& session) {
  const SupervisorOptions& options = state->options;
  std::vector<std::shared_ptr<LooperThread>> loopers;
  const Duration summaries = options.save_summaries;
  if (summaries > Duration() && state->writer) {
    if (!options.summary_op->null()) {
      loopers.push_back(MakeLooper<SummaryLooper>(state->env(), coordinator, summaries, state,
                                                  session, "SVSummaryThread"));
    }
    if (*options.global_step) {
      loopers.push_back(MakeLooper<StepCounterLooper>(state->env(), coordinator, summaries, state,
                                                      session, "SVStepCounterThread"));
    }
  }
  if (*options.saver && options.save_model > Duration()) {
    loopers.push_back(MakeLooper<CheckpointLooper>(state->env(), coordinator, options.save_model,
                                                   state, session, "SVTimerCheckpointThread"));
  }
  return loopers;
}

}  // namespace faultline::internal
