#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/session/hooks/checkpoint_saver_listener.h"
#include "core/session/session_run_hook.h"
#include "core/summary/events_writer.h"
#include "proptests/session_stage.h"

namespace faultline::proptests {

// Listeners have places of their own, from here on.
inline constexpr int kFirstListener = 100;

// A hook that tells the stage of every callback, hands it to another hook, and fails when told so.
class WatchedHook final : public SessionRunHook {
 public:
  // `place` in the list.
  WatchedHook(Stage& stage, int place, std::shared_ptr<SessionRunHook> inner)
      : stage_(stage), place_(place), inner_(std::move(inner)) {}
  std::string name() const override { return inner_->name(); }
  void Begin(const HookContext& context) override;
  void AfterCreateSession(Session& session, Coordinator& coordinator) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;
  void End(Session& session) override;

 private:
  void Call(proptests::Call call, const Session* session, const std::function<void()>& body);
  void TellOfWish(const SessionRunContext& context, bool had_asked);

  Stage& stage_;
  int place_;
  std::shared_ptr<SessionRunHook> inner_;
};

class WatchedListener final : public CheckpointSaverListener {
 public:
  WatchedListener(Stage& stage, int number) : stage_(stage), place_(kFirstListener + number) {}
  void Begin() override { Tell(Call::kBegin); }
  void BeforeSave(Session&, std::int64_t) override;
  bool AfterSave(Session&, std::int64_t) override;
  void End(Session&, std::int64_t) override { Tell(Call::kEnd); }

 private:
  void Tell(Call call);

  Stage& stage_;
  int place_;
  int saves_ = 0;
};

// Tells the stage of session starts and summaries.
class WatchedWriter final : public EventsWriter {
 public:
  explicit WatchedWriter(Stage& stage) : stage_(stage) {}
  void AddSummary(std::string_view, std::optional<std::int64_t> step) override;
  void AddScalar(const std::string&, float, std::int64_t) override {}
  void AddGraphDef(std::string_view, std::optional<std::int64_t>) override {}
  void AddMetaGraphDef(std::string_view, std::optional<std::int64_t>) override {}
  void AddSessionLog(SessionLogStatus status, const std::string&,
                     std::optional<std::int64_t> step) override;
  Status AddRunMetadata(const std::string&, std::string_view,
                        std::optional<std::int64_t>) override {
    return Status();
  }
  Status Flush() override { return Status(); }
  Status Close() override { return Status(); }

 private:
  Stage& stage_;
};

}  // namespace faultline::proptests
