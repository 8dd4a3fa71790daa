#pragma once

#include <string>

#include "core/env/env.h"

namespace faultline::testing {

// What every FileSystem promises without a power failure. `directory` exists and is empty; what is
// made stays below it. Call it in a fiber of `env`.
void FileSystemConformance(Env& env, const std::string& directory);

}  // namespace faultline::testing
