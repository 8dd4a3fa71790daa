#pragma once

#include <string>

#include "core/base/result.h"
#include "core/tensor/tensor.h"

namespace faultline::internal {

// The elements as `type`, as TensorFlow's Cast: floats are cut off towards zero, what does not fit
// an integer gives what the processor gives. UNIMPLEMENTED for types that are not converted.
Result<Tensor> ConvertTensor(const Tensor& value, DataType type);

// The value of a feed as the type of the tensor `name`: as numpy converts, but TypeError for an
// integer that the type cannot hold (SE-17), and for a conversion from or to strings.
Result<Tensor> ConvertFeed(const Tensor& value, DataType type, const std::string& name);

}  // namespace faultline::internal
