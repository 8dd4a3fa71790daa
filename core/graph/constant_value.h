#pragma once

#include <optional>

#include "core/graph/graph.h"

namespace faultline {

// The value of a tensor as far as it is known before the graph runs: a constant, the shape of a
// tensor whose shape is known, and stacks of these.
std::optional<Tensor> ConstantValue(Output output);
// The shape that a tensor of integers describes, with what is known of it; unknown rank if the
// tensor's own shape is unknown. Negative entries are unknown dimensions.
PartialShape ConstantShape(Output output);

}  // namespace faultline
