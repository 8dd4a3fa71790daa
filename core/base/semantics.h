#pragma once

#include <span>
#include <string_view>

namespace faultline {

// Which behaviour a process shows: TensorFlow's, or a correct system's, switch by switch (DESIGN
// 1). Passed down by value; nothing reads it from a global. One row of deviations.def makes one
// field.
struct Semantics {
#define FL_DEVIATION(name, rules, invariants, tf, strict, text) bool name = tf;
#define FL_MUTANT(name, invariants, text) bool mutant_##name = false;
#include "core/base/deviations.def"
#undef FL_DEVIATION
#undef FL_MUTANT

  static Semantics Tf() { return Semantics(); }
  static Semantics Strict();
};

// One row of the table, for documentation, `faultline list switches` and scenario files.
struct Deviation {
  std::string_view name;
  std::string_view rules;  // empty for a mutant
  std::string_view invariants;
  bool tf;
  bool strict;
  bool mutant;
  std::string_view text;
  bool Semantics::*field;
};

// All rows, deviations first. Mutants are listed only in builds that contain them.
std::span<const Deviation> Deviations();
// The row of that name, or null.
const Deviation* FindDeviation(std::string_view name);
// Whether this build contains planted defects.
bool HasMutants();

}  // namespace faultline
