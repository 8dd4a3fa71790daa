#pragma once

#include <memory>
#include <vector>

#include "core/session/looper_thread.h"
#include "core/session/supervisor/supervisor_state.h"

namespace faultline::internal {

// SV-1: the loopers of a chief's standard services, registered and not started.
std::vector<std::shared_ptr<LooperThread>> MakeServices(
    const std::shared_ptr<SupervisorState>& state, const std::shared_ptr<Coordinator>& coordinator,
    const std::shared_ptr<Session>& session);

}  // namespace faultline::internal
