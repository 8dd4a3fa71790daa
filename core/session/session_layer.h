#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/exec/runtime.h"
#include "core/exec/session.h"

namespace faultline {

// What the layers of one monitored session share. `monitored` is its number in traces; 0 outside
// of one.
struct LayerContext {
  Runtime& runtime;
  std::uint64_t monitored = 0;
};

// ErrorSeen: the error came out of `where` (run, hook, coordinator, create, close).
void AnnounceError(const LayerContext& context, std::string_view where, const Status& status);

class SessionLayer;

// One execution of a step function: what the layer that calls it hands over (WS-6).
struct StepExecution {
  Session& session;      // the raw one, current for this execution (SF-8)
  SessionLayer& layer;   // whose Run makes the function's runs with hooks
  std::uint32_t number;  // 1, 2, ...: executions of the same request
};
using StepFn = std::function<Status(const StepExecution&)>;

// One layer of the stack below a monitored session (WS-1): recoverable, coordinated, hooked, raw.
// Values only: what a hook throws comes as a Status that keeps the exception (WS-26). Everything
// but the queries suspends.
class SessionLayer {
 public:
  virtual ~SessionLayer() = default;
  SessionLayer(const SessionLayer&) = delete;
  SessionLayer& operator=(const SessionLayer&) = delete;

  // Null, empty and 0 when nothing is held.
  virtual Session* raw_session() const = 0;
  virtual Graph* graph() const = 0;
  virtual std::string target() const = 0;
  virtual std::uint64_t session_id() const = 0;

  // Its own answer to whether to stop (WS-3).
  virtual Result<bool> CheckStop() = 0;
  // That, or else what the layers below say; true when nothing is held (WS-2).
  virtual Result<bool> ShouldStop() = 0;
  virtual Result<Fetched> Run(const RunRequest& request) = 0;
  // Calls `step_fn` with the raw session and this layer's Run (WS-6); gives what it gives.
  // `number` is that of the execution.
  virtual Status RunStepFn(const StepFn& step_fn, std::uint32_t number) = 0;
  // A second close does nothing (WS-4).
  virtual Status Close() = 0;

 protected:
  SessionLayer() = default;
};

// The bottom: a raw session, which never says stop.
class RawLayer : public SessionLayer {
 public:
  explicit RawLayer(std::shared_ptr<Session> session);
  Session* raw_session() const override { return session_.get(); }
  Graph* graph() const override { return &session_->graph(); }
  std::string target() const override { return session_->target(); }
  std::uint64_t session_id() const override { return session_->id(); }
  Result<bool> CheckStop() override { return false; }
  Result<bool> ShouldStop() override { return false; }
  Result<Fetched> Run(const RunRequest& request) override { return session_->TryRun(request); }
  Status RunStepFn(const StepFn& step_fn, std::uint32_t number) override {
    return step_fn({*session_, *this, number});
  }
  Status Close() override { return session_->TryClose(); }

 private:
  std::shared_ptr<Session> session_;
};

// A layer around another one or around nothing (WS-1..WS-5).
class WrappedSession : public SessionLayer {
 public:
  WrappedSession(LayerContext context, std::unique_ptr<SessionLayer> inner);

  Session* raw_session() const override;
  Graph* graph() const override;
  std::string target() const override;
  std::uint64_t session_id() const override;
  Result<bool> CheckStop() override { return false; }  // WS-3
  Result<bool> ShouldStop() override;
  Result<Fetched> Run(const RunRequest& request) override;
  Status RunStepFn(const StepFn& step_fn, std::uint32_t number) override;
  Status Close() override;

 protected:
  const LayerContext& context() const { return context_; }
  Env& env() const { return context_.runtime.env; }
  // Null when nothing is held. Keep the copy while calling it: a call suspends, and another fiber
  // may replace what is held meanwhile.
  const std::shared_ptr<SessionLayer>& inner() const { return inner_; }
  void set_inner(std::shared_ptr<SessionLayer> inner) { inner_ = std::move(inner); }
  // Drops what is held and closes it; errors as they come.
  Status CloseInner();

 private:
  LayerContext context_;
  std::shared_ptr<SessionLayer> inner_;
};

}  // namespace faultline
