#include "core/base/semantics.h"

#include <array>

namespace faultline {
namespace {

constexpr auto kDeviations = std::to_array<Deviation>({
#define FL_DEVIATION(name, rules, invariants, tf, strict, text) \
  {#name, rules, invariants, tf, strict, false, text, &Semantics::name},
#define FL_MUTANT(name, invariants, text) \
  {#name, "", invariants, false, false, true, text, &Semantics::mutant_##name},
#include "core/base/deviations.def"
#undef FL_DEVIATION
#undef FL_MUTANT
});

}  // namespace

Semantics Semantics::Strict() {
  Semantics semantics;
  for (const Deviation& row : kDeviations) semantics.*row.field = row.strict;
  return semantics;
}

std::span<const Deviation> Deviations() { return kDeviations; }

const Deviation* FindDeviation(std::string_view name) {
  for (const Deviation& row : kDeviations) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

bool HasMutants() {
#ifdef FL_MUTANTS
  return true;
#else
  return false;
#endif
}

}  // namespace faultline
