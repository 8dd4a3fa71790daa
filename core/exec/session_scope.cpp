#include "core/exec/session_scope.h"

#include <string>
#include <utility>

#include "core/base/error.h"

namespace faultline {
namespace {

constexpr Duration kCloseLimit = Duration::Seconds(30);

void CloseBeside(Env& env, std::shared_ptr<Session> session) {
  const auto closing = env.spawner.Spawn("session close", [&env, session = std::move(session)] {
    const Status closed = session->TryClose();
    if (!closed.ok()) env.logger.Log(LogLevel::kError, "Session close: " + closed.ToString());
  });
  closing->Join(
      {.what = "close of a session after an error", .deadline = env.clock.Now() + kCloseLimit});
  if (!closing->finished()) {
    env.logger.Log(LogLevel::kError,
                   "A session was not closed within 30 s; what follows may find "
                   "its runs still going on");
  }
}

}  // namespace

void WithRawSession(Env& env, std::shared_ptr<Session> session,
                    const std::function<void(Session&)>& body) {
  const Status done = CallUser([&] { body(*session); });
  if (done.ok()) return session->Close();
  CloseBeside(env, std::move(session));
  ThrowStatus(done);
}

}  // namespace faultline
