#include "core/testing/fake_file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/base/assert.h"
#include "core/env/file_error.h"

namespace faultline::testing {
namespace {

std::vector<std::string> Components(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

}  // namespace

struct FakeFileSystem::Inode {
  bool is_directory = false;
  std::string content;
  std::map<std::string, InodePtr> entries;
  TimePoint modified;
};

struct FakeFileSystem::Place {
  InodePtr directory;  // null if it cannot be reached, then `error` says why
  std::string name;    // empty for the root
  int error = 0;

  InodePtr entry() const {
    if (!directory) return nullptr;
    const auto found = directory->entries.find(name);
    return found == directory->entries.end() ? nullptr : found->second;
  }
};

class FakeFileSystem::Writer final : public WritableFile {
 public:
  Writer(FakeFileSystem& files, std::string path, InodePtr inode)
      : files_(files), path_(std::move(path)), inode_(std::move(inode)) {}

  Status Append(std::string_view data) override {
    return files_.Do({.op = FileOp::kAppend, .path = path_, .size = data.size()}, [&] {
      if (!inode_) return FileError(path_, EBADF);
      inode_->content += data;
      inode_->modified = files_.clock_.WallNow();
      return Status();
    });
  }
  Status Flush() override { return Touch(FileOp::kFlush); }
  Status Sync() override { return Touch(FileOp::kSync); }
  Status Close() override {
    if (!inode_) return Status();
    return files_.Do({.op = FileOp::kClose, .path = path_}, [&] {
      inode_ = nullptr;
      return Status();
    });
  }

 private:
  Status Touch(FileOp op) {
    return files_.Do({.op = op, .path = path_},
                     [&] { return inode_ ? Status() : FileError(path_, EBADF); });
  }

  FakeFileSystem& files_;
  std::string path_;
  InodePtr inode_;  // null once closed
};

class FakeFileSystem::Reader final : public RandomAccessFile {
 public:
  Reader(FakeFileSystem& files, std::string path, InodePtr inode)
      : files_(files), path_(std::move(path)), inode_(std::move(inode)) {}

  Result<std::string> Read(std::uint64_t offset, std::uint64_t size,
                           std::string* available) override {
    std::string bytes;
    FL_RETURN_IF_ERROR(
        files_.Do({.op = FileOp::kRead, .path = path_, .offset = offset, .size = size}, [&] {
          if (offset < inode_->content.size()) bytes = inode_->content.substr(offset, size);
          if (available != nullptr) *available = bytes;
          if (bytes.size() == size) return Status();
          return Status(Code::kOutOfRange, "Read less bytes than requested");  // CK-312
        }));
    return bytes;
  }
  Result<std::uint64_t> Size() override {
    FL_RETURN_IF_ERROR(files_.Do({.op = FileOp::kSize, .path = path_}, [] { return Status(); }));
    return std::uint64_t{inode_->content.size()};
  }

 private:
  FakeFileSystem& files_;
  std::string path_;
  InodePtr inode_;
};

std::string_view FileOpName(FileOp op) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"create", "append", "flush", "sync", "close", "open", "read", "size", "stat", "list",
       "rename", "remove", "make_directory", "remove_directory", "sync_directory"});
  return kNames[static_cast<std::size_t>(op)];
}

FakeFileSystem::FakeFileSystem(Clock& clock) : clock_(clock), root_(std::make_shared<Inode>()) {
  root_->is_directory = true;
}

FakeFileSystem::~FakeFileSystem() = default;

void FakeFileSystem::Fail(FileFault fault) {
  FL_ASSERT(!fault.status.ok(), "a fault needs an error");
  FL_ASSERT(fault.nth >= 1 && fault.times >= 1, "nth {} times {}", fault.nth, fault.times);
  faults_.push_back(std::move(fault));
}

std::vector<std::string> FakeFileSystem::LogLines(const std::vector<FileOp>& kinds) const {
  std::vector<std::string> lines;
  for (const FileOperation& operation : log_) {
    if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), operation.op) == kinds.end()) {
      continue;
    }
    std::string line(FileOpName(operation.op));
    line += " " + operation.path;
    if (operation.op == FileOp::kRename) line += " -> " + operation.to;
    if (!operation.status.ok()) line += " = " + std::string(CodeName(operation.status.code()));
    lines.push_back(std::move(line));
  }
  return lines;
}

const FileFault* FakeFileSystem::NextFault(const FileOperation& operation) {
  for (FileFault& fault : faults_) {
    if (fault.op != operation.op || fault.times == 0) continue;
    if (!fault.path.empty() && fault.path != operation.path) continue;
    if (fault.nth > 1) {
      --fault.nth;
      continue;
    }
    --fault.times;
    return &fault;
  }
  return nullptr;
}

template <class Effect>
Status FakeFileSystem::Do(FileOperation operation, Effect effect) {
  const FileFault* fault = NextFault(operation);
  Status status;
  if (fault == nullptr || fault->after_effect) status = effect();
  if (fault != nullptr && status.ok()) status = fault->status;
  operation.status = status;
  log_.push_back(std::move(operation));
  return status;
}

FakeFileSystem::InodePtr FakeFileSystem::Find(const std::string& path, int* error) const {
  InodePtr inode = path.empty() ? nullptr : root_;
  *error = ENOENT;
  for (const std::string& part : Components(path)) {
    if (!inode->is_directory) {
      *error = ENOTDIR;
      return nullptr;
    }
    const auto found = inode->entries.find(part);
    if (found == inode->entries.end()) return nullptr;
    inode = found->second;
  }
  if (inode && !inode->is_directory && path.back() == '/') {
    *error = ENOTDIR;
    return nullptr;
  }
  return inode;
}

FakeFileSystem::Place FakeFileSystem::FindPlace(const std::string& path) const {
  Place place;
  std::vector<std::string> parts = Components(path);
  if (path.empty()) {
    place.error = ENOENT;
    return place;
  }
  if (!parts.empty()) {
    place.name = parts.back();
    parts.pop_back();
  }
  std::string parent = "/";
  for (const std::string& part : parts) parent += part + "/";
  place.directory = Find(parent, &place.error);
  return place;
}

std::string FakeFileSystem::Content(const std::string& path) const {
  int error = 0;
  const InodePtr inode = Find(path, &error);
  FL_ASSERT(inode && !inode->is_directory, "no file {}", path);
  return inode->content;
}

bool FakeFileSystem::Exists(const std::string& path) const {
  int error = 0;
  return Find(path, &error) != nullptr;
}

void FakeFileSystem::Put(const std::string& path, std::string_view content) {
  InodePtr inode = root_;
  for (const std::string& part : Components(path)) {
    inode->is_directory = true;
    InodePtr& entry = inode->entries[part];
    if (!entry) entry = std::make_shared<Inode>();
    inode = entry;
  }
  inode->content = std::string(content);
  inode->modified = clock_.WallNow();
}

Result<std::unique_ptr<WritableFile>> FakeFileSystem::Create(const std::string& path) {
  InodePtr inode;
  FL_RETURN_IF_ERROR(Do({.op = FileOp::kCreate, .path = path}, [&] {
    const Place place = FindPlace(path);
    if (!place.directory) return FileError(path, place.error);
    if (place.name.empty() || path.back() == '/') return FileError(path, EISDIR);
    InodePtr& entry = place.directory->entries[place.name];
    if (entry && entry->is_directory) return FileError(path, EISDIR);
    if (!entry) entry = std::make_shared<Inode>();
    entry->content.clear();
    entry->modified = clock_.WallNow();
    inode = entry;
    return Status();
  }));
  return std::unique_ptr<WritableFile>(std::make_unique<Writer>(*this, path, std::move(inode)));
}

Result<std::unique_ptr<RandomAccessFile>> FakeFileSystem::Open(const std::string& path) {
  InodePtr inode;
  FL_RETURN_IF_ERROR(Do({.op = FileOp::kOpen, .path = path}, [&] {
    int error = 0;
    inode = Find(path, &error);
    if (!inode) return FileError(path, error);
    return inode->is_directory ? FileError(path, EISDIR) : Status();
  }));
  return std::unique_ptr<RandomAccessFile>(std::make_unique<Reader>(*this, path, std::move(inode)));
}

Result<FileInfo> FakeFileSystem::Stat(const std::string& path) {
  FileInfo info;
  FL_RETURN_IF_ERROR(Do({.op = FileOp::kStat, .path = path}, [&] {
    int error = 0;
    const InodePtr inode = Find(path, &error);
    if (!inode) return FileError(path, error);
    info = {.size = inode->content.size(),
            .modified = inode->modified,
            .is_directory = inode->is_directory};
    return Status();
  }));
  return info;
}

Result<std::vector<std::string>> FakeFileSystem::List(const std::string& path) {
  std::vector<std::string> names;
  FL_RETURN_IF_ERROR(Do({.op = FileOp::kList, .path = path}, [&] {
    int error = 0;
    const InodePtr inode = Find(path, &error);
    if (!inode) return FileError(path, error);
    if (!inode->is_directory) return FileError(path, ENOTDIR);
    for (const auto& [name, entry] : inode->entries) names.push_back(name);
    return Status();
  }));
  return names;
}

Status FakeFileSystem::Rename(const std::string& from, const std::string& to) {
  return Do({.op = FileOp::kRename, .path = from, .to = to}, [&] {
    const Place source = FindPlace(from);
    const Place target = FindPlace(to);
    if (!source.directory) return FileError(from, source.error);
    if (!source.entry()) return FileError(from, ENOENT);
    if (!target.directory) return FileError(from, target.error);
    return RenameFound(source, target, from);
  });
}

Status FakeFileSystem::RenameFound(const Place& from, const Place& to, const std::string& path) {
  const InodePtr moved = from.entry();
  const InodePtr replaced = to.entry();
  if (replaced == moved) return Status();
  if (replaced) {
    if (replaced->is_directory && !moved->is_directory) return FileError(path, EISDIR);
    if (!replaced->is_directory && moved->is_directory) return FileError(path, ENOTDIR);
    if (!replaced->entries.empty()) return FileError(path, ENOTEMPTY);
  }
  from.directory->entries.erase(from.name);
  to.directory->entries[to.name] = moved;
  return Status();
}

Status FakeFileSystem::Remove(const std::string& path) {
  return Do({.op = FileOp::kRemove, .path = path}, [&] {
    const Place place = FindPlace(path);
    if (!place.directory) return FileError(path, place.error);
    const InodePtr inode = place.entry();
    if (!inode) return FileError(path, ENOENT);
    if (inode->is_directory) return FileError(path, EISDIR);
    place.directory->entries.erase(place.name);
    return Status();
  });
}

Status FakeFileSystem::MakeDirectory(const std::string& path) {
  return Do({.op = FileOp::kMakeDirectory, .path = path}, [&] {
    const Place place = FindPlace(path);
    if (!place.directory) return FileError(path, place.error);
    if (place.name.empty() || place.entry()) return FileError(path, EEXIST);
    const auto made = std::make_shared<Inode>();
    made->is_directory = true;
    made->modified = clock_.WallNow();
    place.directory->entries[place.name] = made;
    return Status();
  });
}

Status FakeFileSystem::RemoveDirectory(const std::string& path) {
  return Do({.op = FileOp::kRemoveDirectory, .path = path}, [&] {
    const Place place = FindPlace(path);
    if (!place.directory) return FileError(path, place.error);
    const InodePtr inode = place.name.empty() ? root_ : place.entry();
    if (!inode) return FileError(path, ENOENT);
    if (!inode->is_directory) return FileError(path, ENOTDIR);
    if (!inode->entries.empty()) return FileError(path, ENOTEMPTY);
    if (place.name.empty()) return FileError(path, EBUSY);
    place.directory->entries.erase(place.name);
    return Status();
  });
}

Status FakeFileSystem::SyncDirectory(const std::string& path) {
  return Do({.op = FileOp::kSyncDirectory, .path = path}, [&] {
    int error = 0;
    const InodePtr inode = Find(path, &error);
    if (!inode) return FileError(path, error);
    return inode->is_directory ? Status() : FileError(path, ENOTDIR);
  });
}

}  // namespace faultline::testing
