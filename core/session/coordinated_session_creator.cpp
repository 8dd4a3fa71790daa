#include "core/session/coordinated_session_creator.h"

#include <utility>

#include "core/base/error.h"
#include "core/session/announce.h"
#include "core/session/coordinated_session.h"
#include "core/session/queue_runner.h"

namespace faultline {

using internal::IdField;

CoordinatedSessionCreator::CoordinatedSessionCreator(LayerContext context,
                                                     std::unique_ptr<SessionCreator> creator,
                                                     ListedHooks hooks, Duration stop_grace_period)
    : context_(context),
      creator_(std::move(creator)),
      hooks_(std::move(hooks)),
      stop_grace_period_(stop_grace_period) {
  FL_ASSERT(creator_ != nullptr, "no session creator");
  if (context_.runtime.semantics.keep_stop_requests) kept_stop_ = std::make_shared<bool>(false);
}

CoordinatedSessionCreator::~CoordinatedSessionCreator() {
  Spawner& spawner = context_.runtime.env.spawner;
  if (spawner.Unwinding()) return;
  Retire();
  for (const Made& made : retired_) {
    spawner.Spawn("release of a session", [made] { made.coordinator->AwaitThreads(); });
  }
}

void CoordinatedSessionCreator::Retire() {
  std::erase_if(retired_, [](const Made& made) { return !made.coordinator->HasLiveThreads(); });
  Made former = std::exchange(current_, Made());
  if (former.coordinator && former.coordinator->HasLiveThreads()) {
    retired_.push_back(std::move(former));
  }
}

void CoordinatedSessionCreator::Forget() { Retire(); }

Status CoordinatedSessionCreator::BeginAgain() {
#ifdef FL_MUTANTS
  if (!context_.runtime.semantics.mutant_begin_on_recovery || !current_.session) return Status();
  for (const ListedHook& hook : hooks_) {
    context_.runtime.env.observer.Announce(
        Point::kHookBegin,
        {IdField("monitored", context_.monitored), {"hook", std::string_view(hook.label)}});
    FL_RETURN_IF_ERROR(CallHook(context_, [&] {
      hook.hook->Begin({context_.runtime, creator_->graph()});
    }));
  }
#endif
  return Status();
}

void CoordinatedSessionCreator::Thaw() {
#ifdef FL_MUTANTS
  if (!context_.runtime.semantics.mutant_thaw_on_recovery || !std::exchange(recovers_, true))
    return;
  creator_->graph().UnsafeUnfinalize();
#endif
}

Result<std::unique_ptr<SessionLayer>> CoordinatedSessionCreator::Create() {
  FL_RETURN_IF_ERROR(BeginAgain());
  FL_ASSIGN_OR_RETURN(std::unique_ptr<Session> raw, creator_->CreateSession());
  Retire();
  current_.session = std::move(raw);
  current_.coordinator =
      std::make_shared<Coordinator>(context_.runtime.env, std::set<Code>(),  // CR-12
                                    context_.runtime.semantics.keep_root_cause);
  const Made made = current_;
  auto layers = std::make_unique<CoordinatedSession>(
      context_, std::make_unique<HookedSession>(context_, made.session, hooks_), made.coordinator,
      stop_grace_period_, kept_stop_);
  const Status status = Prepare(made);
  if (!status.ok()) {
    const Status closed = layers->Close();
    if (!closed.ok()) {
      context_.runtime.env.logger.Log(LogLevel::kWarning,
                                      "while giving up a session: " + closed.ToString());
    }
    return status;
  }
  Thaw();
  return std::unique_ptr<SessionLayer>(std::move(layers));
}

Status CoordinatedSessionCreator::Prepare(const Made& made) {
  Env& env = context_.runtime.env;
  if (!made.session->graph().GetCollection(GraphKeys::kQueueRunners).empty()) {
    FL_RETURN_IF_ERROR(CallUser([&] { StartQueueRunners(env, made.session, made.coordinator); }));
  }
  for (const ListedHook& hook : hooks_) {  // HK-4
    env.observer.Announce(Point::kHookAfterCreate, {IdField("monitored", context_.monitored),
                                                    {"hook", std::string_view(hook.label)},
                                                    IdField("session", made.session->id())});
    FL_RETURN_IF_ERROR(CallHook(
        context_, [&] { hook.hook->AfterCreateSession(*made.session, *made.coordinator); }));
  }
  return Status();
}

}  // namespace faultline
