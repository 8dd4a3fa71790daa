#include "core/exec/fetch.h"

namespace faultline {

const Fetched& Fetched::operator[](std::string_view key) const {
  for (const auto& [name, value] : map()) {
    if (name == key) return value;
  }
  FL_ASSERT(false, "nothing was fetched as {}", key);
}

bool FeedDict::Contains(Output key) const {
  for (const auto& [output, value] : items_) {
    if (output == key) return true;
  }
  return false;
}

bool FeedDict::Contains(std::string_view name) const {
  for (const auto& [key, value] : named_) {
    if (key == name) return true;
  }
  return false;
}

}  // namespace faultline
