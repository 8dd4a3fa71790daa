#include <algorithm>

#include "core/base/result.h"
#include "core/graph/constant_value.h"
#include "core/graph/shape_functions.h"

namespace faultline::internal {
namespace {

Status Invalid(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

Status OutOfRank(std::string_view what, std::int64_t axis, const PartialShape& shape) {
  return Invalid(std::string(what) + " " + std::to_string(axis) + " is out of range for shape " +
                 shape.ToString());
}

// A position that may count from the end; -1 if it is outside of `size`.
std::int64_t Position(std::int64_t axis, std::int64_t size) {
  if (axis < -size || axis >= size) return -1;
  return axis < 0 ? axis + size : axis;
}

PartialShape UnknownOfRank(int rank) {
  return PartialShape(std::vector<std::int64_t>(static_cast<std::size_t>(rank), -1));
}

}  // namespace

Status ConstShape(ShapeContext& c) {
  const Tensor& value = c.attr<Tensor>("value");
  if (value.dtype() != c.attr<DataType>("dtype")) {
    return Invalid("the value is " + DataTypeName(value.dtype()) + ", attribute dtype is " +
                   DataTypeName(c.attr<DataType>("dtype")));
  }
  c.set_output(0, value.shape());
  return Status();
}

Status PlaceholderWithDefaultShape(ShapeContext& c) {
  const PartialShape& shape = c.attr<PartialShape>("shape");
  if (!shape.Compatible(c.input(0))) {
    return Invalid("the default has shape " + c.input(0).ToString() + ", attribute shape is " +
                   shape.ToString());
  }
  c.set_output(0, shape);
  return Status();
}

Status ShapeShape(ShapeContext& c) {
  c.set_output(0, PartialShape({c.input(0).known_rank() ? c.input(0).rank() : -1}));
  return Status();
}

Status ReshapeShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(1, 1));
  PartialShape wanted = ConstantShape(c.tensor(1));
  const auto from = c.input(0).AsShape();
  if (!wanted.known_rank() || !from) {
    c.set_output(0, std::move(wanted));
    return Status();
  }
  std::vector<std::int64_t> dims = wanted.dims();
  std::int64_t known = 1;
  for (const std::int64_t dim : dims) {
    if (dim >= 0 && __builtin_mul_overflow(known, dim, &known)) {
      return Invalid("Cannot reshape to " + wanted.ToString());
    }
  }
  const auto unknown = std::ranges::count(dims, -1);
  const std::int64_t count = from->NumElements();
  const bool fits = unknown == 0 ? known == count : (known == 0 ? count == 0 : count % known == 0);
  if (!fits) {
    return Invalid("Cannot reshape a tensor with " + std::to_string(count) + " elements to shape " +
                   wanted.ToString() + ": shapes " + from->ToString() + " and " +
                   wanted.ToString());
  }
  if (unknown == 1 && known > 0) *std::ranges::find(dims, -1) = count / known;
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

Status ExpandDimsShape(ShapeContext& c) {
  const PartialShape& input = c.input(0);
  if (!input.known_rank()) return Status();
  const auto axis = c.integer(1);
  if (!axis) {
    c.set_output(0, UnknownOfRank(input.rank() + 1));
    return Status();
  }
  const std::int64_t at = Position(*axis, input.rank() + 1);
  if (at < 0) return OutOfRank("Dimension", *axis, input);
  std::vector<std::int64_t> dims = input.dims();
  dims.insert(dims.begin() + at, 1);
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

Status SqueezeShape(ShapeContext& c) {
  const PartialShape& input = c.input(0);
  const auto& wanted = c.attr<std::vector<std::int64_t>>("squeeze_dims");
  if (!input.known_rank()) return Status();
  std::vector<bool> drop(input.dims().size(), false);
  for (const std::int64_t axis : wanted) {
    const std::int64_t at = Position(axis, input.rank());
    if (at < 0) return OutOfRank("Dimension", axis, input);
    if (input.dim(static_cast<int>(at)) > 1) {
      return Invalid("Can not squeeze dimension " + std::to_string(axis) + " of shape " +
                     input.ToString());
    }
    drop[static_cast<std::size_t>(at)] = true;
  }
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < drop.size(); ++i) {
    const std::int64_t dim = input.dims()[i];
    if (wanted.empty() && dim < 0) return Status();
    if (!drop[i] && !(wanted.empty() && dim == 1)) dims.push_back(dim);
  }
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

Status PackShape(ShapeContext& c) {
  PartialShape part = c.input(0);
  for (int i = 1; i < c.num_inputs(); ++i) {
    const PartialShape before = part;
    if (!MergeShapes(before, c.input(i), &part)) {
      return Invalid("Shapes must be equal: " + before.ToString() + " and " +
                     c.input(i).ToString());
    }
  }
  if (!part.known_rank()) return Status();
  const std::int64_t at = Position(c.attr<std::int64_t>("axis"), part.rank() + 1);
  if (at < 0) return OutOfRank("axis", c.attr<std::int64_t>("axis"), part);
  std::vector<std::int64_t> dims = part.dims();
  dims.insert(dims.begin() + at, c.num_inputs());
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

Status ConcatShape(ShapeContext& c) {
  const int parts = c.num_inputs() - 1;
  FL_RETURN_IF_ERROR(c.RequireRank(parts, 0));
  const auto axis = c.integer(parts);
  std::vector<std::int64_t> dims;
  for (int i = 0; i < parts; ++i) {
    const PartialShape& part = c.input(i);
    if (!part.known_rank()) return Status();
    if (i == 0) dims = part.dims();
    if (part.dims().size() != dims.size()) {
      return Invalid("Ranks must be equal: " + c.input(0).ToString() + " and " + part.ToString());
    }
    if (!axis) continue;
    const std::int64_t at = Position(*axis, part.rank());
    if (at < 0) return OutOfRank("axis", *axis, part);
    for (int d = 0; d < part.rank() && i > 0; ++d) {
      std::int64_t& dim = dims[static_cast<std::size_t>(d)];
      if (d == at) {
        const bool known = dim >= 0 && part.dim(d) >= 0;
        if (!known || __builtin_add_overflow(dim, part.dim(d), &dim)) dim = -1;
      } else if (dim >= 0 && part.dim(d) >= 0 && dim != part.dim(d)) {
        return Invalid("Dimension " + std::to_string(d) + " must be equal: shapes " +
                       c.input(0).ToString() + " and " + part.ToString());
      } else {
        dim = std::max(dim, part.dim(d));
      }
    }
  }
  c.set_output(0,
               axis ? PartialShape(std::move(dims)) : UnknownOfRank(static_cast<int>(dims.size())));
  return Status();
}

Status GatherShape(ShapeContext& c) {
  const PartialShape& params = c.input(0);
  const PartialShape& indices = c.input(1);
  if (params.known_rank() && params.rank() < 1) {
    return Invalid("Shape must be at least rank 1 but is " + params.ToString());
  }
  if (!params.known_rank() || !indices.known_rank()) return Status();
  std::vector<std::int64_t> dims = indices.dims();
  dims.insert(dims.end(), params.dims().begin() + 1, params.dims().end());
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

Status GatherV2Shape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(2, 0));
  const PartialShape& params = c.input(0);
  const PartialShape& indices = c.input(1);
  const auto axis = c.integer(2);
  if (!params.known_rank() || !indices.known_rank() || !axis) return Status();
  if (c.attr<std::int64_t>("batch_dims") != 0) return Status();
  const std::int64_t at = Position(*axis, params.rank());
  if (at < 0) return OutOfRank("axis", *axis, params);
  std::vector<std::int64_t> dims(params.dims().begin(), params.dims().begin() + at);
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  dims.insert(dims.end(), params.dims().begin() + at + 1, params.dims().end());
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

// Slices of a vector, as shapes are sliced; anything else is found when the graph runs.
Status StridedSliceShape(ShapeContext& c) {
  const PartialShape& input = c.input(0);
  for (int i = 1; i <= 3; ++i) FL_RETURN_IF_ERROR(c.RequireRank(i, 1));
  if (!input.known_rank() || input.rank() != 1) return Status();
  if (c.attr<std::int64_t>("new_axis_mask") != 0 || c.attr<std::int64_t>("ellipsis_mask") != 0) {
    return Status();
  }
  if (c.attr<std::int64_t>("shrink_axis_mask") != 0) {
    c.set_output(0, TensorShape());
    return Status();
  }
  const auto begin = c.integer(1);
  const auto end = c.integer(2);
  const auto stride = c.integer(3);
  c.set_output(0, PartialShape({-1}));
  if (!begin || !end || stride != 1 || input.dim(0) < 0) return Status();
  const std::int64_t size = input.dim(0);
  const auto clamp = [size](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const std::int64_t from = c.attr<std::int64_t>("begin_mask") != 0 ? 0 : clamp(*begin);
  const std::int64_t to = c.attr<std::int64_t>("end_mask") != 0 ? size : clamp(*end);
  c.set_output(0, PartialShape({std::max<std::int64_t>(to - from, 0)}));
  return Status();
}

Status WhereShape(ShapeContext& c) {
  c.set_output(0, PartialShape({-1, c.input(0).known_rank() ? c.input(0).rank() : -1}));
  return Status();
}

Status FillShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(0, 1));
  FL_RETURN_IF_ERROR(c.RequireRank(1, 0));
  c.set_output(0, ConstantShape(c.tensor(0)));
  return Status();
}

Status TileShape(ShapeContext& c) {
  FL_RETURN_IF_ERROR(c.RequireRank(1, 1));
  const PartialShape& input = c.input(0);
  const PartialShape multiples = ConstantShape(c.tensor(1));
  if (!input.known_rank() || !multiples.known_rank()) return Status();
  if (input.rank() != multiples.rank()) {
    return Invalid("One multiple for each dimension: shape " + input.ToString() +
                   " and multiples " + multiples.ToString());
  }
  std::vector<std::int64_t> dims = input.dims();
  for (int i = 0; i < input.rank(); ++i) {
    std::int64_t& dim = dims[static_cast<std::size_t>(i)];
    const std::int64_t times = multiples.dim(i);
    if (dim < 0 || times < 0 || __builtin_mul_overflow(dim, times, &dim)) dim = -1;
  }
  c.set_output(0, PartialShape(std::move(dims)));
  return Status();
}

Status RangeShape(ShapeContext& c) {
  for (int i = 0; i < 3; ++i) FL_RETURN_IF_ERROR(c.RequireRank(i, 0));
  c.set_output(0, PartialShape({-1}));
  return Status();
}

Status StringJoinShape(ShapeContext& c) {
  if (c.num_inputs() == 0) {
    c.set_output(0, TensorShape());
    return Status();
  }
  PartialShape shape(std::vector<std::int64_t>{});
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (c.input(i).known_rank() && c.input(i).rank() == 0) continue;
    if (shape == PartialShape(std::vector<std::int64_t>{})) shape = c.input(i);
    const PartialShape before = shape;
    if (!MergeShapes(before, c.input(i), &shape)) {
      return Invalid("Shapes must be equal or scalar: " + before.ToString() + " and " +
                     c.input(i).ToString());
    }
  }
  c.set_output(0, shape);
  return Status();
}

}  // namespace faultline::internal
