#pragma once

#include "core/exec/kernel_registry.h"

// Kernels by family; together what RegisterStandardKernels gives.
namespace faultline::internal {

void RegisterControlKernels(KernelRegistry& registry);
void RegisterStateKernels(KernelRegistry& registry);
void RegisterQueueKernels(KernelRegistry& registry);
void RegisterBinaryKernels(KernelRegistry& registry);
void RegisterUnaryKernels(KernelRegistry& registry);
void RegisterReductionKernels(KernelRegistry& registry);
void RegisterLinearKernels(KernelRegistry& registry);
void RegisterShapeKernels(KernelRegistry& registry);
void RegisterArrayKernels(KernelRegistry& registry);
void RegisterSliceKernels(KernelRegistry& registry);
void RegisterStringKernels(KernelRegistry& registry);
void RegisterSummaryKernels(KernelRegistry& registry);

}  // namespace faultline::internal
