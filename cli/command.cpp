#include "cli/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "core/os/posix_file_system.h"
#include "scenarios/harness/scenario_text.h"

namespace faultline::cli {
namespace {

bool ParseNumber(std::string_view text, std::uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int WorseOf(int a, int b) {
  // A run that cannot be repeated or that broke the program itself says least about the job.
  constexpr std::array kOrder = {kNotDeterministic, kCrashed, kStuck, kFailed, kVacuous, kPassed};
  const auto rank = [&](int code) { return std::find(kOrder.begin(), kOrder.end(), code); };
  return rank(a) <= rank(b) ? a : b;
}

Result<std::vector<LoadedScenario>> LoadScenarios(const std::vector<std::string>& paths,
                                                  const scenarios::Assets& assets) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      if (entry.path().extension() == ".textproto") found.push_back(entry.path().string());
    }
    if (error) return Status(Code::kNotFound, fmt::format("{}: {}", path, error.message()));
    if (found.empty()) {
      return Status(Code::kNotFound,
                    fmt::format("{}: expected *.textproto files in this folder", path));
    }
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  std::vector<LoadedScenario> loaded;
  for (const std::string& file : files) {
    FL_ASSIGN_OR_RETURN(v1::Scenario scenario, scenarios::LoadScenario(file, assets.programs));
    loaded.push_back({file, std::move(scenario)});
  }
  return loaded;
}

Result<SeedRange> ParseSeeds(const std::string& text) {
  const std::size_t dots = text.find("..");
  const std::string_view view(text);
  SeedRange range;
  const bool good =
      ParseNumber(view.substr(0, dots), &range.first) &&
      ParseNumber(dots == std::string::npos ? view : view.substr(dots + 2), &range.last);
  if (!good || range.last < range.first) {
    return Status(Code::kInvalidArgument,
                  fmt::format("--seeds: expected A..B with A <= B, found \"{}\"", text));
  }
  return range;
}

Result<v1::SemanticsBase> ParseSemantics(const std::string& text) {
  if (text == "tf") return v1::TF;
  if (text == "strict") return v1::STRICT;
  return Status(Code::kInvalidArgument,
                fmt::format("--semantics: expected tf or strict, found \"{}\"", text));
}

int ReportBadInput(const Status& status) {
  fmt::print(stderr, "faultline: {}\n", status.message());
  return kBadInput;
}

bool IsTerminal(int descriptor) { return isatty(descriptor) == 1; }

Status WriteOutput(const std::string& path, const std::string& content) {
  PosixFileSystem files;
  const std::string temporary = path + ".part";
  Status written = WriteFile(files, temporary, content);
  if (written.ok()) written = files.Rename(temporary, path);
  if (!written.ok()) (void)files.Remove(temporary);
  return written;
}

}  // namespace faultline::cli
