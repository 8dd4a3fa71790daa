#pragma once

// All that a training program names of the session layer (DESIGN.md 3).

#include "core/session/coordinator.h"
#include "core/session/hooks/checkpoint_saver_hook.h"
#include "core/session/hooks/logging_tensor_hook.h"
#include "core/session/hooks/nan_tensor_hook.h"
#include "core/session/hooks/step_counter_hook.h"
#include "core/session/hooks/stop_at_step_hook.h"
#include "core/session/hooks/summary_saver_hook.h"
#include "core/session/monitored_session.h"
#include "core/session/queue_runner.h"
