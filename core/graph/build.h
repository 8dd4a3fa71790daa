#pragma once

#include <string>
#include <vector>

#include "core/graph/graph.h"

// Short words for the builder functions.
namespace faultline::internal {

Operation* Build(Graph& graph, const char* type, const std::string& name,
                 std::vector<Output> inputs, AttrMap attrs = {});
// The first output of a node in the graph of its first input. ValueError without inputs.
Output Build(const char* type, const std::string& name, std::vector<Output> inputs,
             AttrMap attrs = {});
// A vector of int32.
Tensor IntVector(const std::vector<std::int64_t>& values);
// A scalar of an integer type. ValueError if the value does not fit.
Tensor IntegerScalar(DataType dtype, std::int64_t value);
// The colocation attribute that puts a node beside `op`.
AttrMap Beside(const Operation& op);

}  // namespace faultline::internal
