#pragma once

#include <functional>
#include <memory>

#include "core/env/env.h"
#include "core/exec/session.h"

namespace faultline {

// The scope of a raw session (SE-11): calls `body` with it, then closes it. After a body that
// returned, the close runs here and its error is thrown. After a body that threw, the close runs in
// a fiber of its own, for which at most 30 s are waited; then what the body threw is thrown, and
// the close goes on if it has not ended: the session, its graph and `env` must live that long.
// Suspends.
void WithRawSession(Env& env, std::shared_ptr<Session> session,
                    const std::function<void(Session&)>& body);

}  // namespace faultline
