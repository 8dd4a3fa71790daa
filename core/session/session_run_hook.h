#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/exec/fetch.h"
#include "core/exec/run_options.h"
#include "core/exec/runtime.h"
#include "core/exec/session.h"

namespace faultline {

class Coordinator;

// HK-7: what a hook adds to a run. Null fetches, empty feeds and absent options are each ignored.
struct SessionRunArgs {
  Fetch fetches = {};
  FeedDict feeds = {};
  std::optional<RunOptions> options = {};
  // Only this, as most hooks ask.
  static SessionRunArgs Fetching(Fetch fetches);
};

// HK-9: what a hook gets back.
struct SessionRunValues {
  Fetched results;  // shaped like the hook's own fetches; null if it asked for none
  const RunOptions& options;
  const RunMetadata& metadata;
};

// HK-8: one object for all hooks and both phases of one attempt.
class SessionRunContext {
 public:
  SessionRunContext(const Fetch& fetches, const FeedDict& feeds, Session& session)
      : fetches_(fetches), feeds_(feeds), session_(session) {}
  // The caller's own fetches and feeds.
  const Fetch& original_fetches() const { return fetches_; }
  const FeedDict& original_feeds() const { return feeds_; }
  // The raw session: runs through it call no hooks (HK-110).
  Session& session() const { return session_; }
  bool stop_requested() const { return stop_requested_; }
  // HK-10: takes effect after all after_run callbacks of this run.
  void request_stop() { stop_requested_ = true; }

 private:
  const Fetch& fetches_;
  const FeedDict& feeds_;
  Session& session_;
  bool stop_requested_ = false;
};

// What a hook's begin is given: the graph it may still add to (HK-102), and the process.
struct HookContext {
  Runtime& runtime;
  Graph& graph;
};

// A user's extension of a monitored session (HK-1, HK-101). Every callback may throw and may
// suspend. A hook keeps its own state across recoveries (HK-14).
class SessionRunHook {
 public:
  virtual ~SessionRunHook() = default;
  // For traces and messages.
  virtual std::string name() const { return "SessionRunHook"; }
  // Once for each monitored session, before the graph is final: the only place to add operations.
  virtual void Begin(const HookContext& context);
  // After every creation of a session, those of recoveries included (HK-4). The session is the raw
  // one; it and the coordinator live until the next call, and as long as threads that are
  // registered with the coordinator run.
  virtual void AfterCreateSession(Session& session, Coordinator& coordinator);
  // Before every attempt of a run: what to add to it (HK-5).
  virtual std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context);
  // After every attempt that succeeded.
  virtual void AfterRun(SessionRunContext& context, const SessionRunValues& values);
  // When the session is closed without an error (HK-6).
  virtual void End(Session& session);
};

using HookList = std::vector<std::shared_ptr<SessionRunHook>>;

}  // namespace faultline
