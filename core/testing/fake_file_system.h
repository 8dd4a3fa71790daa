#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/env/clock.h"
#include "core/env/file_system.h"

namespace faultline::testing {

enum class FileOp : std::uint8_t {
  kCreate,
  kAppend,
  kFlush,
  kSync,
  kClose,
  kOpen,
  kRead,
  kSize,
  kStat,
  kList,
  kRename,
  kRemove,
  kMakeDirectory,
  kRemoveDirectory,
  kSyncDirectory,
};
// "create", "make_directory", ...
std::string_view FileOpName(FileOp op);

// One call on the file system, as it ended.
struct FileOperation {
  FileOp op;
  std::string path = {};
  std::string to = {};       // of a rename
  std::uint64_t offset = 0;  // of a read
  std::uint64_t size = 0;    // of a read or append
  Status status = {};
};

// An error to come. The call has no effect, or with `after_effect` it has and fails all the same.
struct FileFault {
  FileOp op;
  std::string path = {};  // empty: any; of a rename its source
  Status status;
  int nth = 1;    // the first matching call that fails, counted from now
  int times = 1;  // how many fail in a row
  bool after_effect = false;
};

// Files in memory. Everything is durable at once; what the code under test asked for can be read
// from the log. Relative paths start at the root.
class FakeFileSystem final : public FileSystem {
 public:
  explicit FakeFileSystem(Clock& clock);
  ~FakeFileSystem() override;

  void Fail(FileFault fault);
  // Every call so far, in order.
  const std::vector<FileOperation>& log() const { return log_; }
  // "sync /a", "rename /a -> /b": calls of the given kinds (all if empty).
  std::vector<std::string> LogLines(const std::vector<FileOp>& kinds = {}) const;
  void ClearLog() { log_.clear(); }
  // Content without leaving a trace in the log; asserts that the file exists.
  std::string Content(const std::string& path) const;
  bool Exists(const std::string& path) const;
  // Sets content and makes missing directories, without log and faults.
  void Put(const std::string& path, std::string_view content);

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<RandomAccessFile>> Open(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectory(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

 private:
  struct Inode;
  struct Place;
  class Writer;
  class Reader;
  using InodePtr = std::shared_ptr<Inode>;

  // Runs `effect` (returning a Status) unless a fault takes its place, and logs the outcome.
  template <class Effect>
  Status Do(FileOperation operation, Effect effect);
  const FileFault* NextFault(const FileOperation& operation);
  // The inode, or null with the errno in `error`.
  InodePtr Find(const std::string& path, int* error) const;
  // The directory of the last component and its name.
  Place FindPlace(const std::string& path) const;
  Status RenameFound(const Place& from, const Place& to, const std::string& path);

  Clock& clock_;
  InodePtr root_;
  std::vector<FileOperation> log_;
  std::vector<FileFault> faults_;
};

}  // namespace faultline::testing
