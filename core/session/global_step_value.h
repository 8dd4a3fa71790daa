#pragma once

#include <cstdint>

#include "core/exec/session.h"

namespace faultline {

// GS-5: the value of the global step, by a run of its own. TypeError if what comes is no integer
// scalar; throws what the run throws. A value that is fetched together with a step may be the one
// before or after it; read it again this way before deciding on it (GS-6). Suspends.
std::int64_t GlobalStep(Session& session, Output global_step);
std::int64_t GlobalStep(Session& session, const Variable& global_step);

namespace internal {
// The value of an integer scalar, else TypeError.
std::int64_t IntegerOf(const Tensor& value);
}  // namespace internal

}  // namespace faultline
