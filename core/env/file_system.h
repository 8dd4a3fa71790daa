#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"

namespace faultline {

// Files as POSIX has them, with durability said out loud. Paths use '/', are absolute or relative
// to the process's working directory, and are not normalised. A failing call gives the code of
// CK-105 with message "<path>; <reason>". Every call may suspend. A crash keeps what was written; a
// power failure keeps only what Sync and SyncDirectory have made durable.

// A file being written, from its start. Destroying it without Close loses nothing that was appended
// and reports nothing.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::string_view data) = 0;
  // Makes everything appended so far visible to readers. Not durable.
  virtual Status Flush() = 0;
  // Makes the content durable, not the directory entry that names it: see SyncDirectory.
  virtual Status Sync() = 0;
  // Flushes and releases; not durable. A second Close does nothing.
  virtual Status Close() = 0;
};

// A file being read. The content is that of the file opened, even if its name is removed or
// replaced meanwhile.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Bytes [offset, offset + size). A range past the end gives OUT_OF_RANGE "Read less bytes than
  // requested" (CK-312); `available`, if given, then holds what there was.
  virtual Result<std::string> Read(std::uint64_t offset, std::uint64_t size,
                                   std::string* available = nullptr) = 0;
  virtual Result<std::uint64_t> Size() = 0;
};

struct FileInfo {
  std::uint64_t size = 0;
  TimePoint modified;  // wall time
  bool is_directory = false;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Creates the file, or empties it if it exists. NOT_FOUND when its directory is missing.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;
  virtual Result<std::unique_ptr<RandomAccessFile>> Open(const std::string& path) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  // Names in the directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;
  // Replaces `to` atomically. The order in which renames become durable is free until
  // SyncDirectory.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;
  // One level; ALREADY_EXISTS if something of that name is there.
  virtual Status MakeDirectory(const std::string& path) = 0;
  // FAILED_PRECONDITION if it is not empty.
  virtual Status RemoveDirectory(const std::string& path) = 0;
  // Makes the entries of the directory durable: creations, renames and removals so far.
  virtual Status SyncDirectory(const std::string& path) = 0;
};

// Whole content of a file.
Result<std::string> ReadFile(FileSystem& files, const std::string& path);
// Creates, appends, closes. Not durable, not atomic.
Status WriteFile(FileSystem& files, const std::string& path, std::string_view content);
// Creates the directory and every missing parent; fine if it is there already.
Status MakeDirectories(FileSystem& files, const std::string& path);
// True if Stat answers; false for NOT_FOUND; other errors are returned.
Result<bool> FileExists(FileSystem& files, const std::string& path);

// "a/b" of ("a", "b"); `name` alone if `directory` is empty; `name` itself if it is absolute.
std::string JoinPath(std::string_view directory, std::string_view name);
// The part before the last '/', "" if there is none; "/" for "/x".
std::string DirectoryOf(std::string_view path);
// The part after the last '/'.
std::string BaseName(std::string_view path);

}  // namespace faultline
