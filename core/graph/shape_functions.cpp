#include "core/graph/shape_functions.h"

#include <algorithm>

#include "core/base/result.h"
#include "core/graph/constant_value.h"

namespace faultline {
namespace {

Status Invalid(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

Status Differ(std::string_view what, const PartialShape& a, const PartialShape& b) {
  return Invalid(std::string(what) + ": shapes " + a.ToString() + " and " + b.ToString());
}

// The broadcast of two dimensions (-1: unknown), or -2 if there is none.
std::int64_t BroadcastDim(std::int64_t a, std::int64_t b) {
  if (a == 1) return b;
  if (b == 1 || a == b) return a;
  if (a < 0) return b;
  if (b < 0) return a;
  return -2;
}

Status Broadcast(const PartialShape& a, const PartialShape& b, PartialShape* result) {
  *result = PartialShape();
  if (!a.known_rank() || !b.known_rank()) return Status();
  const int rank = std::max(a.rank(), b.rank());
  std::vector<std::int64_t> dims;
  for (int i = 0; i < rank; ++i) {
    const int at_a = i - (rank - a.rank());
    const int at_b = i - (rank - b.rank());
    const std::int64_t dim = BroadcastDim(at_a < 0 ? 1 : a.dim(at_a), at_b < 0 ? 1 : b.dim(at_b));
    if (dim == -2) return Differ("Dimensions must be equal for broadcasting", a, b);
    dims.push_back(dim);
  }
  *result = PartialShape(std::move(dims));
  return Status();
}

}  // namespace

std::optional<Tensor> ShapeContext::value(int i) const { return ConstantValue(tensor(i)); }

std::optional<std::int64_t> ShapeContext::integer(int i) const {
  const auto found = value(i);
  if (!found || found->NumElements() != 1) return std::nullopt;
  switch (found->dtype()) {
    case DataType::kInt32:
      return found->scalar<std::int32_t>();
    case DataType::kInt64:
      return found->scalar<std::int64_t>();
    default:
      return std::nullopt;
  }
}

Status ShapeContext::RequireRank(int i, int rank) const {
  if (!input(i).known_rank() || input(i).rank() == rank) return Status();
  return Invalid("Shape must be rank " + std::to_string(rank) + " but input " + std::to_string(i) +
                 " has shape " + input(i).ToString());
}

bool MergeShapes(const PartialShape& a, const PartialShape& b, PartialShape* merged) {
  if (!a.Compatible(b)) return false;
  if (!a.known_rank() || !b.known_rank()) {
    *merged = a.known_rank() ? a : b;
    return true;
  }
  std::vector<std::int64_t> dims = a.dims();
  for (std::size_t i = 0; i < dims.size(); ++i) dims[i] = std::max(dims[i], b.dims()[i]);
  *merged = PartialShape(std::move(dims));
  return true;
}

namespace internal {

Status NoShape(ShapeContext&) { return Status(); }

Status ScalarShape(ShapeContext& c) {
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, TensorShape());
  return Status();
}

Status ScalarsToScalarShape(ShapeContext& c) {
  for (int i = 0; i < c.num_inputs(); ++i) FL_RETURN_IF_ERROR(c.RequireRank(i, 0));
  return ScalarShape(c);
}

Status SameShape(ShapeContext& c) {
  c.set_output(0, c.input(0));
  return Status();
}

Status AllSameShape(ShapeContext& c) {
  PartialShape shape = c.input(0);
  for (int i = 1; i < c.num_inputs(); ++i) {
    const PartialShape before = shape;
    if (!MergeShapes(before, c.input(i), &shape)) {
      return Differ("All inputs must have one shape", before, c.input(i));
    }
  }
  c.set_output(0, shape);
  return Status();
}

Status ShapeAttrShape(ShapeContext& c) {
  c.set_output(0, c.attr<PartialShape>("shape"));
  return Status();
}

Status BroadcastShape(ShapeContext& c) {
  PartialShape shape;
  FL_RETURN_IF_ERROR(Broadcast(c.input(0), c.input(1), &shape));
  c.set_output(0, std::move(shape));
  return Status();
}

Status UnknownVectorsShape(ShapeContext& c) {
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, PartialShape({-1}));
  return Status();
}

// ---- mathematics ----

Status SelectShape(ShapeContext& c) {
  PartialShape shape;
  if (!MergeShapes(c.input(1), c.input(2), &shape)) {
    return Differ("Both branches must have one shape", c.input(1), c.input(2));
  }
  c.set_output(0, shape);
  return Status();
}

Status SelectV2Shape(ShapeContext& c) {
  PartialShape branches;
  PartialShape shape;
  FL_RETURN_IF_ERROR(Broadcast(c.input(1), c.input(2), &branches));
  FL_RETURN_IF_ERROR(Broadcast(c.input(0), branches, &shape));
  c.set_output(0, std::move(shape));
  return Status();
}

Status ReductionShape(ShapeContext& c) {
  const PartialShape& input = c.input(0);
  const bool keep = c.attr<bool>("keep_dims");
  const auto axes = c.value(1);
  if (!input.known_rank()) return Status();
  if (!axes) {
    if (keep) {
      c.set_output(0, PartialShape(std::vector<std::int64_t>(input.dims().size(), -1)));
    }
    return Status();
  }
  std::vector<bool> reduced(input.dims().size(), false);
  for (std::int64_t i = 0; i < axes->NumElements(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t axis = axes->dtype() == DataType::kInt32 ? axes->flat<std::int32_t>()[at]
                                                                : axes->flat<std::int64_t>()[at];
    if (axis < -input.rank() || axis >= input.rank()) {
      return Invalid("Invalid reduction dimension " + std::to_string(axis) +
                     " for input of shape " + input.ToString());
    }
    reduced[static_cast<std::size_t>(axis < 0 ? axis + input.rank() : axis)] = true;
  }
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < reduced.size(); ++i) {
    if (!reduced[i]) dims.push_back(input.dims()[i]);
    if (reduced[i] && keep) dims.push_back(1);
  }
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

Status MatMulShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(0, 2));
  FL_RETURN_IF_ERROR(c.RequireRank(1, 2));
  const PartialShape any({-1, -1});
  const PartialShape& a = c.input(0).known_rank() ? c.input(0) : any;
  const PartialShape& b = c.input(1).known_rank() ? c.input(1) : any;
  const int inner_a = c.attr<bool>("transpose_a") ? 0 : 1;
  const int inner_b = c.attr<bool>("transpose_b") ? 1 : 0;
  if (a.dim(inner_a) >= 0 && b.dim(inner_b) >= 0 && a.dim(inner_a) != b.dim(inner_b)) {
    return Invalid("Dimensions must be equal, but are " + std::to_string(a.dim(inner_a)) + " and " +
                   std::to_string(b.dim(inner_b)) + ": shapes " + a.ToString() + " and " +
                   b.ToString());
  }
  c.set_output(0, PartialShape({a.dim(1 - inner_a), b.dim(1 - inner_b)}));
  return Status();
}

Status BiasAddShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(1, 1));
  const PartialShape& value = c.input(0);
  const PartialShape& bias = c.input(1);
  c.set_output(0, value);
  if (!value.known_rank()) return Status();
  if (value.rank() < 2) {
    return Invalid("Shape must be at least rank 2 but is " + value.ToString());
  }
  const int channel = c.attr<std::string>("data_format") == "NHWC" ? value.rank() - 1 : 1;
  if (!bias.known_rank()) return Status();
  const std::int64_t dim = BroadcastDim(value.dim(channel), bias.dim(0));
  if (value.dim(channel) >= 0 && bias.dim(0) >= 0 && value.dim(channel) != bias.dim(0)) {
    return Differ("The bias must fit the channels", value, bias);
  }
  std::vector<std::int64_t> dims = value.dims();
  dims[static_cast<std::size_t>(channel)] = dim;
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

Status BiasAddGradShape(ShapeContext& c) {
  const PartialShape& value = c.input(0);
  if (!value.known_rank()) {
    c.set_output(0, PartialShape({-1}));
    return Status();
  }
  if (value.rank() < 2) {
    return Invalid("Shape must be at least rank 2 but is " + value.ToString());
  }
  const int channel = c.attr<std::string>("data_format") == "NHWC" ? value.rank() - 1 : 1;
  c.set_output(0, PartialShape({value.dim(channel)}));
  return Status();
}

// ---- state and control ----

Status SameAsFirstShape(ShapeContext& c) {
  PartialShape shape;
  if (!MergeShapes(c.input(0), c.input(1), &shape)) {
    return Differ("The value must have the variable's shape", c.input(0), c.input(1));
  }
  c.set_output(0, shape);
  return Status();
}

Status SwitchShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(1, 0));
  for (int i = 0; i < 2; ++i) c.set_output(i, c.input(0));
  return Status();
}

Status MergeShape(ShapeContext& c) {
  c.set_output(1, TensorShape());
  PartialShape shape = c.input(0);
  for (int i = 1; i < c.num_inputs(); ++i) {
    const PartialShape& other = c.input(i);
    if (!shape.known_rank() || !other.known_rank() || shape.rank() != other.rank()) {
      return Status();
    }
    std::vector<std::int64_t> dims = shape.dims();
    for (std::size_t d = 0; d < dims.size(); ++d) {
      if (dims[d] != other.dims()[d]) dims[d] = -1;
    }
    shape = PartialShape(std::move(dims));
  }
  c.set_output(0, shape);
  return Status();
}

Status AssignShape(ShapeContext& c) {
  if (c.attr<bool>("validate_shape")) return SameAsFirstShape(c);
  c.set_output(0, c.input(1));
  return Status();
}

Status CountUpToShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(0, 0));
  return ScalarShape(c);
}

Status ApplyGradientDescentShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(1, 0));
  PartialShape shape;
  if (!MergeShapes(c.input(0), c.input(2), &shape)) {
    return Differ("The gradient must have the variable's shape", c.input(0), c.input(2));
  }
  c.set_output(0, shape);
  return Status();
}

// Checks the type under which an op knows its variable, and gives the variable's shape; an unknown
// one if the graph does not show which variable it is.
Status ShapeOfVariable(Output handle, DataType dtype, PartialShape* shape) {
  const Operation* op = handle.op;
  while (op->type() == "Identity" || op->type() == "Switch") op = op->inputs()[0].op;
  if (op->type() != "VarHandleOp") return Status();
  const auto& held = op->attr<DataType>("dtype");
  if (held != dtype) {
    return Invalid("The variable " + op->name() + " is of type " + DataTypeName(held) + ", not " +
                   DataTypeName(dtype));
  }
  *shape = op->attr<PartialShape>("shape");
  return Status();
}

Status ReadVariableShape(ShapeContext& c) {
  PartialShape shape;
  FL_RETURN_IF_ERROR(ShapeOfVariable(c.tensor(0), c.attr<DataType>("dtype"), &shape));
  c.set_output(0, std::move(shape));
  return Status();
}

Status AssignVariableShape(ShapeContext& c) {
  PartialShape shape;
  FL_RETURN_IF_ERROR(ShapeOfVariable(c.tensor(0), c.attr<DataType>("dtype"), &shape));
  PartialShape merged;
  if (MergeShapes(shape, c.input(1), &merged)) return Status();
  return Differ("The value must have the variable's shape", shape, c.input(1));
}

Status ResourceGradientDescentShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(1, 0));
  PartialShape shape;
  FL_RETURN_IF_ERROR(ShapeOfVariable(c.tensor(0), c.attr<DataType>("T"), &shape));
  PartialShape merged;
  if (MergeShapes(shape, c.input(2), &merged)) return Status();
  return Differ("The gradient must have the variable's shape", shape, c.input(2));
}

Status QueueDequeueShape(ShapeContext& c) {
  const Operation& queue = *c.tensor(0).op;
  if (!queue.has_attr("shapes")) return Status();
  const auto& shapes = queue.attr<std::vector<PartialShape>>("shapes");
  for (int i = 0; i < c.num_outputs() && i < static_cast<int>(shapes.size()); ++i) {
    c.set_output(i, shapes[static_cast<std::size_t>(i)]);
  }
  return Status();
}

Status SaveShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(0, 0));
  for (int i = 1; i <= 2; ++i) {
    FL_RETURN_IF_ERROR(c.RequireRank(i, 1));
    const PartialShape count({c.num_inputs() - 3});
    if (!c.input(i).Compatible(count)) {
      return Differ("One name and one slice for each tensor", c.input(i), count);
    }
  }
  return Status();
}

Status RestoreShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(0, 0));
  for (int i = 1; i <= 2; ++i) {
    FL_RETURN_IF_ERROR(c.RequireRank(i, 1));
    const PartialShape count({c.num_outputs()});
    if (!c.input(i).Compatible(count)) {
      return Differ("One name and one slice for each tensor", c.input(i), count);
    }
  }
  return Status();
}

Status MergeCheckpointsShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(0, 1));
  return c.RequireRank(1, 0);
}

}  // namespace internal
}  // namespace faultline
