#include "core/graph/build.h"
#include "core/graph/ops.h"

namespace faultline {
namespace {

// A reduction over all dimensions. TensorFlow names the axes as a constant of its own.
Output ReduceAll(const char* type, Output value, const std::string& name) {
  Graph& graph = value.op->graph();
  Output axes;
  if (value.shape().known_rank()) {
    std::vector<std::int64_t> all;
    for (int i = 0; i < value.shape().rank(); ++i) all.push_back(i);
    axes = Constant(graph, internal::IntVector(all));
  } else {
    const Output start = Constant(graph, Tensor::Scalar(0), "range/start");
    const Output rank = internal::Build("Rank", "Rank", {value});
    const Output delta = Constant(graph, Tensor::Scalar(1), "range/delta");
    axes = internal::Build("Range", "range", {start, rank, delta});
  }
  return internal::Build(type, name, {value, axes});
}

}  // namespace

Output Add(Output a, Output b, const std::string& name) {
  const bool strings = BaseType(a.dtype()) == DataType::kString;
  return internal::Build(strings ? "Add" : "AddV2", name, {a, b});
}
Output Sub(Output a, Output b, const std::string& name) {
  return internal::Build("Sub", name, {a, b});
}
Output Mul(Output a, Output b, const std::string& name) {
  return internal::Build("Mul", name, {a, b});
}
Output RealDiv(Output a, Output b, const std::string& name) {
  return internal::Build("RealDiv", name, {a, b});
}
Output Neg(Output value, const std::string& name) { return internal::Build("Neg", name, {value}); }
Output Square(Output value, const std::string& name) {
  return internal::Build("Square", name, {value});
}

Output MatMul(Output a, Output b, bool transpose_a, bool transpose_b, const std::string& name) {
  return internal::Build("MatMul", name, {a, b},
                         {{"transpose_a", transpose_a}, {"transpose_b", transpose_b}});
}

Output BiasAdd(Output value, Output bias, const std::string& name) {
  return internal::Build("BiasAdd", name, {value, bias});
}

Output ReduceSum(Output value, const std::string& name) { return ReduceAll("Sum", value, name); }
Output ReduceMean(Output value, const std::string& name) { return ReduceAll("Mean", value, name); }

Output AddN(const std::vector<Output>& values, const std::string& name) {
  return internal::Build("AddN", name, values);
}

}  // namespace faultline
