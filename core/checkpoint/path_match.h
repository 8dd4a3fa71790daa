#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/env/file_system.h"

namespace faultline {

// Whether a shell-style pattern (`*`, `?`, `[a-c]`, `[!x]`, `\` before a literal) fits a name
// without
// '/' (CK-1803).
bool NameMatches(std::string_view pattern, std::string_view name);

// Existing paths that fit a pattern, in order of their names; none in a missing directory. Another
// error of listing a directory counts if the pattern fixes it, else it is passed over. May suspend.
Result<std::vector<std::string>> MatchingPaths(FileSystem& files, const std::string& pattern);

// `path` seen from the directory `start`, by names alone; unchanged if only one of them is
// absolute.
std::string RelativePath(std::string_view path, std::string_view start);

}  // namespace faultline
