#include "core/exec/standard_kernels.h"

namespace faultline {

void RegisterStandardKernels(KernelRegistry& registry) {
  internal::RegisterControlKernels(registry);
  internal::RegisterStateKernels(registry);
  internal::RegisterQueueKernels(registry);
  internal::RegisterBinaryKernels(registry);
  internal::RegisterUnaryKernels(registry);
  internal::RegisterReductionKernels(registry);
  internal::RegisterLinearKernels(registry);
  internal::RegisterShapeKernels(registry);
  internal::RegisterArrayKernels(registry);
  internal::RegisterSliceKernels(registry);
  internal::RegisterStringKernels(registry);
  internal::RegisterSummaryKernels(registry);
}

}  // namespace faultline
