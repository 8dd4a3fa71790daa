#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/build.h"
#include "core/graph/constant_value.h"
#include "core/graph/gradients.h"
#include "core/graph/ops.h"

namespace faultline::internal {
namespace {

using Grads = std::vector<Output>;
using Context = GradientContext;
using Axes = std::vector<std::int64_t>;

[[noreturn]] void Unsupported(const Context& c, const char* why) {
  throw ValueError(
      fmt::format("No gradient for '{}' (op: '{}'): {}", c.op->name(), c.op->type(), why));
}

bool AllEqualAndKnown(std::initializer_list<Output> values) {
  const PartialShape& first = values.begin()->shape();
  return first.fully_defined() &&
         std::ranges::all_of(values, [&first](const Output& v) { return v.shape() == first; });
}

// ---- broadcasting ----

// The dimensions over which the gradients of the two inputs of a broadcasting op are summed, as far
// as shapes are known.
struct ReductionAxes {
  bool known = false;
  Axes x;
  Axes y;
};

ReductionAxes InferAxes(const PartialShape& x, const PartialShape& y) {
  ReductionAxes axes;
  if (!x.known_rank() || !y.known_rank()) return axes;
  const int rank = std::max(x.rank(), y.rank());
  for (int i = 0; i < rank; ++i) {
    const int at_x = i - (rank - x.rank());
    const int at_y = i - (rank - y.rank());
    const std::int64_t dim_x = at_x < 0 ? 1 : x.dim(at_x);
    const std::int64_t dim_y = at_y < 0 ? 1 : y.dim(at_y);
    if (dim_x == 1 && dim_y != 1) {
      axes.x.push_back(i);
    } else if (dim_y == 1 && dim_x != 1) {
      axes.y.push_back(i);
    } else if (dim_x < 0 || dim_y < 0) {
      return ReductionAxes();
    }
  }
  axes.known = true;
  return axes;
}

Output SumOver(Graph& graph, Output value, const Axes& axes) {
  const Output indices = Constant(graph, IntVector(axes), "Sum/reduction_indices");
  return Build("Sum", "Sum", {value, indices}, {{"keep_dims", true}});
}

// Sums what broadcasting has repeated, so that the gradients fit the inputs.
Grads ReduceToInputs(const Context& c, Output grad_x, Output grad_y) {
  const Output x = c.input(0);
  const Output y = c.input(1);
  const Output shape_x = ShapeOf(x);
  const Output shape_y = ShapeOf(y);
  const ReductionAxes axes = InferAxes(x.shape(), y.shape());
  if (!axes.known) {
    Operation* args =
        Build(c.graph, "BroadcastGradientArgs", "BroadcastGradientArgs", {shape_x, shape_y});
    const AttrMap keep = {{"keep_dims", true}};
    const Output sum_x = Build("Sum", "Sum", {grad_x, args->output(0)}, keep);
    const Output fit_x = Reshape(sum_x, shape_x);
    const Output sum_y = Build("Sum", "Sum", {grad_y, args->output(1)}, keep);
    return {fit_x, Reshape(sum_y, shape_y)};
  }
  if (!axes.x.empty() || x.shape().rank() < y.shape().rank()) {
    grad_x = Reshape(SumOver(c.graph, grad_x, axes.x), shape_x);
  }
  if (!axes.y.empty() || y.shape().rank() < x.shape().rank()) {
    grad_y = Reshape(SumOver(c.graph, grad_y, axes.y), shape_y);
  }
  return {grad_x, grad_y};
}

Grads AddGrad(const Context& c) {
  if (AllEqualAndKnown({c.input(0), c.input(1), c.grad()})) return {c.grad(), c.grad()};
  return ReduceToInputs(c, c.grad(), c.grad());
}

Grads SubGrad(const Context& c) {
  const Output negative = Neg(c.grad());
  if (AllEqualAndKnown({c.input(0), c.input(1), c.grad()})) return {c.grad(), negative};
  return ReduceToInputs(c, c.grad(), negative);
}

Grads MulGrad(const Context& c) {
  const Output grad_x = Mul(c.grad(), c.input(1), "Mul");
  if (AllEqualAndKnown({c.input(0), c.input(1), c.grad()})) {
    return {grad_x, Mul(c.grad(), c.input(0), "Mul")};
  }
  const Output grad_y = Mul(c.input(0), c.grad(), "Mul");
  return ReduceToInputs(c, grad_x, grad_y);
}

Grads RealDivGrad(const Context& c) {
  const Output y = c.input(1);
  const Output grad_x = RealDiv(c.grad(), y, "RealDiv");
  const Output negative = Neg(c.input(0));
  const Output once = RealDiv(negative, y, "RealDiv");
  const Output twice = RealDiv(once, y, "RealDiv");
  return ReduceToInputs(c, grad_x, Mul(c.grad(), twice));
}

// ---- one input ----

Grads IdentityGrad(const Context& c) { return {c.grad()}; }
Grads NegGrad(const Context& c) { return {Neg(c.grad())}; }
Grads NoGrad(const Context&) { return {Output()}; }

Grads SquareGrad(const Context& c) {
  // 2x is not needed before its gradient has arrived.
  const ControlScope after(c.graph, {c.grad().op});
  Tensor two(BaseType(c.input(0).dtype()), TensorShape());
  switch (two.dtype()) {
    case DataType::kFloat:
      two = Tensor::Scalar(2.0F);
      break;
    case DataType::kDouble:
      two = Tensor::Scalar(2.0);
      break;
    default:
      Unsupported(c, "the type must be float or double");
  }
  const Output doubled = Mul(c.input(0), Constant(c.graph, two), "Mul");
  return {Mul(c.grad(), doubled, "Mul")};
}

Grads CastGrad(const Context& c) {
  const DataType source = BaseType(c.input(0).dtype());
  if (!IsFloating(source) || !IsFloating(c.grad().dtype())) return {Output()};
  return {Cast(c.grad(), source)};
}

Grads ReshapeGrad(const Context& c) { return {Reshape(c.grad(), ShapeOf(c.input(0))), Output()}; }
Grads SqueezeGrad(const Context& c) { return {Reshape(c.grad(), ShapeOf(c.input(0)))}; }

// ---- reductions ----

// The reduced dimensions in rising order.
Axes ReducedAxes(const Context& c) {
  const auto value = ConstantValue(c.input(1));
  const PartialShape& shape = c.input(0).shape();
  if (!value || !shape.known_rank()) Unsupported(c, "rank and axes must be known");
  Axes axes;
  for (std::int64_t i = 0; i < value->NumElements(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t axis = value->dtype() == DataType::kInt32 ? value->flat<std::int32_t>()[at]
                                                                 : value->flat<std::int64_t>()[at];
    axes.push_back(axis < 0 ? axis + shape.rank() : axis);
  }
  std::ranges::sort(axes);
  return axes;
}

Output SumInputGrad(const Context& c) {
  const Axes axes = ReducedAxes(c);
  const PartialShape& shape = c.input(0).shape();
  const bool all = static_cast<int>(axes.size()) == shape.rank();
  if (!all && !shape.fully_defined()) Unsupported(c, "the input's shape must be known");
  Axes kept = shape.dims();
  Axes times(kept.size(), 1);
  for (const std::int64_t axis : axes) {
    std::swap(kept[static_cast<std::size_t>(axis)], times[static_cast<std::size_t>(axis)]);
  }
  const Output kept_shape = Constant(c.graph, IntVector(kept), "Reshape/shape");
  const Output spread = Reshape(c.grad(), kept_shape);
  Output multiples;
  if (!shape.fully_defined()) {
    multiples = ShapeOf(c.input(0));
  } else {
    multiples = Constant(c.graph, IntVector(times), all ? "Const" : "Tile/multiples");
  }
  return Build("Tile", "Tile", {spread, multiples});
}

Grads SumGrad(const Context& c) { return {SumInputGrad(c), Output()}; }

// How many elements went into one of the result, in the type of the gradient.
Output MeanFactor(const Context& c, DataType dtype) {
  const auto input = c.input(0).shape().AsShape();
  const auto output = c.op->output_shape(0).AsShape();
  if (!input || !output) {
    if (static_cast<int>(ReducedAxes(c).size()) != c.input(0).shape().rank()) {
      Unsupported(c, "the input's shape must be known");
    }
    return Cast(Build("Size", "Size", {c.input(0)}), dtype);
  }
  const std::int64_t factor =
      input->NumElements() / std::max<std::int64_t>(output->NumElements(), 1);
  switch (dtype) {
    case DataType::kFloat:
      return Constant(c.graph, Tensor::Scalar(static_cast<float>(factor)));
    case DataType::kDouble:
      return Constant(c.graph, Tensor::Scalar(static_cast<double>(factor)));
    default:
      Unsupported(c, "the type must be float or double");
  }
}

Grads MeanGrad(const Context& c) {
  const Output sum = SumInputGrad(c);
  return {RealDiv(sum, MeanFactor(c, sum.dtype())), Output()};
}

// ---- several inputs ----

Grads AddNGrad(const Context& c) { return Grads(c.op->inputs().size(), c.grad()); }

Grads BiasAddGradient(const Context& c) {
  const Output bias = Build("BiasAddGrad", "BiasAddGrad", {c.grad()},
                            {{"data_format", c.op->attr<std::string>("data_format")}});
  return {c.grad(), bias};
}

Grads MatMulGrad(const Context& c) {
  const Output a = c.input(0);
  const Output b = c.input(1);
  const Output grad = c.grad();
  const bool flip_a = c.op->attr<bool>("transpose_a");
  const bool flip_b = c.op->attr<bool>("transpose_b");
  const Output grad_a = flip_a ? MatMul(b, grad, flip_b, true) : MatMul(grad, b, false, !flip_b);
  const Output grad_b = flip_b ? MatMul(grad, a, true, flip_a) : MatMul(a, grad, !flip_a, false);
  return {grad_a, grad_b};
}

struct Entry {
  std::string_view type;
  GradientFunction function;
};

constexpr Entry kGradients[] = {
    {"Add", AddGrad},
    {"AddN", AddNGrad},
    {"AddV2", AddGrad},
    {"BiasAdd", BiasAddGradient},
    {"Cast", CastGrad},
    {"ExpandDims", ReshapeGrad},
    {"Identity", IdentityGrad},
    {"MatMul", MatMulGrad},
    {"Mean", MeanGrad},
    {"Mul", MulGrad},
    {"Neg", NegGrad},
    {"RealDiv", RealDivGrad},
    {"ReadVariableOp", IdentityGrad},
    {"Reshape", ReshapeGrad},
    {"Square", SquareGrad},
    {"Squeeze", SqueezeGrad},
    {"StopGradient", NoGrad},
    {"Sub", SubGrad},
    {"Sum", SumGrad},
    {"ZerosLike", NoGrad},
};

}  // namespace

GradientFunction FindGradient(std::string_view type) {
  const auto* found = std::ranges::find(kGradients, type, &Entry::type);
  return found == std::end(kGradients) ? nullptr : found->function;
}

}  // namespace faultline::internal
