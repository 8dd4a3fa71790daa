#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng.h"
#include "core/env/file_system.h"

namespace faultline::testing {

// What a machine finds on its disk when it starts again.
struct DiskImage {
  std::set<std::string> directories;
  std::map<std::string, std::string> files;
};

// Fills an empty file system with it.
void Put(const DiskImage& image, FileSystem& files);

// How much of what was not made durable survives a power failure.
enum class Survival : std::uint8_t { kNothing, kEverything, kAnything };

// Passes everything on and remembers it, so that the disk after a failure before any of its
// operations can be made. Directory entries survive in any combination until their directory is
// synced (a renaming within one directory as a whole); unsynced content is lost, kept, cut or
// zeroed.
class RecordingDisk final : public FileSystem {
 public:
  explicit RecordingDisk(FileSystem& inner) : inner_(inner) {}

  // Changes so far.
  std::size_t changes() const { return log_->size(); }
  // After a crash of the process: every change before number `n`.
  DiskImage AfterCrash(std::size_t n) const;
  DiskImage AfterPowerFailure(std::size_t n, Survival survival, Prng* prng) const;

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<RandomAccessFile>> Open(const std::string& path) override {
    return inner_.Open(path);
  }
  Result<FileInfo> Stat(const std::string& path) override { return inner_.Stat(path); }
  Result<std::vector<std::string>> List(const std::string& path) override {
    return inner_.List(path);
  }
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectory(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

 private:
  enum class Kind : std::uint8_t {
    kCreate,
    kAppend,
    kSync,
    kRename,
    kRemove,
    kMakeDirectory,
    kRemoveDirectory,
    kSyncDirectory,
  };
  struct Change {
    Kind kind;
    std::string path;
    std::string to = {};
    std::string data = {};
  };
  using Log = std::vector<Change>;
  class Writer;
  class Replay;

  FileSystem& inner_;
  std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

}  // namespace faultline::testing
