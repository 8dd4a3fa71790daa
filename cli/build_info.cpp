#include "cli/build_info.h"

#include <fmt/format.h>

#include "cli/build_info_generated.h"

namespace faultline::cli {

std::string BuildIdentity() {
  return fmt::format("{} {} {}", FL_VERSION, FL_BUILD_COMMIT, FL_BUILD_PRESET);
}

}  // namespace faultline::cli
