#include "core/graph/build.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"

namespace faultline::internal {

Operation* Build(Graph& graph, const char* type, const std::string& name,
                 std::vector<Output> inputs, AttrMap attrs) {
  return graph.AddOperation({.type = type,
                             .name = name,
                             .inputs = std::move(inputs),
                             .attrs = std::move(attrs),
                             .control_inputs = {},
                             .device = {}});
}

Output Build(const char* type, const std::string& name, std::vector<Output> inputs, AttrMap attrs) {
  if (inputs.empty() || !inputs[0]) throw ValueError(std::string(type) + " needs an input");
  Graph& graph = inputs[0].op->graph();
  return Build(graph, type, name, std::move(inputs), std::move(attrs))->output();
}

Tensor IntVector(const std::vector<std::int64_t>& values) {
  Tensor tensor(DataType::kInt32, TensorShape({static_cast<std::int64_t>(values.size())}));
  for (std::size_t i = 0; i < values.size(); ++i) {
    tensor.mutable_flat<std::int32_t>()[i] = static_cast<std::int32_t>(values[i]);
  }
  return tensor;
}

namespace {

template <class T>
Tensor Narrow(std::int64_t value) {
  if (!std::in_range<T>(value)) {
    throw ValueError(fmt::format("{} does not fit {}", value, DataTypeName(DataTypeOf<T>::value)));
  }
  return Tensor::Scalar(static_cast<T>(value));
}

}  // namespace

Tensor IntegerScalar(DataType dtype, std::int64_t value) {
  switch (dtype) {
    case DataType::kInt8:
      return Narrow<std::int8_t>(value);
    case DataType::kInt16:
      return Narrow<std::int16_t>(value);
    case DataType::kInt32:
      return Narrow<std::int32_t>(value);
    case DataType::kInt64:
      return Tensor::Scalar(value);
    case DataType::kUint8:
      return Narrow<std::uint8_t>(value);
    case DataType::kUint16:
      return Narrow<std::uint16_t>(value);
    case DataType::kUint32:
      return Narrow<std::uint32_t>(value);
    case DataType::kUint64:
      return Narrow<std::uint64_t>(value);
    default:
      throw TypeError(DataTypeName(dtype) + " is no integer type");
  }
}

AttrMap Beside(const Operation& op) { return {{"_class", ColocationGroups(op)}}; }

}  // namespace faultline::internal
