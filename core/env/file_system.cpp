#include "core/env/file_system.h"

#include <utility>

namespace faultline {

Result<std::string> ReadFile(FileSystem& files, const std::string& path) {
  FL_ASSIGN_OR_RETURN(auto file, files.Open(path));
  FL_ASSIGN_OR_RETURN(const std::uint64_t size, file->Size());
  return file->Read(0, size);
}

Status WriteFile(FileSystem& files, const std::string& path, std::string_view content) {
  FL_ASSIGN_OR_RETURN(auto file, files.Create(path));
  FL_RETURN_IF_ERROR(file->Append(content));
  return file->Close();
}

Status MakeDirectories(FileSystem& files, const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (!part.empty()) {
      const Status made = files.MakeDirectory(part);
      if (!made.ok() && made.code() != Code::kAlreadyExists) return made;
    }
    if (end == std::string::npos) return Status();
  }
}

Result<bool> FileExists(FileSystem& files, const std::string& path) {
  const Result<FileInfo> info = files.Stat(path);
  if (info.ok()) return true;
  if (info.status().code() == Code::kNotFound) return false;
  return info.status();
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.empty() || (!name.empty() && name.front() == '/')) return std::string(name);
  std::string path(directory);
  if (path.back() != '/') path += '/';
  path += name;
  return path;
}

std::string DirectoryOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return "";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string BaseName(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace faultline
