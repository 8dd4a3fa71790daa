#include "core/session/session_run_hook.h"

#include <utility>

namespace faultline {

SessionRunArgs SessionRunArgs::Fetching(Fetch fetches) {
  SessionRunArgs args;
  args.fetches = std::move(fetches);
  return args;
}

void SessionRunHook::Begin(const HookContext&) {}
void SessionRunHook::AfterCreateSession(Session&, Coordinator&) {}
std::optional<SessionRunArgs> SessionRunHook::BeforeRun(SessionRunContext&) { return std::nullopt; }
void SessionRunHook::AfterRun(SessionRunContext&, const SessionRunValues&) {}
void SessionRunHook::End(Session&) {}

}  // namespace faultline
