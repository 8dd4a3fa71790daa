#include "proptests/session_stage.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"

namespace faultline::proptests {
namespace {

// Whether a ready op's value says ready.
bool IsEmpty(const Result<Fetched>& names) {
  return names.ok() && names->is_tensor() && names->tensor().NumElements() == 0;
}

// What only a user's code can throw stays attached to its status.
Status StrikeStatus(Code code, std::string text) {
  if (code == Code::kStopIteration) {
    return StatusFromException(std::make_exception_ptr(StopIteration()));
  }
  if (code == Code::kUserException) {
    return StatusFromException(std::make_exception_ptr(std::logic_error(text)));
  }
  return Status(code, std::move(text));
}

bool Asks(const RunRequest& request, std::string_view collection) {
  const auto* asked = std::get_if<Output>(&request.fetches.value());
  if (asked == nullptr || !*asked) return false;
  const std::vector<CollectionItem> items = asked->op->graph().GetCollection(collection);
  const auto* known = items.size() == 1 ? std::get_if<Output>(&items.front()) : nullptr;
  return known != nullptr && *known == *asked;
}

}  // namespace

StageModel::StageModel(int increment, Flaw flaw)
    : step(graph, increment),
      weight(MakeVariable(graph, Tensor::Scalar(0.5F), "weight")),
      local(MakeLocalVariable(graph, Tensor::Scalar(1.5F), "local")),
      tag(Placeholder(graph, DataType::kInt64, PartialShape({}), "tag")),
      tag_out(Identity(tag)),
      fed(PlaceholderWithDefault(Constant(graph, Tensor::Scalar(1.0F)), PartialShape({}))),
      summary(Constant(graph, Tensor::Scalar(std::string("summary")))) {
  pieces.summary_op = summary;
  if (flaw == Flaw::kLocalInit) pieces.local_init_op = NoOp(graph, "forgetful_local_init");
  if (flaw != Flaw::kInit && flaw != Flaw::kInitFnHelps) return;
  pieces.init_op = VariablesInitializer(graph, {step.global_step}, "forgetful_init");
  if (flaw == Flaw::kInit) return;
  Operation* help = VariablesInitializer(graph, {weight}, "helping_init");
  pieces.init_fn = [help](Scaffold&, Session& session) { session.Run(help); };
}

Stage::Stage(const SessionDraw& draw_in, Semantics semantics) : draw(draw_in), process(semantics) {
  process.observer().strike = [this](const testing::RecordingObserver::Announcement& heard) {
    if (heard.point != Point::kSaveDone || heard.text("code") != "OK") return;
    saved[heard.text("prefix")] = last_saved;
  };
}

void Stage::Add(Event event) {
  event.time = process.Now();
  event.graph_final = !models_.empty() && model().graph.finalized();
  record.events.push_back(std::move(event));
}

void Stage::AddByThread(Event event) {
  event.by_thread = true;
  Add(std::move(event));
}

std::optional<Stage::Strike> Stage::Next(Call call) {
  const int n = calls_.at(static_cast<std::size_t>(call))++;
  for (std::size_t i = 0; i < draw.strikes.size(); ++i) {
    const StrikeDraw& strike = draw.strikes[i];
    if (strike.what() != call || strike.nth != n) continue;
    Strike struck{StrikeStatus(strike.status_code(), fmt::format("strike #{}.", i)),
                  strike.after != 0};
    Add({.what = What::kStruck, .call = call, .code = struck.status.code(), .good = struck.after});
    return struck;
  }
  return std::nullopt;
}

StageModel& Stage::NewModel() {
  models_.push_back(std::make_unique<StageModel>(draw.Increment(), draw.FlawOf()));
  return model();
}

void Stage::Report(Coordinator& coordinator, int session, Code code) {
  const std::string text = fmt::format("report #{}.", reports_++);
  const bool recorded = !coordinator.ShouldStop() && !coordinator.joined();
  AddByThread(
      {.what = What::kReport, .session = session, .code = code, .good = recorded, .text = text});
  // After a join it raises what it is told (CO-2), which then is the thread's own affair.
  const Status raised = CallUser([&] { coordinator.RequestStop(Status(code, text)); });
  FL_ASSERT(raised.ok() || !recorded, "a coordinator refused a report: {}", raised.ToString());
}

void Stage::StartThreads(Coordinator& coordinator, int session) {
  coordinator_ = &coordinator;
  updates_ = 0;
  const int creation = handed_out++;
  for (const ThreadDraw& thread : draw.threads) {
    if (thread.creation != creation) continue;
    Env& env = process.env();
    coordinator.RegisterThread(env.spawner.Spawn("a thread", [=, this, &coordinator, &env] {
      if (thread.moment == 2 && !coordinator.WaitForStop(Duration::Seconds(1 + thread.nth))) {
        Report(coordinator, session, thread.status_code());
      }
      coordinator.WaitForStop();
      if (thread.linger == 0) return;
      AddByThread({.what = What::kLingering, .session = session});
      SleepFor(env, "work that goes on", Duration::Seconds(thread.linger));
    }));
  }
}

void Stage::AtMoment(int moment) {
  if (moment == 0) ++updates_;
  const int creation = handed_out - 1;
  for (const ThreadDraw& thread : draw.threads) {
    if (thread.creation != creation || thread.moment != moment || thread.nth + 1 != updates_) {
      continue;
    }
    if (open == nullptr || coordinator_ == nullptr) continue;
    const int session = open->number();
    Coordinator& coordinator = *coordinator_;
    const auto reporter = process.env().spawner.Spawn(
        "a reporting thread", [&, session] { Report(coordinator, session, thread.status_code()); });
    coordinator.RegisterThread(reporter);
    reporter->Join({.what = "a report"});
  }
}

std::string Stage::NamedCheckpoint() {
  const std::string state = std::string(kCheckpointDir) + "/checkpoint";
  if (!process.fake.files().Exists(state)) return "";
  const std::string content = process.fake.files().Content(state);
  constexpr std::string_view kBefore = "model_checkpoint_path: \"";
  const std::size_t at = content.find(kBefore);
  if (at == std::string::npos) return "";
  const std::size_t first = at + kBefore.size();
  return content.substr(first, content.find('"', first) - first);
}

std::int64_t Stage::StepOfCheckpoint(const std::string& prefix) const {
  const auto known = saved.find(prefix);
  return known == saved.end() ? -1 : known->second;
}

std::int64_t Stage::Peek() { return open != nullptr ? open->Peek() : -1; }

WatchedSession::WatchedSession(Stage& stage, std::shared_ptr<Session> inner, bool shared,
                               int number, std::uint64_t id, std::string target)
    : stage_(stage),
      inner_(std::move(inner)),
      shared_(shared),
      number_(number),
      id_(id),
      target_(std::move(target)) {
  stage_.open = this;
}

WatchedSession::~WatchedSession() {
  if (stage_.open == this) stage_.open = nullptr;
}

Call WatchedSession::CallOf(const RunRequest& request) const {
  switch (request.context.cause) {
    case Cause::kInit:
      return Call::kInit;
    case Cause::kLocalInit:
      return Call::kLocalInit;
    case Cause::kReadyCheck:
      return Asks(request, GraphKeys::kReadyForLocalInitOp) ? Call::kReadyForLocalInit
                                                            : Call::kReady;
    case Cause::kRestore:
      return Call::kRestore;
    case Cause::kSave:
      return Call::kSave;
    case Cause::kUpdate:
      return Call::kUpdate;
    case Cause::kUnknown:
      break;
  }
  return Call::kRead;
}

Result<Fetched> WatchedSession::TryRun(const RunRequest& request) {
  Event event{.what = What::kCall, .session = number_, .call = CallOf(request)};
  if (event.call == Call::kRestore) {
    event.text = stage_.NamedCheckpoint();
    event.value = stage_.StepOfCheckpoint(event.text);
  }
  Result<Fetched> result = Status(Code::kRuntimeError, "the session is closed");
  if (!closed_) {
    const auto strike = stage_.Next(event.call);
    const bool before = strike && !strike->after;
    result = before ? Result<Fetched>(strike->status) : inner_->TryRun(request);
    event.good = result.ok();
    if (event.call == Call::kReady || event.call == Call::kReadyForLocalInit) {
      event.good = IsEmpty(result);
    }
    if (strike) result = strike->status;
    event.step = Peek();
  }
  event.code = result.status().code();
  if (event.call == Call::kSave) stage_.last_saved = event.step;
  const bool updated = event.call == Call::kUpdate && event.good;
  stage_.Add(std::move(event));
  if (updated) stage_.AtMoment(0);
  return result;
}

Status WatchedSession::TryClose() {
  if (closed_) return Status();
  closed_ = true;  // whatever comes (SE-7)
  if (stage_.open == this) stage_.open = nullptr;
  stage_.Add({.what = What::kClosed, .session = number_});
  const Status status = shared_ ? Status() : inner_->TryClose();
  const auto strike = stage_.Next(Call::kClose);
  return strike ? strike->status : status;
}

std::int64_t WatchedSession::Peek() {
  if (closed_) return -1;
  const Result<Fetched> step = inner_->TryRun({.fetches = stage_.model().step.read});
  return step.ok() ? step->scalar<std::int64_t>() : -1;
}

bool WatchedSession::IsReady() {
  const auto items = graph().GetCollection(GraphKeys::kReadyOp);
  const auto* op = items.size() == 1 ? std::get_if<Output>(&items.front()) : nullptr;
  FL_ASSERT(op != nullptr, "the graph has no ready op");
  return !closed_ && IsEmpty(inner_->TryRun({.fetches = *op}));
}

Result<std::unique_ptr<Session>> WatchedFactory::Open(const std::string& target, Graph& graph,
                                                      const SessionConfig& config) {
  const int number = ++stage_.sessions;
  stage_.Add({.what = What::kOpening, .session = number});
  const Duration cost = Duration::Milliseconds(100) * stage_.draw.cost;
  if (cost > Duration()) SleepFor(stage_.process.env(), "a slow opening", cost);
  if (const auto strike = stage_.Next(Call::kOpen)) {
    stage_.Add({.what = What::kOpened, .session = number, .code = strike->status.code()});
    return strike->status;
  }
  const bool shared = target == kServerTarget;
  std::shared_ptr<Session> inner = server_;
  if (!shared) {
    FL_ASSIGN_OR_RETURN(inner, stage_.process.local.Open(target, graph, config));
  }
  stage_.Add({.what = What::kOpened, .session = number});
  const std::uint64_t id = shared ? 1'000'000 + static_cast<std::uint64_t>(number) : inner->id();
  return std::unique_ptr<Session>(
      std::make_unique<WatchedSession>(stage_, std::move(inner), shared, number, id, target));
}

Session& WatchedFactory::Server() {
  if (!server_) server_ = stage_.process.OpenSession(stage_.model().graph);
  return *server_;
}

Result<std::unique_ptr<Session>> WatchedCreator::CreateSession() {
  stage_.Add({.what = What::kCreation});
  Result<std::unique_ptr<Session>> session = inner_->CreateSession();
  Event event{.what = What::kCreated, .code = session.status().code()};
  if (session.ok() && stage_.open != nullptr) {
    event.session = stage_.open->number();
    event.good = stage_.open->IsReady();
  }
  stage_.Add(std::move(event));
  return session;
}

}  // namespace faultline::proptests
