#include "core/testing/golden_traces/layer_env.h"

#include <utility>

#include "core/testing/golden_traces/errors.h"

namespace faultline::testing {

namespace {

Json SecondsOf(Duration duration) { return static_cast<double>(duration.nanoseconds()) / 1e9; }

}  // namespace

class LayerEnv::Sleeps final : public Spawner {
 public:
  Sleeps(Env& plain, Recorder& recorder, const Hooks& hooks)
      : plain_(plain), recorder_(recorder), hooks_(hooks) {}

  std::shared_ptr<Task> Spawn(std::string name, std::function<void()> body) override {
    return plain_.spawner.Spawn(std::move(name), std::move(body));
  }
  std::unique_ptr<WaitQueue> MakeWaitQueue() override {
    return std::make_unique<Queue>(*this, plain_.spawner.MakeWaitQueue());
  }
  void Yield() override { plain_.spawner.Yield(); }
  void Compute(std::int64_t operations) override { plain_.spawner.Compute(operations); }
  bool Unwinding() const override { return plain_.spawner.Unwinding(); }

  // A wait with a deadline is a sleep, whatever else could end it. Waits on a coordinator are none
  // of the layer's sleeps, and are not shown.
  WaitOutcome Wait(const WaitOptions& options, WaitQueue& queue) {
    const bool sleeps = options.deadline != TimePoint::Max();
    hooks_.before_sleep();
    if (options.what.find("coordinator") != std::string_view::npos) {
      if (hooks_.free_joins && sleeps) {
        plain_.spawner.Yield();
        return WaitOutcome::kDeadline;
      }
      return queue.Wait(options);
    }
    if (sleeps) {
      const Duration duration = options.deadline - plain_.clock.Now();
      recorder_.AddTimed({{"e", "sleep"}, {"secs", SecondsOf(duration)}});
    }
    const WaitOutcome outcome = queue.Wait(options);
    hooks_.after_sleep();
    return outcome;
  }

 private:
  class Queue final : public WaitQueue {
   public:
    Queue(Sleeps& sleeps, std::unique_ptr<WaitQueue> plain)
        : sleeps_(sleeps), plain_(std::move(plain)) {}
    WaitOutcome Wait(const WaitOptions& options) override { return sleeps_.Wait(options, *plain_); }
    void WakeOne() override { plain_->WakeOne(); }
    void WakeAll() override { plain_->WakeAll(); }

   private:
    Sleeps& sleeps_;
    std::unique_ptr<WaitQueue> plain_;
  };

  Env& plain_;
  Recorder& recorder_;
  Hooks hooks_;
};

// Makes events of what savers announce, and hands everything on.
class LayerEnv::Sights final : public Observer {
 public:
  Sights(Env& plain, Recorder& recorder, std::function<int(std::int64_t)> session_number)
      : plain_(plain), recorder_(recorder), session_number_(std::move(session_number)) {}

  bool WantsDigests() const override { return plain_.observer.WantsDigests(); }
  void Announce(Point point, std::initializer_list<Field> fields) override {
    plain_.observer.Announce(point, fields);
    if (point == Point::kSaveStart) {
      BeginSave(fields);
    } else if (point == Point::kRestoreStart) {
      at_work_ = recorder_.Add({{"e", "restore"},
                                {"s", session_number_(Number(fields, "session"))},
                                {"path", recorder_.Relative(Text(fields, "path"))}});
    } else if (point == Point::kSaveDone || point == Point::kRestoreDone) {
      End(Text(fields, "code"));
    }
  }
  void Fail(const Status& status) {
    FL_ASSERT(at_work_.has_value(), "a saver's run outside of its call");
    recorder_.Fail(*at_work_, status);
  }

 private:
  static const Field& Find(const std::initializer_list<Field>& fields, std::string_view name) {
    for (const Field& field : fields) {
      if (field.name == name) return field;
    }
    FL_ASSERT(false, "an announcement without {}", name);
    return *fields.begin();
  }
  static std::int64_t Number(const std::initializer_list<Field>& fields, std::string_view name) {
    return std::get<std::int64_t>(Find(fields, name).value);
  }
  static std::string Text(const std::initializer_list<Field>& fields, std::string_view name) {
    return std::string(std::get<std::string_view>(Find(fields, name).value));
  }

  void BeginSave(const std::initializer_list<Field>& fields) {
    const std::int64_t step = Number(fields, "step");
    std::string path = Text(fields, "prefix");
    const std::string suffix = "-" + std::to_string(step);
    const bool numbered = step >= 0 && path.ends_with(suffix);
    if (numbered) path.resize(path.size() - suffix.size());
    Json event = {{"e", "save"},
                  {"s", session_number_(Number(fields, "session"))},
                  {"path", recorder_.Relative(path)}};
    if (numbered) event["step"] = step;
    if (Number(fields, "meta") == 0) event["meta"] = false;
    at_work_ = recorder_.Add(std::move(event));
  }
  void End(const std::string& code) {
    FL_ASSERT(at_work_.has_value(), "a saver ended that had not begun");
    if (code != CodeName(Code::kOk)) recorder_.Set(*at_work_, "error", code);
    at_work_.reset();
  }

  Env& plain_;
  Recorder& recorder_;
  std::function<int(std::int64_t)> session_number_;
  std::optional<std::size_t> at_work_;
};

class LayerEnv::Lines final : public Logger {
 public:
  Lines(Env& plain, Recorder& recorder) : plain_(plain), recorder_(recorder) {}
  void Log(LogLevel level, std::string_view text) override {
    plain_.logger.Log(level, text);
    if (shown) recorder_.Add({{"e", "log"}, {"text", std::string(text)}});
  }
  bool shown = false;

 private:
  Env& plain_;
  Recorder& recorder_;
};

LayerEnv::LayerEnv(Env& plain, Recorder& recorder, Hooks hooks)
    : sleeps_(std::make_unique<Sleeps>(plain, recorder, hooks)),
      sights_(std::make_unique<Sights>(plain, recorder, std::move(hooks.session_number))),
      lines_(std::make_unique<Lines>(plain, recorder)) {
  env_.emplace(Env{.clock = plain.clock,
                   .spawner = *sleeps_,
                   .files = plain.files,
                   .transport = plain.transport,
                   .random = plain.random,
                   .observer = *sights_,
                   .logger = *lines_,
                   .host_name = plain.host_name});
}

LayerEnv::~LayerEnv() = default;

Env& LayerEnv::env() { return *env_; }
void LayerEnv::ShowLog(bool on) { lines_->shown = on; }
void LayerEnv::FailSaver(const Status& status) { sights_->Fail(status); }

}  // namespace faultline::testing
