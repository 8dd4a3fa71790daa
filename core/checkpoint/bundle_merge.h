#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/env/env.h"

namespace faultline {

// Joins bundles into one under `target` by renaming their data files (CK-9xx), in TensorFlow's
// order of file operations, or, if `hardened`, so that a checkpoint of that prefix stays whole
// until the new one is durable (CK-2007). The inputs are gone afterwards. Suspends.
Status MergeBundles(Env& env, const std::vector<std::string>& inputs, const std::string& target,
                    bool hardened);

}  // namespace faultline
