#include "core/graph/op_def.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/graph/op_defs.h"

namespace faultline {
namespace {

std::array<std::span<const OpDef>, 3> Tables() {
  return {internal::ArrayOpDefs(), internal::MathOpDefs(), internal::StateOpDefs()};
}

}  // namespace

std::string_view AttrKindName(AttrKind kind) {
  switch (kind) {
    case AttrKind::kInt:
      return "int";
    case AttrKind::kFloat:
      return "float";
    case AttrKind::kBool:
      return "bool";
    case AttrKind::kString:
      return "string";
    case AttrKind::kType:
      return "type";
    case AttrKind::kShape:
      return "shape";
    case AttrKind::kTensor:
      return "tensor";
    case AttrKind::kIntList:
      return "list(int)";
    case AttrKind::kStringList:
      return "list(string)";
    case AttrKind::kTypeList:
      return "list(type)";
    case AttrKind::kShapeList:
      return "list(shape)";
  }
  FL_ASSERT(false, "attribute kind {}", static_cast<int>(kind));
  return "";
}

const OpDef* FindOpDef(std::string_view type) {
  for (const auto table : Tables()) {
    for (const OpDef& def : table) {
      if (def.name == type) return &def;
    }
  }
  return nullptr;
}

std::vector<const OpDef*> AllOpDefs() {
  std::vector<const OpDef*> all;
  for (const auto table : Tables()) {
    for (const OpDef& def : table) all.push_back(&def);
  }
  std::ranges::sort(all, {}, [](const OpDef* def) { return def->name; });
  return all;
}

}  // namespace faultline
