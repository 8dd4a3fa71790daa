#include "sim/sim_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "sim/disk.h"
#include "sim/node.h"
#include "sim/process.h"
#include "sim/simulator.h"

namespace faultline::sim {
namespace {

Status ForPath(const std::string& path, const Status& status) {
  return status.ok() ? status : status.WithMessage(path + "; " + status.message());
}

std::uint64_t DigestOf(std::string_view bytes) {
  if (bytes.empty()) return 0;
  Hash64 hash;
  hash.Add(bytes);
  return hash.value();
}

bool IsUnder(const std::vector<std::string>& mount, const std::vector<std::string>& path) {
  return path.size() >= mount.size() && std::equal(mount.begin(), mount.end(), path.begin());
}

}  // namespace

// Writes through to the page cache: what a crash of the process must not lose is there at once.
class SimWritableFile final : public WritableFile {
 public:
  SimWritableFile(SimFileSystem& files, SimDisk& disk, std::string path, InodePtr inode)
      : files_(files), disk_(disk), path_(std::move(path)), inode_(std::move(inode)) {}

  Status Append(std::string_view data) override {
    const std::string bytes(data);  // the caller's memory need not outlive our latency
    FileCall call = Operation(FileOperation::kAppend);
    call.size = bytes.size();
    return files_.Perform(call, disk_, bytes, [&](const FileVerdict& verdict) {
      if (closed_) return DiskError(EBADF);
      const std::uint64_t fits = std::min(verdict.torn_bytes.value_or(bytes.size()), bytes.size());
      return disk_.state().Append(*inode_, std::string_view(bytes).substr(0, fits), files_.owner(),
                                  files_.WallNow());
    });
  }

  Status Flush() override {
    return files_.Perform(Operation(FileOperation::kFlush), disk_, "", [this](const FileVerdict&) {
      return closed_ ? DiskError(EBADF) : Status();
    });
  }

  Status Sync() override {
    return files_.Perform(Operation(FileOperation::kSync), disk_, "", [this](const FileVerdict&) {
      if (closed_) return DiskError(EBADF);
      disk_.state().SyncFile(*inode_);
      return Status();
    });
  }

  Status Close() override {
    if (closed_) return Status();
    return files_.Perform(Operation(FileOperation::kClose), disk_, "", [this](const FileVerdict&) {
      closed_ = true;
      return Status();
    });
  }

 private:
  FileCall Operation(FileOperation operation) const {
    return {.operation = operation, .path = path_, .offset = inode_->content.size()};
  }

  SimFileSystem& files_;
  SimDisk& disk_;
  const std::string path_;
  const InodePtr inode_;
  bool closed_ = false;
};

class SimRandomAccessFile final : public RandomAccessFile {
 public:
  SimRandomAccessFile(SimFileSystem& files, SimDisk& disk, std::string path, InodePtr inode)
      : files_(files), disk_(disk), path_(std::move(path)), inode_(std::move(inode)) {}

  Result<std::string> Read(std::uint64_t offset, std::uint64_t size,
                           std::string* available) override {
    std::string bytes;
    const FileCall call = {
        .operation = FileOperation::kRead, .path = path_, .offset = offset, .size = size};
    const Status status = files_.Perform(call, disk_, bytes, [&](const FileVerdict&) {
      if (inode_->is_directory) return DiskError(EISDIR);
      const std::string& content = inode_->content;
      if (offset < content.size()) bytes = content.substr(offset, size);
      return Status();
    });
    if (!status.ok()) return status;
    if (bytes.size() < size) {  // CK-312
      if (available != nullptr) *available = std::move(bytes);
      return Status(Code::kOutOfRange, "Read less bytes than requested");
    }
    return bytes;
  }

  Result<std::uint64_t> Size() override {
    std::uint64_t size = 0;
    FL_RETURN_IF_ERROR(files_.Perform({.operation = FileOperation::kSize, .path = path_}, disk_, "",
                                      [&](const FileVerdict&) {
                                        size = inode_->content.size();
                                        return Status();
                                      }));
    return size;
  }

 private:
  SimFileSystem& files_;
  SimDisk& disk_;
  const std::string path_;
  const InodePtr inode_;
};

std::uint32_t SimFileSystem::owner() const { return process_.node().id(); }

TimePoint SimFileSystem::WallNow() const { return process_.node().WallNow(); }

SimFileSystem::Place SimFileSystem::Resolve(std::string_view path) const {
  const std::vector<std::string> parts = PathParts(path);
  Place place{.disk = &process_.node().disk(), .path = {}};
  std::size_t longest = 0;
  for (const auto& [where, mount] : process_.node().options().mounts) {
    const std::vector<std::string> prefix = PathParts(where);
    if (prefix.size() < longest || !IsUnder(prefix, parts)) continue;
    longest = prefix.size();
    place.disk = mount.disk;
    place.read_only = mount.read_only;
  }
  for (std::size_t i = longest; i < parts.size(); ++i) place.path += "/" + parts[i];
  if (place.path.empty()) place.path = "/";
  return place;
}

Status SimFileSystem::Perform(FileCall call, SimDisk& disk, const std::string& bytes,
                              const Effect& effect) {
  if (!process_.alive()) return Process::Gone();
  const std::string path(call.path);
  const std::string to(call.to);
  call.path = path;
  call.to = to;
  call.number = ++calls_;
  Node& node = process_.node();
  Interposer& interposer = process_.simulator().interposer();
  const FileVerdict verdict = interposer.BeforeFile(node, call);
  const Duration latency = node.Stretch(disk.DrawLatency(call.operation, call.size));
  Kernel& kernel = process_.kernel();
  kernel.Wait({.what = FileOperationName(call.operation), .deadline = kernel.Now() + latency},
              nullptr);
  // A fiber that is being unwound gets here without having been suspended.
  if (!process_.alive()) return Process::Gone();
  Status status = verdict.status;
  if (status.ok() || verdict.torn_bytes.has_value()) {
    const Status done = effect(verdict);
    if (status.ok()) status = ForPath(path, done);
  }
  process_.simulator().TraceNode(EventKind::kFile, &node, FileOperationName(call.operation),
                                 {{"path", call.path},
                                  {"to", call.to},
                                  {"offset", static_cast<std::int64_t>(call.offset)},
                                  {"length", static_cast<std::int64_t>(call.size)},
                                  {"code", CodeName(status.code())}},
                                 DigestOf(bytes));
  const Status outcome = interposer.AfterFile(node, call, status);
  FL_ASSERT(status.ok() || !outcome.ok(), "an injector made a success of {}", status.ToString());
  return outcome;
}

Status SimFileSystem::Perform(FileOperation operation, const std::string& path, const Place& place,
                              const Effect& effect) {
  return Perform({.operation = operation, .path = path}, *place.disk, "", effect);
}

Status SimFileSystem::Change(FileOperation operation, const std::string& path, const Place& place,
                             const Effect& effect) {
  return Perform(operation, path, place, [&](const FileVerdict& verdict) {
    if (place.read_only) return DiskError(EROFS);
    return effect(verdict);
  });
}

Result<std::unique_ptr<WritableFile>> SimFileSystem::Create(const std::string& path) {
  const Place place = Resolve(path);
  InodePtr inode;
  FL_RETURN_IF_ERROR(Change(FileOperation::kCreate, path, place, [&](const FileVerdict&) {
    FL_ASSIGN_OR_RETURN(inode, place.disk->state().Create(place.path, owner(), WallNow()));
    return Status();
  }));
  return std::unique_ptr<WritableFile>(
      std::make_unique<SimWritableFile>(*this, *place.disk, path, std::move(inode)));
}

Result<std::unique_ptr<RandomAccessFile>> SimFileSystem::Open(const std::string& path) {
  const Place place = Resolve(path);
  InodePtr inode;
  FL_RETURN_IF_ERROR(Perform(FileOperation::kOpen, path, place, [&](const FileVerdict&) {
    FL_ASSIGN_OR_RETURN(inode, place.disk->state().Find(place.path));
    return Status();
  }));
  return std::unique_ptr<RandomAccessFile>(
      std::make_unique<SimRandomAccessFile>(*this, *place.disk, path, std::move(inode)));
}

Result<FileInfo> SimFileSystem::Stat(const std::string& path) {
  const Place place = Resolve(path);
  FileInfo info;
  FL_RETURN_IF_ERROR(Perform(FileOperation::kStat, path, place, [&](const FileVerdict&) {
    FL_ASSIGN_OR_RETURN(const InodePtr inode, place.disk->state().Find(place.path));
    info = {.size = inode->content.size(),
            .modified = inode->modified,
            .is_directory = inode->is_directory};
    return Status();
  }));
  return info;
}

Result<std::vector<std::string>> SimFileSystem::List(const std::string& path) {
  const Place place = Resolve(path);
  std::vector<std::string> names;
  FL_RETURN_IF_ERROR(Perform(FileOperation::kList, path, place, [&](const FileVerdict&) {
    FL_ASSIGN_OR_RETURN(names, place.disk->state().List(place.path));
    return Status();
  }));
  return names;
}

Status SimFileSystem::Rename(const std::string& from, const std::string& to) {
  const Place source = Resolve(from);
  const Place target = Resolve(to);
  const FileCall call = {.operation = FileOperation::kRename, .path = from, .to = to};
  return Perform(call, *source.disk, "", [&](const FileVerdict&) {
    if (source.disk != target.disk) return DiskError(EXDEV);
    if (source.read_only || target.read_only) return DiskError(EROFS);
    return source.disk->state().Rename(source.path, target.path, owner(), WallNow());
  });
}

Status SimFileSystem::Remove(const std::string& path) {
  const Place place = Resolve(path);
  return Change(FileOperation::kRemove, path, place, [&](const FileVerdict&) {
    return place.disk->state().Remove(place.path, owner(), WallNow());
  });
}

Status SimFileSystem::MakeDirectory(const std::string& path) {
  const Place place = Resolve(path);
  return Change(FileOperation::kMakeDirectory, path, place, [&](const FileVerdict&) {
    return place.disk->state().MakeDirectory(place.path, owner(), WallNow());
  });
}

Status SimFileSystem::RemoveDirectory(const std::string& path) {
  const Place place = Resolve(path);
  return Change(FileOperation::kRemoveDirectory, path, place, [&](const FileVerdict&) {
    return place.disk->state().RemoveDirectory(place.path, owner(), WallNow());
  });
}

Status SimFileSystem::SyncDirectory(const std::string& path) {
  const Place place = Resolve(path);
  return Perform(FileOperation::kSyncDirectory, path, place,
                 [&](const FileVerdict&) { return place.disk->state().SyncDirectory(place.path); });
}

}  // namespace faultline::sim
