#include "core/checkpoint/path_match.h"

#include <cstddef>

namespace faultline {
namespace {

// One element of a pattern that stands for one character.
struct Element {
  bool matches = false;
  std::size_t length = 1;  // of the pattern's text
};

Element MatchSet(std::string_view pattern, char c) {
  const bool negated = pattern.size() > 1 && (pattern[1] == '!' || pattern[1] == '^');
  std::size_t i = negated ? 2 : 1;
  bool found = false;
  for (bool first = true; i < pattern.size() && (first || pattern[i] != ']'); first = false) {
    const auto low = static_cast<unsigned char>(pattern[i]);
    auto high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      high = static_cast<unsigned char>(pattern[i + 2]);
      i += 2;
    }
    const auto wanted = static_cast<unsigned char>(c);
    found = found || (low <= wanted && wanted <= high);
    ++i;
  }
  if (i >= pattern.size()) return {c == '[', 1};  // never closed: a literal
  return {found != negated, i + 1};
}

Element MatchElement(std::string_view pattern, char c) {
  switch (pattern.front()) {
    case '?':
      return {true, 1};
    case '[':
      return MatchSet(pattern, c);
    case '\\':
      if (pattern.size() == 1) return {false, 1};
      return {pattern[1] == c, 2};
    default:
      return {pattern.front() == c, 1};
  }
}

std::vector<std::string_view> Components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") {
      const bool up = part == ".." && !parts.empty() && parts.back() != "..";
      if (up) {
        parts.pop_back();
      } else {
        parts.push_back(part);
      }
    }
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

}  // namespace

bool NameMatches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_n = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_n = n;
      continue;
    }
    if (p < pattern.size()) {
      const Element element = MatchElement(pattern.substr(p), name[n]);
      if (element.matches) {
        p += element.length;
        ++n;
        continue;
      }
    }
    if (star == std::string_view::npos) return false;
    p = star + 1;
    n = ++star_n;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::vector<std::string>> MatchingPaths(FileSystem& files, const std::string& pattern) {
  const std::string fixed = DirectoryOf(pattern.substr(0, pattern.find_first_of("*?[\\")));
  std::string_view rest = pattern;
  rest.remove_prefix(fixed.size());
  std::vector<std::string> found = {fixed};
  for (bool first = true; !rest.empty(); first = false) {
    while (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size());
    std::vector<std::string> next;
    for (const std::string& directory : found) {
      const Result<std::vector<std::string>> names =
          files.List(directory.empty() ? "." : directory);
      const bool missing = names.status().code() == Code::kNotFound;
      if (!names.ok() && first && !missing) return names.status();
      if (!names.ok()) continue;
      for (const std::string& name : *names) {
        if (NameMatches(part, name)) next.push_back(JoinPath(directory, name));
      }
    }
    found = std::move(next);
  }
  return found;
}

std::string RelativePath(std::string_view path, std::string_view start) {
  if (path.starts_with('/') != start.starts_with('/')) return std::string(path);
  const auto to = Components(path);
  const auto from = Components(start);
  std::size_t common = 0;
  while (common < to.size() && common < from.size() && to[common] == from[common]) ++common;
  std::string result;
  for (std::size_t i = common; i < from.size(); ++i) result = JoinPath(result, "..");
  for (std::size_t i = common; i < to.size(); ++i) result = JoinPath(result, to[i]);
  return result.empty() ? "." : result;
}

}  // namespace faultline
