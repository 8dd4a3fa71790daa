#pragma once

// Builders and fixtures for the unit tests of core/session (session_conformance.md, fixtures
// F-1..F-12).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/env/event.h"
#include "core/exec/direct_session.h"
#include "core/exec/runtime.h"
#include "core/exec/session_factory.h"
#include "core/session/coordinator.h"
#include "core/session/monitored_session.h"
#include "core/summary/events_writer.h"
#include "core/testing/fake_env.h"

namespace faultline::testing {

// A session that hands everything to another one, for subclasses and for sharing: several of them
// over one session are the sessions of one server (SE-3). Closing it closes nothing else.
class ForwardingSession : public Session {
 public:
  ForwardingSession(std::shared_ptr<Session> inner, std::uint64_t id, std::string target = "")
      : inner_(std::move(inner)), id_(id), target_(std::move(target)) {}
  Graph& graph() const override { return inner_->graph(); }
  const std::string& target() const override { return target_; }
  std::uint64_t id() const override { return id_; }
  Result<Fetched> TryRun(const RunRequest& request) override;
  Status TryClose() override {
    closed_ = true;
    return Status();
  }
  bool closed() const override { return closed_; }

 protected:
  Session& inner() const { return *inner_; }

 private:
  std::shared_ptr<Session> inner_;
  std::uint64_t id_;
  std::string target_;
  bool closed_ = false;
};

// An error to come from the sessions of a ScriptedFactory.
struct SessionFault {
  enum class On { kOpen, kRun, kClose };
  On on = On::kRun;
  Cause cause = Cause::kUpdate;  // of a run
  int nth = 1;                   // over all sessions, counted from 1
  Status status = {};
  bool after = false;     // of a run: it has been executed all the same
  bool for_ever = false;  // from the nth on
};

// Opens sessions of `inner`, counts them, makes them cost time and fail on demand.
class ScriptedFactory final : public SessionFactory {
 public:
  ScriptedFactory(Env& env, SessionFactory& inner) : env_(env), inner_(inner) {}
  Result<std::unique_ptr<Session>> Open(const std::string& target, Graph& graph,
                                        const SessionConfig& config) override;

  // From now on "server" is a server whose variables outlive sessions; they share `graph`.
  void StartServer(Graph& graph);
  void Fail(SessionFault fault) { faults_.push_back(std::move(fault)); }

  Duration open_cost;
  int opened = 0;    // attempts included that failed
  int open_now = 0;  // not closed yet
  int most_open = 0;

 private:
  friend class ScriptedSession;
  // The error of the next such event, and whether it comes after its effect.
  std::optional<SessionFault> Next(SessionFault::On on, Cause cause);

  Env& env_;
  SessionFactory& inner_;
  std::shared_ptr<Session> server_;
  std::vector<SessionFault> faults_;
  std::map<std::pair<int, int>, int> seen_;  // (on, cause) -> how often
};

// One process of a unit test: a world, a runtime with all kernels, and scripted sessions.
class TestProcess {
 public:
  explicit TestProcess(Semantics semantics = Semantics());

  FakeEnv fake;
  KernelRegistry kernels;
  LocalSessionFactory local;
  ScriptedFactory sessions;
  EventsWriterCache events;
  Runtime runtime;

  Env& env() { return fake.env(); }
  // Runs `body` in a fiber.
  void Run(const std::function<void()>& body) {
    fake.Run([&](Env&) { body(); });
  }
  TimePoint Now() { return fake.clock().Now(); }
  void Advance(Duration duration) { fake.Advance(duration); }
  RecordingObserver& observer() { return fake.observer(); }
  // An in-process session that is not scripted.
  std::shared_ptr<Session> OpenSession(Graph& graph);
};

// Seconds of virtual time since `start`, exact for whole ones.
inline double SecondsSince(TestProcess& process, TimePoint start) {
  return static_cast<double>((process.Now() - start).nanoseconds()) / 1e9;
}

// What `body` throws, as a status; OK if nothing.
template <class Body>
Status ErrorOf(Body&& body) {
  return CallUser(std::forward<Body>(body));
}

// F-9: global step 0 and an op that adds 1 and gives the new value.
struct StepModel {
  explicit StepModel(Graph& graph, std::int64_t increment = 1);
  Variable global_step;
  Output read;  // the variable's snapshot
  Output step;
};

// A constant and an identity of it, which tests feed.
struct FeedModel {
  explicit FeedModel(Graph& graph);
  Output c;
  Output v;
};

// F-1.
class RecordingHook : public SessionRunHook {
 public:
  std::string name() const override { return "RecordingHook"; }
  void Begin(const HookContext&) override { ++begins; }
  void AfterCreateSession(Session&, Coordinator&) override { ++creates; }
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;
  void End(Session&) override { ++ends; }

  std::optional<SessionRunArgs> request;
  bool should_stop = false;
  int begins = 0, creates = 0, befores = 0, afters = 0, ends = 0;
  Session* session = nullptr;  // of the last context
  Fetch original_fetches;
  FeedDict original_feeds;
  std::optional<Fetched> results;  // of the last values
  RunOptions options;
  RunMetadata metadata;
};

// F-2.
class RaiseOnceAtN : public SessionRunHook {
 public:
  RaiseOnceAtN(int n, std::function<void()> raise) : n_(n), raise_(std::move(raise)) {}
  RaiseOnceAtN(int n, Code code)
      : n_(n), raise_([code] { ThrowStatus(Status(code, "injected")); }) {}
  std::string name() const override { return "RaiseOnceAtN"; }
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext&) override;
  bool raised = false;

 private:
  int n_;
  std::function<void()> raise_;
};

// A hook made of functions; what is null does nothing.
class FunctionHook : public SessionRunHook {
 public:
  explicit FunctionHook(std::string label = "FunctionHook") : label_(std::move(label)) {}
  std::string name() const override { return label_; }
  void Begin(const HookContext& context) override {
    if (begin) begin(context);
  }
  void AfterCreateSession(Session& session, Coordinator& coordinator) override {
    if (after_create) after_create(session, coordinator);
  }
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override {
    return before_run ? before_run(context) : std::nullopt;
  }
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override {
    if (after_run) after_run(context, values);
  }
  void End(Session& session) override {
    if (end) end(session);
  }

  std::function<void(const HookContext&)> begin;
  std::function<void(Session&, Coordinator&)> after_create;
  std::function<std::optional<SessionRunArgs>(SessionRunContext&)> before_run;
  std::function<void(SessionRunContext&, const SessionRunValues&)> after_run;
  std::function<void(Session&)> end;

 private:
  std::string label_;
};

// F-4: always the same session, whose close is disabled.
class CountingCreator : public SessionCreator {
 public:
  explicit CountingCreator(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  Result<std::unique_ptr<Session>> CreateSession() override;
  Graph& graph() const override { return session_->graph(); }
  int calls = 0;

 private:
  std::shared_ptr<Session> session_;
};

// F-5.
class SideThreadFailure : public SessionRunHook {
 public:
  SideThreadFailure(Env& env, int n, Code code = Code::kAborted);
  std::string name() const override { return "SideThreadFailure"; }
  void AfterCreateSession(Session& session, Coordinator& coordinator) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;

 private:
  Env& env_;
  int n_;
  Code code_;
  bool started_ = false;
  Event zero_;
  Event reported_;
};

// Keeps what hooks write.
class FakeWriter final : public EventsWriter {
 public:
  struct Scalar {
    std::string tag;
    float value;
    std::int64_t step;
  };
  struct SessionLog {
    SessionLogStatus status;
    std::string path;
    std::optional<std::int64_t> step;
  };
  void AddSummary(std::string_view serialized, std::optional<std::int64_t> step) override;
  void AddScalar(const std::string& tag, float value, std::int64_t step) override;
  void AddGraphDef(std::string_view, std::optional<std::int64_t>) override { ++graphs; }
  void AddMetaGraphDef(std::string_view, std::optional<std::int64_t>) override { ++meta_graphs; }
  void AddSessionLog(SessionLogStatus status, const std::string& path,
                     std::optional<std::int64_t> step) override;
  Status AddRunMetadata(const std::string&, std::string_view,
                        std::optional<std::int64_t>) override {
    return Status();
  }
  Status Flush() override {
    ++flushes;
    return Status();
  }
  Status Close() override { return Status(); }

  std::vector<std::int64_t> summary_steps;
  std::vector<std::string> summaries;
  std::vector<Scalar> scalars;
  std::vector<SessionLog> logs;
  int graphs = 0, meta_graphs = 0, flushes = 0;
};

}  // namespace faultline::testing
