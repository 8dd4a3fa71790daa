#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/env/file_system.h"
#include "sim/disk_state.h"
#include "sim/interposer.h"

namespace faultline::sim {

class Process;
class SimDisk;

// The FileSystem of one process, over the disks that its node mounts. Every operation is a
// scheduling point that takes drawn time, is traced (path, offset and length are decisions, bytes
// are values) and can be intercepted. Its effect comes at the end of its latency: a crash before
// that leaves no trace of it. Relative paths count from "/". After the end of the process nothing
// has any effect.
class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(Process& process) : process_(process) {}

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<RandomAccessFile>> Open(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectory(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

  // File calls so far.
  std::uint64_t calls() const { return calls_; }

 private:
  friend class SimWritableFile;
  friend class SimRandomAccessFile;

  // A path as its disk has it.
  struct Place {
    SimDisk* disk = nullptr;
    std::string path;  // within the disk
    bool read_only = false;
  };
  // What an operation does when its time has come.
  using Effect = std::function<Status(const FileVerdict&)>;

  Place Resolve(std::string_view path) const;
  // The way of every operation: strike before, latency, effect, trace, strike after.
  Status Perform(FileCall call, SimDisk& disk, const std::string& bytes, const Effect& effect);
  Status Perform(FileOperation operation, const std::string& path, const Place& place,
                 const Effect& effect);
  // As Perform, for what changes the disk: refuses on a read-only mount.
  Status Change(FileOperation operation, const std::string& path, const Place& place,
                const Effect& effect);
  std::uint32_t owner() const;
  TimePoint WallNow() const;

  Process& process_;
  std::uint64_t calls_ = 0;
};

}  // namespace faultline::sim
