#pragma once

#include "core/exec/kernel_registry.h"

namespace faultline {

// The kernels that touch files: SaveV2, RestoreV2, MergeV2Checkpoints, ShardedFilename (CK-11xx).
// They read files, hardening and reader options from the context of the step.
void RegisterCheckpointKernels(KernelRegistry& registry);

}  // namespace faultline
