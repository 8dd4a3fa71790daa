#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace faultline::testing {

// One line of the sources that breaks a rule of CONTRIBUTING.md.
struct RuleFinding {
  std::string rule;  // "include", "own_header", "banned", "static", "handler", "size", "unbuilt"
  std::string path;
  int line = 0;
  std::string text;
};

// Comments and literals replaced by spaces, line structure kept: what is left is code.
std::string CodeOnly(std::string_view text);

// Each looks at one file; `path` is relative to the root of the repository and decides what
// applies. Includes against the table of layers.
std::vector<RuleFinding> CheckIncludes(std::string_view path, std::string_view text);
// A source that does not begin with the header of its name: nothing then compiles that alone.
// For sources that have such a header.
std::vector<RuleFinding> CheckOwnHeader(std::string_view path, std::string_view text);
// Names that are banned outside of the file that wraps each, with their replacements.
std::vector<RuleFinding> CheckBannedNames(std::string_view path, std::string_view text);
// Statics that are neither constexpr nor constinit const.
std::vector<RuleFinding> CheckStatics(std::string_view path, std::string_view text);
// Handlers of ours that do more than store and return.
std::vector<RuleFinding> CheckHandlers(std::string_view path, std::string_view text);
// Lines of a file, columns of a line, lines of a function.
std::vector<RuleFinding> CheckSizes(std::string_view path, std::string_view text);

std::vector<RuleFinding> CheckFile(std::string_view path, std::string_view text);

// Sources below `root` that the rules apply to, sorted, relative to it.
std::vector<std::string> ListSources(const std::string& root);
// Test sources that no test program contains.
std::vector<RuleFinding> CheckUnbuilt(const std::vector<std::string>& sources,
                                      const std::vector<std::string>& built);

}  // namespace faultline::testing
