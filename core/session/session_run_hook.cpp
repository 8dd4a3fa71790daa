#include "core/session/session_run_hook.h"

namespace faultline {

void SessionRunHook::Begin(const HookContext&) {}
void SessionRunHook::AfterCreateSession(Session&, Coordinator&) {}
std::optional<SessionRunArgs> SessionRunHook::BeforeRun(SessionRunContext&) { return std::nullopt; }
void SessionRunHook::AfterRun(SessionRunContext&, const SessionRunValues&) {}
void SessionRunHook::End(Session&) {}

}  // namespace faultline
