#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/status.h"
#include "core/env/observer.h"

namespace faultline::internal {

// Shorthands for the fields of this folder's announcements. The views live as long as what they are
// made from.
inline Field IdField(std::string_view name, std::uint64_t id) {
  return {name, static_cast<std::int64_t>(id)};
}
inline Field FlagField(std::string_view name, bool value) {
  return {name, static_cast<std::int64_t>(value ? 1 : 0)};
}
inline Field CodeField(const Status& status) { return {"code", CodeName(status.code())}; }
inline Field MessageField(const Status& status) {
  return {"message", std::string_view(status.message())};
}

}  // namespace faultline::internal
