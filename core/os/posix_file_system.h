#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/env/file_system.h"

namespace faultline {

// The machine's files. Sync and SyncDirectory call fsync. Appends are buffered until Flush, Sync or
// Close. Calls block the thread and never suspend the fiber.
class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<RandomAccessFile>> Open(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectory(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
};

}  // namespace faultline
