#pragma once

// All that a training program names: graph building, optimizers and the session layer (DESIGN 3).

#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/graph/optimizer.h"
#include "core/session/coordinator.h"
#include "core/session/hooks/checkpoint_saver_hook.h"
#include "core/session/hooks/feed_fn_hook.h"
#include "core/session/hooks/final_ops_hook.h"
#include "core/session/hooks/global_step_waiter_hook.h"
#include "core/session/hooks/logging_tensor_hook.h"
#include "core/session/hooks/multi_step_stop_at_step_hook.h"
#include "core/session/hooks/nan_tensor_hook.h"
#include "core/session/hooks/profiler_hook.h"
#include "core/session/hooks/step_counter_hook.h"
#include "core/session/hooks/stop_at_step_hook.h"
#include "core/session/hooks/summary_saver_hook.h"
#include "core/session/looper_thread.h"
#include "core/session/monitored_training_session.h"
#include "core/session/queue_runner.h"
