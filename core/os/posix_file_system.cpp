#include "core/os/posix_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/env/file_error.h"

namespace faultline {
namespace {

constexpr std::size_t kWriteBuffer = 64 * 1024;
constexpr mode_t kFileMode = 0666;  // less the process's umask
constexpr mode_t kDirectoryMode = 0755;

// A file descriptor and its end.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  bool open() const { return value_ >= 0; }
  // 0 or the errno. The descriptor is gone in any case.
  int Close() { return ::close(std::exchange(value_, -1)) == 0 ? 0 : errno; }

 private:
  int value_;
};

Status Outcome(const std::string& path, int result) {
  return result == 0 ? Status() : FileError(path, errno);
}

class PosixWriter final : public WritableFile {
 public:
  PosixWriter(std::string path, int descriptor) : path_(std::move(path)), file_(descriptor) {}
  ~PosixWriter() override {
    if (file_.open()) WriteOut(buffer_).ok();
  }

  Status Append(std::string_view data) override {
    if (!file_.open()) return FileError(path_, EBADF);
    if (buffer_.size() + data.size() > kWriteBuffer) FL_RETURN_IF_ERROR(Flush());
    if (data.size() > kWriteBuffer) return WriteOut(data);
    buffer_ += data;
    return Status();
  }
  Status Flush() override {
    if (!file_.open()) return FileError(path_, EBADF);
    const std::string pending = std::exchange(buffer_, {});
    return WriteOut(pending);
  }
  Status Sync() override {
    FL_RETURN_IF_ERROR(Flush());
    return Outcome(path_, ::fsync(file_.get()));
  }
  Status Close() override {
    if (!file_.open()) return Status();
    const Status flushed = Flush();
    const int error = file_.Close();
    FL_RETURN_IF_ERROR(flushed);
    return error == 0 ? Status() : FileError(path_, error);
  }

 private:
  Status WriteOut(std::string_view data) {
    while (!data.empty()) {
      const ssize_t written = ::write(file_.get(), data.data(), data.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return FileError(path_, errno);
      data.remove_prefix(static_cast<std::size_t>(written));
    }
    return Status();
  }

  std::string path_;
  Descriptor file_;
  std::string buffer_;
};

class PosixReader final : public RandomAccessFile {
 public:
  PosixReader(std::string path, int descriptor) : path_(std::move(path)), file_(descriptor) {}

  Result<std::string> Read(std::uint64_t offset, std::uint64_t size,
                           std::string* available) override {
    FL_ASSIGN_OR_RETURN(const std::uint64_t length, Size());
    const std::uint64_t there = offset < length ? std::min(size, length - offset) : 0;
    std::string bytes(there, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t got = ::pread(file_.get(), bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;  // CK-105
      if (got < 0) return FileError(path_, errno);
      done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    if (available != nullptr) *available = bytes;
    if (done < size) return Status(Code::kOutOfRange, "Read less bytes than requested");  // CK-312
    return bytes;
  }
  Result<std::uint64_t> Size() override {
    struct stat info;
    if (::fstat(file_.get(), &info) != 0) return FileError(path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  std::string path_;
  Descriptor file_;
};

}  // namespace

Result<std::unique_ptr<WritableFile>> PosixFileSystem::Create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode);
  if (descriptor < 0) return FileError(path, errno);
  return std::unique_ptr<WritableFile>(std::make_unique<PosixWriter>(path, descriptor));
}

Result<std::unique_ptr<RandomAccessFile>> PosixFileSystem::Open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError(path, errno);
  auto reader = std::make_unique<PosixReader>(path, descriptor);
  struct stat info;
  if (::fstat(descriptor, &info) != 0) return FileError(path, errno);
  if (S_ISDIR(info.st_mode)) return FileError(path, EISDIR);
  return std::unique_ptr<RandomAccessFile>(std::move(reader));
}

Result<FileInfo> PosixFileSystem::Stat(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return FileError(path, errno);
  const bool directory = S_ISDIR(info.st_mode);
  return FileInfo{.size = directory ? 0 : static_cast<std::uint64_t>(info.st_size),
                  .modified = TimePoint::FromNanoseconds(info.st_mtim.tv_sec * 1'000'000'000 +
                                                         info.st_mtim.tv_nsec),
                  .is_directory = directory};
}

Result<std::vector<std::string>> PosixFileSystem::List(const std::string& path) {
  struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (!directory) return FileError(path, errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return FileError(path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  return Outcome(from, ::rename(from.c_str(), to.c_str()));
}

Status PosixFileSystem::Remove(const std::string& path) {
  return Outcome(path, ::unlink(path.c_str()));
}

Status PosixFileSystem::MakeDirectory(const std::string& path) {
  return Outcome(path, ::mkdir(path.c_str(), kDirectoryMode));
}

Status PosixFileSystem::RemoveDirectory(const std::string& path) {
  return Outcome(path, ::rmdir(path.c_str()));
}

Status PosixFileSystem::SyncDirectory(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open()) return FileError(path, errno);
  return Outcome(path, ::fsync(directory.get()));
}

}  // namespace faultline
