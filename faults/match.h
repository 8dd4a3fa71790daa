#pragma once

#include <span>
#include <string_view>

#include "faults/fault_plan.pb.h"
#include "sim/interposer.h"

namespace faultline::faults {

// Whether `text` matches the pattern: '*' stands for any text, '/' included, '?' for one character.
bool GlobMatches(std::string_view pattern, std::string_view text);
// Whether this file call is one that the fault means, by its file_call and path.
bool FileCallMatches(const v1::Fault& fault, const sim::FileCall& call);
// Whether this announcement is one that the trigger means.
bool PointMatches(const v1::AtPoint& at, Point point, std::span<const Field> fields);
// Whether a call of `kind` is one that a fault on `wanted` means: RUN stands for every run.
bool CallMatches(v1::CallKind wanted, v1::CallKind kind);

}  // namespace faultline::faults
