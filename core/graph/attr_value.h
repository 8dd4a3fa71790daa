#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/tensor/tensor.h"

namespace faultline {

// Value of a node's attribute; one alternative for each kind of TensorFlow's AttrValue.
using AttrValue =
    std::variant<std::int64_t, float, bool, std::string, DataType, PartialShape, Tensor,
                 std::vector<std::int64_t>, std::vector<float>, std::vector<bool>,
                 std::vector<std::string>, std::vector<DataType>, std::vector<PartialShape>>;

using AttrMap = std::map<std::string, AttrValue, std::less<>>;

}  // namespace faultline
