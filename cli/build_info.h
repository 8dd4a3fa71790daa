#pragma once

#include <string>

namespace faultline::cli {

// "0.1.0 a1b2c3d4e5 release": version, commit and preset, recorded in replay files and reports.
std::string BuildIdentity();

}  // namespace faultline::cli
