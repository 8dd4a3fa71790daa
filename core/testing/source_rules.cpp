#include "core/testing/source_rules.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

namespace faultline::testing {
namespace {

bool StartsWith(std::string_view text, std::string_view prefix) { return text.starts_with(prefix); }

bool IsTest(std::string_view path) { return path.find("_test.cpp") != std::string_view::npos; }

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

int LineOf(std::string_view text, std::size_t position) {
  return 1 + static_cast<int>(
                 std::count(text.begin(), text.begin() + static_cast<long>(position), '\n'));
}

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// ---- include table ----

struct Layer {
  std::string_view folder;
  std::vector<std::string_view> ours;
  std::vector<std::string_view> libraries;  // beginnings of <...> names
};

constexpr std::array<std::string_view, 8> kCoreOrder = {
    "core/proto", "core/tensor",     "core/summary", "core/graph",
    "core/exec",  "core/checkpoint", "core/cluster", "core/session"};

std::vector<Layer> MakeLayers() {
  std::vector<Layer> layers = {
      {"core/base", {}, {"nmmintrin.h"}},
      {"core/env", {"core/base"}, {}},
      {"core/fiber",
       {"core/base", "core/env"},
       {"boost/fiber", "boost/context", "boost/version.hpp", "sys/", "cxxabi.h", "sanitizer/",
        "unistd.h"}},
      {"core/os",
       {"core/base", "core/env", "core/fiber"},
       {"sys/", "unistd.h", "fcntl.h", "dirent.h", "poll.h", "signal.h", "time.h", "linux/", "fmt/",
        "errno.h"}},
  };
  std::vector<std::string_view> below = {"core/base", "core/env"};
  for (const std::string_view folder : kCoreOrder) {
    below.push_back(folder);
    Layer layer{folder, below, {"fmt/", "google/protobuf/"}};
    if (folder == "core/tensor" || folder == "core/exec") layer.libraries.push_back("Eigen/");
    if (folder == "core/checkpoint") layer.libraries.push_back("leveldb/");
    layers.push_back(std::move(layer));
  }
  layers.push_back(
      {"sim", {"core/base", "core/env", "core/fiber", "sim"}, {"fmt/", "google/protobuf/"}});
  layers.push_back({"faults",
                    {"core/base", "core/env", "core/exec/session.h", "core/exec/session_factory.h",
                     "core/exec/fetch.h", "core/exec/run_options.h", "sim", "faults"},
                    {"fmt/", "google/protobuf/"}});
  layers.push_back(
      {"reports", {"core/base", "reports"}, {"fmt/", "google/protobuf/", "nlohmann/"}});
  layers.push_back({"scenarios",
                    {"core", "sim", "faults", "reports", "scenarios"},
                    {"fmt/", "google/protobuf/", "sys/", "unistd.h"}});
  const std::vector<std::string_view> all = {"core", "sim", "faults", "reports", "scenarios"};
  auto with = [&](std::string_view own) {
    std::vector<std::string_view> result = all;
    result.push_back(own);
    return result;
  };
  layers.push_back({"proptests", with("proptests"), {"rapidcheck", "fmt/", "google/protobuf/"}});
  layers.push_back({"bench",
                    with("bench"),
                    {"benchmark/", "boost/context", "Eigen/", "fmt/", "google/protobuf/", "time.h",
                     "cxxabi.h", "sys/"}});
  layers.push_back({"docs", all, {"unistd.h"}});
  layers.push_back({"cli",
                    {"core", "sim", "faults", "reports", "scenarios", "proptests", "cli"},
                    {"CLI/", "fmt/", "google/protobuf/", "unistd.h", "sys/", "signal.h"}});
  layers.push_back({"core/testing", {"core"}, {"boost/test/", "fmt/", "nlohmann/"}});
  return layers;
}

const Layer* LayerOf(const std::vector<Layer>& layers, std::string_view path) {
  const Layer* best = nullptr;
  for (const Layer& layer : layers) {
    if (StartsWith(path, layer.folder) && path.size() > layer.folder.size() &&
        path[layer.folder.size()] == '/' &&
        (best == nullptr || layer.folder.size() > best->folder.size())) {
      best = &layer;
    }
  }
  return best;
}

bool Allowed(std::string_view name, const std::vector<std::string_view>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return StartsWith(name, prefix); });
}

bool IsStandardHeader(std::string_view name) {
  return name.find('/') == std::string_view::npos && name.find('.') == std::string_view::npos;
}

bool MayInclude(const Layer& layer, std::string_view path, std::string_view name, bool ours) {
  if (!ours) {
    if (IsStandardHeader(name) || Allowed(name, layer.libraries)) return true;
    return IsTest(path) && (StartsWith(name, "boost/test/") || StartsWith(name, "fmt/"));
  }
  if (name == path) return true;
  const std::string own = std::string(layer.folder) + "/";
  if (StartsWith(name, own)) return true;
  if (layer.folder == "core/testing" && StartsWith(name, "core/os/")) {
    return IsTest(path) || path.find("conformance") != std::string_view::npos;
  }
  if (StartsWith(name, "core/testing/")) return IsTest(path) || layer.folder == "proptests";
  if (Allowed(name, layer.ours)) {
    // The table: only what composes may know the worlds behind core/env.
    const bool world = StartsWith(name, "core/os/") || StartsWith(name, "core/fiber/");
    return !world || layer.folder != "core/session";
  }
  return false;
}

// ---- banned names ----

struct Ban {
  std::string_view name;
  std::string_view instead;
  std::vector<std::string_view> wrapped_in;  // beginnings of paths that may use it
};

std::vector<Ban> MakeBans() {
  return {
      {"_clock::now", "Clock of core/env", {"core/os/", "bench/", "scenarios/harness/job_pool"}},
      {"time(", "Clock of core/env", {"core/os/"}},
      {"sleep_for", "SleepFor of core/env", {"core/os/"}},
      {"boost::this_fiber", "Spawner of core/env", {"core/fiber/"}},
      {"boost::fibers::", "Spawner of core/env", {"core/fiber/"}},
      {"std::thread",
       "the job pool of the harness",
       {"scenarios/harness/job_pool", "sim/leaks/", "sim/threads_test"}},
      {"std::mutex", "Mutex of core/env", {"scenarios/harness/job_pool"}},
      {"thread_local", "a member of the object that owns it", {"core/fiber/"}},
      {"std::regex", "hand-written matching: it overflows a fiber's stack", {}},
      {"std::random_device", "Random of core/env", {"sim/leaks/"}},
      {"rand(", "Prng of core/base", {}},
      {"_distribution", "Prng of core/base: sequences differ between libraries", {}},
      {"std::unordered_", "std::map or a vector: iteration order differs", {"sim/leaks/"}},
      {"fopen", "FileSystem of core/env", {"core/os/"}},
      {"std::ofstream", "FileSystem of core/env", {}},
      {"getenv", "options of the command", {"cli/"}},
      {"catch (...)",
       "CallUser of core/base/error.h",
       {"core/base/error.h", "core/base/error.cpp", "core/fiber/"}},
      {"FIXME", "an issue and a test that owns it", {"core/testing/source_rules"}},
      {"TODO", "an issue and a test that owns it", {"core/testing/source_rules"}},
  };
}

// A ban ends in '(' for functions: then the name must not be the tail of another word or a member.
bool Matches(std::string_view code, std::size_t at, std::string_view name) {
  if (name.back() != '(') {
    return !IsWordChar(name.front()) || name.front() == '_' || at == 0 || !IsWordChar(code[at - 1]);
  }
  if (at == 0) return true;
  const char before = code[at - 1];
  return !IsWordChar(before) && before != '.' && before != '>' && before != '~' && before != ':';
}

// ---- handlers ----

// The text between the brace at `open` and its partner, without either.
std::string_view Block(std::string_view code, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < code.size(); ++i) {
    if (code[i] == '{') ++depth;
    if (code[i] == '}' && --depth == 0) return code.substr(open + 1, i - open - 1);
  }
  return code.substr(open + 1);
}

// A statement that stores, returns, rethrows or does nothing.
bool OnlyStores(std::string_view statement) {
  statement = Trim(statement);
  if (statement.empty() || statement == "throw") return true;
  if (StartsWith(statement, "return")) return true;
  static constexpr std::array kStarts = {"++", "--"};
  for (const char* start : kStarts) {
    if (StartsWith(statement, start)) return true;
  }
  const std::size_t equals = statement.find('=');
  if (equals == std::string_view::npos) return false;
  // What is stored may be made of the exception, not by waiting for anything.
  return statement.find("Wait(") == std::string_view::npos &&
         statement.find("Run(") == std::string_view::npos &&
         statement.find("Close(") == std::string_view::npos &&
         statement.find("Sleep") == std::string_view::npos;
}

// ---- functions ----

struct FunctionSpan {
  int first = 0;
  int lines = 0;
};

// Bodies by brace matching: an opening brace at the end of a line whose line starts in column 0 or
// which closes a parameter list, up to the brace in the column where its head began.
std::vector<FunctionSpan> Functions(const std::vector<std::string_view>& lines) {
  std::vector<FunctionSpan> spans;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (line.empty() || line.back() != '{' || line.find(')') == std::string_view::npos) continue;
    if (Trim(line).front() == '}') continue;
    std::size_t head = i;
    while (head > 0 && !Trim(lines[head - 1]).empty() &&
           std::string_view(";{}:").find(lines[head - 1].back()) == std::string_view::npos) {
      --head;
    }
    const std::size_t column = lines[head].find_first_not_of(' ');
    const std::string end = std::string(column, ' ') + "}";
    for (std::size_t j = i + 1; j < lines.size(); ++j) {
      if (StartsWith(lines[j], end)) {
        spans.push_back({static_cast<int>(head) + 1, static_cast<int>(j - head) + 1});
        break;
      }
    }
  }
  return spans;
}

}  // namespace

std::string CodeOnly(std::string_view text) {
  std::string code(text);
  std::size_t i = 0;
  auto blank = [&](std::size_t end) {
    for (; i < end && i < code.size(); ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
  };
  while (i < code.size()) {
    if (code.compare(i, 2, "//") == 0) {
      blank(std::min(code.find('\n', i), code.size()));
    } else if (code.compare(i, 2, "/*") == 0) {
      const std::size_t end = code.find("*/", i + 2);
      blank(end == std::string::npos ? code.size() : end + 2);
    } else if (code.compare(i, 2, "R\"") == 0 && (i == 0 || !IsWordChar(code[i - 1]))) {
      const std::size_t open = code.find('(', i);
      const std::string close = ")" + code.substr(i + 2, open - i - 2) + "\"";
      const std::size_t end = code.find(close, open);
      blank(end == std::string::npos ? code.size() : end + close.size());
    } else if (code[i] == '"' || (code[i] == '\'' && (i == 0 || !IsWordChar(code[i - 1])))) {
      const char quote = code[i];
      std::size_t end = i + 1;
      while (end < code.size() && code[end] != quote && code[end] != '\n') {
        end += code[end] == '\\' ? 2 : 1;
      }
      ++i;
      blank(end);
      ++i;
    } else {
      ++i;
    }
  }
  return code;
}

std::vector<RuleFinding> CheckIncludes(std::string_view path, std::string_view text) {
  std::vector<RuleFinding> findings;
  const std::vector<Layer> layers = MakeLayers();
  const Layer* layer = LayerOf(layers, path);
  int number = 0;
  for (const std::string_view line : Lines(text)) {
    ++number;
    if (!StartsWith(line, "#include ")) continue;
    const std::string_view rest = line.substr(9);
    const bool ours = !rest.empty() && rest.front() == '"';
    const std::size_t end = rest.find(ours ? '"' : '>', 1);
    const std::string_view name = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    if (layer == nullptr || !MayInclude(*layer, path, name, ours)) {
      findings.push_back({"include", std::string(path), number,
                          "may not include " + std::string(name) + " (CONTRIBUTING.md, layers)"});
    }
  }
  return findings;
}

std::vector<RuleFinding> CheckOwnHeader(std::string_view path, std::string_view text) {
  const std::string own = std::string(path.substr(0, path.rfind('.'))) + ".h";
  const std::size_t first = text.find("#include ");
  if (first != std::string_view::npos &&
      StartsWith(text.substr(first), "#include \"" + own + "\"")) {
    return {};
  }
  return {{"own_header", std::string(path), 1, "has to include " + own + " before all else"}};
}

std::vector<RuleFinding> CheckBannedNames(std::string_view path, std::string_view text) {
  std::vector<RuleFinding> findings;
  const std::string code = CodeOnly(text);
  for (const Ban& ban : MakeBans()) {
    if (Allowed(path, ban.wrapped_in)) continue;
    // Marks of unfinished work stand in comments.
    const bool mark = ban.name == "FIXME" || ban.name == "TODO";
    const std::string_view where = mark ? text : std::string_view(code);
    for (std::size_t at = where.find(ban.name); at != std::string_view::npos;
         at = where.find(ban.name, at + 1)) {
      if (!mark && !Matches(where, at, ban.name)) continue;
      findings.push_back(
          {"banned", std::string(path), LineOf(where, at),
           std::string(ban.name) + " is banned here; use " + std::string(ban.instead)});
    }
  }
  return findings;
}

std::vector<RuleFinding> CheckStatics(std::string_view path, std::string_view text) {
  std::vector<RuleFinding> findings;
  const std::string code = CodeOnly(text);
  const std::vector<std::string_view> lines = Lines(code);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = Trim(lines[i]);
    if (!StartsWith(line, "static ")) continue;
    if (line.find("constexpr") != std::string_view::npos ||
        (line.find("constinit") != std::string_view::npos &&
         line.find("const ") != std::string_view::npos)) {
      continue;
    }
    // A function: its parameter list comes before any initializer or the end of the declaration.
    const std::size_t paren = line.find('(');
    const std::size_t stop = line.find_first_of("={;");
    if (paren != std::string_view::npos && (stop == std::string_view::npos || paren < stop))
      continue;
    findings.push_back({"static", std::string(path), static_cast<int>(i) + 1,
                        "a static must be constexpr or constinit const"});
  }
  return findings;
}

std::vector<RuleFinding> CheckHandlers(std::string_view path, std::string_view text) {
  std::vector<RuleFinding> findings;
  // Fiber entries and the one caller of users' code have their own rule; tests play users.
  if (Allowed(path, {"core/base/error.h", "core/base/error.cpp", "core/fiber/"}) || IsTest(path) ||
      StartsWith(path, "core/testing/")) {
    return findings;
  }
  const std::string code = CodeOnly(text);
  for (std::size_t at = code.find("catch ("); at != std::string::npos;
       at = code.find("catch (", at + 1)) {
    const std::size_t open = code.find('{', at);
    if (open == std::string::npos) break;
    std::string_view body = Block(code, open);
    while (!body.empty()) {
      const std::size_t end = body.find(';');
      if (!OnlyStores(Trim(body.substr(0, end)).empty() ? std::string_view()
                                                        : body.substr(0, end))) {
        std::string_view statement = body.substr(0, end);
        while (!statement.empty() && (statement.front() == '\n' || statement.front() == ' ')) {
          statement.remove_prefix(1);
        }
        if (!statement.empty() && !OnlyStores(statement)) {
          findings.push_back({"handler", std::string(path), LineOf(code, at),
                              "a handler only stores and returns: " + std::string(statement)});
        }
      }
      if (end == std::string_view::npos) break;
      body.remove_prefix(end + 1);
    }
  }
  return findings;
}

std::vector<RuleFinding> CheckSizes(std::string_view path, std::string_view text) {
  constexpr int kFileLines = 800;
  constexpr int kFunctionLines = 60;
  constexpr std::size_t kColumns = 100;
  std::vector<RuleFinding> findings;
  const std::vector<std::string_view> lines = Lines(text);
  if (static_cast<int>(lines.size()) > kFileLines) {
    findings.push_back({"size", std::string(path), kFileLines + 1,
                        "file of " + std::to_string(lines.size()) + " lines, at most 800"});
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::size_t columns = 0;
    for (const char c : lines[i]) columns += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    if (columns > kColumns && !StartsWith(lines[i], "#include")) {
      findings.push_back({"size", std::string(path), static_cast<int>(i) + 1,
                          "line of " + std::to_string(columns) + " columns, at most 100"});
    }
  }
  const std::string code = CodeOnly(text);
  for (const FunctionSpan& span : Functions(Lines(code))) {
    if (span.lines > kFunctionLines && !IsTest(path)) {
      findings.push_back({"size", std::string(path), span.first,
                          "function of " + std::to_string(span.lines) + " lines, at most 60"});
    }
  }
  return findings;
}

std::vector<RuleFinding> CheckFile(std::string_view path, std::string_view text) {
  std::vector<RuleFinding> findings;
  // The rules' own test holds a planted violation of each as text.
  for (auto check : {CheckIncludes, CheckBannedNames, CheckStatics, CheckHandlers, CheckSizes}) {
    for (RuleFinding& finding : check(path, text)) findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<std::string> ListSources(const std::string& root) {
  std::vector<std::string> sources;
  for (const char* top :
       {"core", "sim", "faults", "reports", "scenarios", "proptests", "bench", "cli", "docs"}) {
    const std::filesystem::path folder = std::filesystem::path(root) / top;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".h" || extension == ".cpp") {
        sources.push_back(std::filesystem::relative(entry.path(), root).string());
      }
    }
  }
  std::sort(sources.begin(), sources.end());
  return sources;
}

std::vector<RuleFinding> CheckUnbuilt(const std::vector<std::string>& sources,
                                      const std::vector<std::string>& built) {
  const std::set<std::string> in_programs(built.begin(), built.end());
  std::vector<RuleFinding> findings;
  for (const std::string& source : sources) {
    if (IsTest(source) && !in_programs.contains(source)) {
      findings.push_back({"unbuilt", source, 0, "no test program contains it"});
    }
  }
  return findings;
}

}  // namespace faultline::testing
