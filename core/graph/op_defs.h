#pragma once

#include <span>

#include "core/graph/op_def.h"

// The tables of op definitions, by family.
namespace faultline::internal {

std::span<const OpDef> ArrayOpDefs();
std::span<const OpDef> MathOpDefs();
std::span<const OpDef> StateOpDefs();

}  // namespace faultline::internal
