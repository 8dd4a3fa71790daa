#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/session/hooks/checkpoint_saver_listener.h"
#include "core/session/session_run_hook.h"
#include "core/testing/golden_traces/driver.h"

namespace faultline::testing {

// What a hook or listener of a scenario does in chosen calls of its callbacks.
class Orders {
 public:
  // `on`: the list of the case, or null. BadCase for what is malformed.
  Orders(const Json& on, const std::string& where);
  // Counts one call of `callback` and gives the entries that fit, in order.
  std::vector<Params> Next(const std::string& callback);

 private:
  Json on_;
  std::string where_;
  std::map<std::string, std::int64_t> calls_;
};

// Records its callbacks, asks for what it is told to ask, and carries out its orders.
class TracedHook final : public SessionRunHook {
 public:
  // `driver` outlives it.
  TracedHook(Driver& driver, const Params& spec);

  std::string name() const override { return "TracedHook"; }
  const std::string& label() const { return label_; }
  void Begin(const HookContext& context) override;
  void AfterCreateSession(Session& session, Coordinator& coordinator) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;
  void End(Session& session) override;

 private:
  // The raw session and the context at hand, where there are some.
  struct AtHand {
    Session* session = nullptr;
    SessionRunContext* context = nullptr;
  };
  Json Event(const char* callback, const Session* session);
  void Act(const char* callback, const AtHand& at_hand);
  void ActOn(const Params& order, const AtHand& at_hand);

  Driver& driver_;
  Json spec_;
  std::string where_;
  std::string label_;
  Orders orders_;
};

// The same for listeners of checkpoint savers.
class RecordingListener final : public CheckpointSaverListener {
 public:
  RecordingListener(Driver& driver, const Params& spec);
  void Begin() override { (void)Act("begin", nullptr, 0); }
  void BeforeSave(Session& session, std::int64_t step) override {
    (void)Act("before_save", &session, step);
  }
  bool AfterSave(Session& session, std::int64_t step) override {
    return Act("after_save", &session, step);
  }
  void End(Session& session, std::int64_t step) override { (void)Act("end", &session, step); }

 private:
  // Whether it asks to stop.
  bool Act(const char* callback, Session* session, std::int64_t step);

  Driver& driver_;
  std::string label_;
  Orders orders_;
};

}  // namespace faultline::testing
