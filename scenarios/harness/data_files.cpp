#include "scenarios/harness/data_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace faultline::scenarios {

Result<std::shared_ptr<const DataFiles>> LoadDataFiles(const std::string& root) {
  namespace fs = std::filesystem;
  std::error_code error;
  auto files = std::make_shared<DataFiles>();
  for (auto it = fs::recursive_directory_iterator(root, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (!it->is_regular_file()) continue;
    std::ifstream file(it->path(), std::ios::binary);
    std::ostringstream content;
    if (file.peek() != std::ifstream::traits_type::eof()) content << file.rdbuf();
    (*files)[fs::relative(it->path(), root).string()] = std::move(content).str();
  }
  if (error) {
    return Status(Code::kNotFound,
                  fmt::format("{}: expected a folder of data files: {}", root, error.message()));
  }
  return std::shared_ptr<const DataFiles>(std::move(files));
}

std::string DefaultDataRoot() { return FL_SOURCE_DIR "/scenarios/data"; }

}  // namespace faultline::scenarios
