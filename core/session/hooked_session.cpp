#include "core/session/hooked_session.h"

#include <functional>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/session/announce.h"
#include "core/session/run_merge.h"

namespace faultline {

using internal::IdField;

ListedHooks ListHooks(const HookList& hooks) {
  ListedHooks listed;
  for (const auto& hook : hooks) {
    if (!hook) throw ValueError("a hook in the list is null");
    listed.push_back({hook, fmt::format("{}#{}", hook->name(), listed.size())});
  }
  return listed;
}

Status CallHook(const LayerContext& context, const std::function<void()>& body) {
  const Status status = CallUser(body);
  if (!status.ok()) AnnounceError(context, "hook", status);
  return status;
}

// The one request made of the caller's and of all hooks' (WS-32..WS-37).
struct HookedSession::Merged {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  Fetch::List fetches;             // the caller's first
  std::vector<std::size_t> slots;  // per hook, its place in `fetches`, or kNone
  FeedDict feeds;
  RunOptions options;
};

HookedSession::HookedSession(LayerContext context, std::shared_ptr<Session> session,
                             ListedHooks hooks)
    : WrappedSession(context, std::make_unique<RawLayer>(session)),
      session_(std::move(session)),
      hooks_(std::move(hooks)) {}

void HookedSession::AnnounceHook(Point point, const ListedHook& hook, const RunRequest& request) {
  env().observer.Announce(point, {IdField("monitored", context().monitored),
                                  {"hook", std::string_view(hook.label)},
                                  IdField("session", session_->id()),
                                  IdField("run", request.context.user_run_id),
                                  {"attempt", static_cast<std::int64_t>(request.context.attempt)}});
}

Status HookedSession::Refuse(std::string text) {
  const Status status(Code::kRuntimeError, std::move(text));
  AnnounceError(context(), "run", status);
  return status;
}

Status HookedSession::AskHooks(const RunRequest& request, SessionRunContext& context,
                               Merged* merged) {
  merged->fetches.reserve(hooks_.size() + 1);
  merged->slots.reserve(hooks_.size());
  merged->fetches.push_back(request.fetches);
  if (request.options != nullptr) merged->options = *request.options;  // a copy: Q-5
  FeedDict hook_feeds;
  for (const ListedHook& hook : hooks_) {
    AnnounceHook(Point::kHookBeforeRun, hook, request);
    std::optional<SessionRunArgs> args;
    const auto ask = [&] { args = hook.hook->BeforeRun(context); };
    FL_RETURN_IF_ERROR(CallHook(this->context(), std::ref(ask)));  // a reference: no allocation
    merged->slots.push_back(Merged::kNone);
    if (!args) continue;
    if (!args->fetches.null()) {  // HK-7
      merged->slots.back() = merged->fetches.size();
      merged->fetches.push_back(std::move(args->fetches));
    }
    const std::string common = internal::CommonFeeds(args->feeds, hook_feeds);
    if (!common.empty()) {  // WS-34
      return Refuse("the same tensor is fed by two hooks: " + common);
    }
    internal::AddFeeds(args->feeds, &hook_feeds);
    if (args->options) internal::MergeRunOptions(*args->options, &merged->options);
  }
  const std::string common = internal::CommonFeeds(hook_feeds, request.feeds);
  if (!common.empty()) {  // WS-35
    return Refuse("the same tensor is fed by a SessionRunHook and the user: " + common);
  }
  merged->feeds = std::move(hook_feeds);  // WS-33
  internal::AddFeeds(request.feeds, &merged->feeds);
  return Status();
}

Status HookedSession::TellHooks(const RunRequest& request, SessionRunContext& context,
                                const Merged& merged, const Fetched& results,
                                const RunMetadata& metadata) {
  for (std::size_t i = 0; i < hooks_.size(); ++i) {
    const std::size_t slot = merged.slots[i];
    const SessionRunValues values{slot == Merged::kNone ? Fetched() : results[slot], merged.options,
                                  metadata};
    AnnounceHook(Point::kHookAfterRun, hooks_[i], request);
    const auto tell = [&] { hooks_[i].hook->AfterRun(context, values); };
    FL_RETURN_IF_ERROR(CallHook(this->context(), std::ref(tell)));
  }
  return Status();
}

Result<Fetched> HookedSession::RunAttempt(const RunRequest& request, SessionLayer& raw,
                                          SessionRunContext& context) {
  Merged merged;
  FL_RETURN_IF_ERROR(AskHooks(request, context, &merged));

  RunMetadata own_metadata;  // WS-37
  RunMetadata* metadata = request.metadata != nullptr ? request.metadata : &own_metadata;
  const RunRequest whole{.fetches = Fetch(std::move(merged.fetches)),
                         .feeds = std::move(merged.feeds),
                         .options = &merged.options,
                         .metadata = metadata,
                         .context = request.context};
#ifdef FL_MUTANTS
  if (this->context().runtime.semantics.mutant_run_twice) (void)raw.Run(whole);
#endif
  const Result<Fetched> result = raw.Run(whole);
  if (!result.ok()) {
    AnnounceError(this->context(), "run", result.status());
    return result.status();
  }
  FL_RETURN_IF_ERROR(TellHooks(request, context, merged, *result, *metadata));
#ifdef FL_MUTANTS
  if (this->context().runtime.semantics.mutant_after_run_twice) {
    FL_RETURN_IF_ERROR(TellHooks(request, context, merged, *result, *metadata));
  }
#endif
  return (*result)[0];
}

Result<Fetched> HookedSession::Run(const RunRequest& request) {
  if (stopped_) return Refuse("run called even after a stop was requested");  // WS-30
  const std::shared_ptr<SessionLayer> raw = inner();
  if (!raw) return Refuse("the session is closed");
  SessionRunContext context(request.fetches, request.feeds, *session_);
  Result<Fetched> result = RunAttempt(request, *raw, context);
  // WS-38. What an attempt that failed has asked for is void (HK-11): it is asked again.
  if (result.ok() && context.stop_requested()) stopped_ = true;
  return result;
}

}  // namespace faultline
