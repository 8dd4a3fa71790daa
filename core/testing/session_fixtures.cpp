#include "core/testing/session_fixtures.h"

#include <algorithm>

#include "core/checkpoint/checkpoint_kernels.h"
#include "core/graph/global_step.h"
#include "core/graph/ops.h"

namespace faultline::testing {

Result<Fetched> ForwardingSession::TryRun(const RunRequest& request) {
  if (closed_) return Status(Code::kRuntimeError, "the session is closed");
  return inner_->TryRun(request);
}

// A session of a ScriptedFactory.
class ScriptedSession final : public Session {
 public:
  ScriptedSession(ScriptedFactory& factory, std::unique_ptr<Session> inner)
      : factory_(factory), inner_(std::move(inner)) {}
  Graph& graph() const override { return inner_->graph(); }
  const std::string& target() const override { return inner_->target(); }
  std::uint64_t id() const override { return inner_->id(); }
  bool closed() const override { return inner_->closed(); }

  Result<Fetched> TryRun(const RunRequest& request) override {
    const auto fault = factory_.Next(SessionFault::On::kRun, request.context.cause);
    if (fault && !fault->after) return fault->status;
    Result<Fetched> result = inner_->TryRun(request);
    if (fault) return fault->status;
    return result;
  }

  Status TryClose() override {
    if (!inner_->closed()) --factory_.open_now;
    const auto fault = factory_.Next(SessionFault::On::kClose, Cause::kUnknown);
    const Status status = inner_->TryClose();
    return fault ? fault->status : status;
  }

 private:
  ScriptedFactory& factory_;
  std::unique_ptr<Session> inner_;
};

std::optional<SessionFault> ScriptedFactory::Next(SessionFault::On on, Cause cause) {
  const int n = ++seen_[{static_cast<int>(on), static_cast<int>(cause)}];
  for (const SessionFault& fault : faults_) {
    const bool same_kind = fault.on == on && (on != SessionFault::On::kRun || fault.cause == cause);
    if (same_kind && (fault.nth == n || (fault.for_ever && fault.nth <= n))) return fault;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Session>> ScriptedFactory::Open(const std::string& target, Graph& graph,
                                                       const SessionConfig& config) {
  ++opened;
  if (open_cost > Duration()) SleepFor(env_, "a slow opening", open_cost);
  if (const auto fault = Next(SessionFault::On::kOpen, Cause::kUnknown)) return fault->status;
  std::unique_ptr<Session> inner;
  if (target == "server") {
    FL_ASSERT(server_ != nullptr, "there is no server");
    inner = std::make_unique<ForwardingSession>(
        server_, 1'000'000 + static_cast<std::uint64_t>(opened), target);
  } else {
    FL_ASSIGN_OR_RETURN(inner, inner_.Open(target, graph, config));
  }
  ++open_now;
  most_open = std::max(most_open, open_now);
  return std::unique_ptr<Session>(std::make_unique<ScriptedSession>(*this, std::move(inner)));
}

void ScriptedFactory::StartServer(Graph& graph) {
  server_ = std::move(inner_.Open("", graph, {}).value());
}

TestProcess::TestProcess(Semantics semantics)
    : local({.env = fake.env(),
             .semantics = semantics,
             .kernels = kernels,
             .next_id = [this] { return runtime.NextId(); },
             .others = nullptr}),
      sessions(fake.env(), local),
      events(fake.env()),
      runtime{fake.env(), semantics, kernels, sessions, events, {}, 0} {
  RegisterStandardKernels(kernels);
  RegisterCheckpointKernels(kernels);
}

std::shared_ptr<Session> TestProcess::OpenSession(Graph& graph) {
  return std::move(local.Open("", graph, {}).value());
}

StepModel::StepModel(Graph& graph, std::int64_t increment) {
  global_step = CreateGlobalStep(graph);
  read = global_step.value();
  // After the shared read of the same run (CK-2304), so that hooks see the step before.
  const Output before = GetOrCreateGlobalStepRead(graph);
  ControlScope after(graph, {before.op});
  step = AssignAdd(global_step, Constant(graph, Tensor::Scalar(increment)));
}

FeedModel::FeedModel(Graph& graph)
    : c(Constant(graph, Tensor::Scalar(std::int32_t{0}))), v(Identity(c)) {}

std::optional<SessionRunArgs> RecordingHook::BeforeRun(SessionRunContext& context) {
  ++befores;
  session = &context.session();
  original_fetches = context.original_fetches();
  original_feeds = context.original_feeds();
  return request;
}

void RecordingHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  ++afters;
  results = values.results;
  options = values.options;
  metadata = values.metadata;
  if (should_stop) context.request_stop();
}

std::optional<SessionRunArgs> RaiseOnceAtN::BeforeRun(SessionRunContext&) {
  --n_;
  if (n_ == 0 && !raised) {
    raised = true;
    raise_();
  }
  return std::nullopt;
}

Result<std::unique_ptr<Session>> CountingCreator::CreateSession() {
  ++calls;
  return std::unique_ptr<Session>(std::make_unique<ForwardingSession>(session_, 500 + calls));
}

SideThreadFailure::SideThreadFailure(Env& env, int n, Code code)
    : env_(env), n_(n), code_(code), zero_(env.spawner), reported_(env.spawner) {}

void SideThreadFailure::AfterCreateSession(Session&, Coordinator& coordinator) {
  if (std::exchange(started_, true)) return;
  coordinator.RegisterThread(env_.spawner.Spawn("side thread", [this, &coordinator] {
    zero_.Wait({.what = "runs to be made"});
    coordinator.RequestStop(Status(code_, "reported by a thread"));
    reported_.Set();
  }));
}

void SideThreadFailure::AfterRun(SessionRunContext&, const SessionRunValues&) {
  if (--n_ != 0) return;
  zero_.Set();
  reported_.Wait({.what = "the side thread's report"});
}

void FakeWriter::AddSummary(std::string_view serialized, std::optional<std::int64_t> step) {
  summaries.emplace_back(serialized);
  summary_steps.push_back(step.value_or(-1));
}

void FakeWriter::AddScalar(const std::string& tag, float value, std::int64_t step) {
  scalars.push_back({tag, value, step});
}

void FakeWriter::AddSessionLog(SessionLogStatus status, const std::string& path,
                               std::optional<std::int64_t> step) {
  logs.push_back({status, path, step});
}

}  // namespace faultline::testing
