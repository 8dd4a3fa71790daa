#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/semantics.h"
#include "core/env/env.h"
#include "core/tensor/tensor.h"

namespace faultline {

// What the save and restore operations do (CK-11xx), apart from the graph. All suspend.

struct SaveTensorsRequest {
  std::string prefix;
  std::vector<std::string> names;
  std::vector<std::string> slices;  // "" is a whole tensor
  std::vector<Tensor> tensors;
};
// Writes one bundle. Shards of a sharded save are known by their names (CK-204).
Status SaveTensors(Env& env, const Semantics& semantics, const SaveTensorsRequest& request);

struct RestoreTensorsRequest {
  std::string prefix;
  std::vector<std::string> names;
  std::vector<std::string> slices;
  std::vector<DataType> dtypes;
};
// All of them or an error; checks all names and types before it reads any value (CK-1104).
Result<std::vector<Tensor>> RestoreTensors(Env& env, const Semantics& semantics,
                                           const RestoreTensorsRequest& request);

}  // namespace faultline
