#pragma once

#include <vector>

#include "core/base/status.h"
#include "core/graph/attr_value.h"
#include "core/graph/graph.h"
#include "core/graph/op_def.h"

namespace faultline {

// What a node has beside what its maker said.
struct ResolvedNode {
  AttrMap attrs;
  std::vector<DataType> output_types;
  std::vector<PartialShape> output_shapes;
};

// Checks inputs and attributes against the definition of the op, infers what follows from the
// inputs, fills in defaults, and finds types and static shapes of the outputs. ValueError for
// attributes and the number of inputs, TypeError for types, INVALID_ARGUMENT for shapes; messages
// name neither node nor op.
Status ResolveNode(const OpDef& def, const std::vector<Output>& inputs, AttrMap attrs,
                   ResolvedNode* node);

// Whether an attribute's value has this kind.
bool HasKind(const AttrValue& value, AttrKind kind);
// The default, which must exist.
AttrValue DefaultOf(const AttrDef& attr);

}  // namespace faultline
