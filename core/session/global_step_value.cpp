#include "core/session/global_step_value.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace faultline {

std::int64_t internal::IntegerOf(const Tensor& value) {
  const bool integer = value.dtype() == DataType::kInt32 || value.dtype() == DataType::kInt64;
  if (!integer || value.shape().rank() != 0) {
    throw TypeError(fmt::format("the global step is no integer scalar but {} {}",
                                DataTypeName(value.dtype()), value.shape().ToString()));
  }
  return value.dtype() == DataType::kInt32 ? value.scalar<std::int32_t>()
                                           : value.scalar<std::int64_t>();
}

std::int64_t GlobalStep(Session& session, Output global_step) {
  return internal::IntegerOf(session.Run(global_step).tensor());
}

std::int64_t GlobalStep(Session& session, const Variable& global_step) {
  return internal::IntegerOf(session.Run(global_step).tensor());
}

}  // namespace faultline
