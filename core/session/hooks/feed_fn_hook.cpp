#include "core/session/hooks/feed_fn_hook.h"

#include <utility>

#include "core/base/error.h"

namespace faultline {

FeedFnHook::FeedFnHook(FeedFn feed_fn) : feed_fn_(std::move(feed_fn)) {
  if (!feed_fn_) throw ValueError("FeedFnHook needs a function");
}

std::optional<SessionRunArgs> FeedFnHook::BeforeRun(SessionRunContext&) {
  SessionRunArgs args;
  args.feeds = feed_fn_();
  return args;
}

}  // namespace faultline
