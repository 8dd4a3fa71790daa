#include "core/checkpoint/recording_disk.h"

#include <utility>

namespace faultline::testing {
namespace {

constexpr int kDirectory = -1;

struct Content {
  std::string written;
  std::string durable;
};

// One name gained or lost by a directory.
struct Entry {
  std::string directory;
  std::string path;
  std::optional<int> file;  // none: the name is gone
};

}  // namespace

void Put(const DiskImage& image, FileSystem& files) {
  for (const std::string& directory : image.directories) {
    static_cast<void>(MakeDirectories(files, directory));
  }
  for (const auto& [path, content] : image.files) {
    Result<std::unique_ptr<WritableFile>> file = files.Create(path);
    FL_ASSERT(file.ok(), "{}", file.status().ToString());
    FL_ASSERT((*file)->Append(content).ok(), "{} takes its content", path);
    FL_ASSERT((*file)->Close().ok(), "{} can be closed", path);
  }
}

class RecordingDisk::Writer final : public WritableFile {
 public:
  Writer(std::unique_ptr<WritableFile> inner, std::shared_ptr<Log> log, std::string path)
      : inner_(std::move(inner)), log_(std::move(log)), path_(std::move(path)) {}
  Status Append(std::string_view data) override {
    log_->push_back({Kind::kAppend, path_, "", std::string(data)});
    return inner_->Append(data);
  }
  Status Flush() override { return inner_->Flush(); }
  Status Sync() override {
    log_->push_back({Kind::kSync, path_});
    return inner_->Sync();
  }
  Status Close() override { return inner_->Close(); }

 private:
  std::unique_ptr<WritableFile> inner_;
  std::shared_ptr<Log> log_;
  std::string path_;
};

// The disk while the log is gone through.
class RecordingDisk::Replay {
 public:
  void Apply(const Change& change) {
    switch (change.kind) {
      case Kind::kCreate:
        return Create(change.path);
      case Kind::kAppend:
        Of(change.path).written += change.data;
        return;
      case Kind::kSync:
        Of(change.path).durable = Of(change.path).written;
        return;
      case Kind::kRename:
        return Rename(change.path, change.to);
      case Kind::kMakeDirectory:
        names_[change.path] = kDirectory;
        pending_.push_back({{DirectoryOf(change.path), change.path, kDirectory}});
        return;
      case Kind::kRemove:
      case Kind::kRemoveDirectory:
        names_.erase(change.path);
        pending_.push_back({{DirectoryOf(change.path), change.path, std::nullopt}});
        return;
      case Kind::kSyncDirectory:
        return SyncDirectory(change.path);
    }
  }

  DiskImage Written() const {
    DiskImage image;
    for (const auto& [path, file] : names_)
      Put(path, file, false, Survival::kEverything, nullptr, &image);
    return image;
  }

  DiskImage Durable(Survival survival, Prng* prng) {
    for (const auto& group : pending_) {
      const bool survives = survival == Survival::kEverything ||
                            (survival == Survival::kAnything && prng->Below(2) == 0);
      if (!survives) continue;
      for (const Entry& entry : group) Set(entry);
    }
    DiskImage image;
    for (const auto& [path, file] : durable_) Put(path, file, true, survival, prng, &image);
    return image;
  }

 private:
  Content& Of(const std::string& path) {
    return contents_[static_cast<std::size_t>(names_.at(path))];
  }

  void Create(const std::string& path) {
    const auto found = names_.find(path);
    if (found != names_.end()) {
      Of(path).written.clear();
      return;
    }
    const int file = static_cast<int>(contents_.size());
    contents_.emplace_back();
    names_[path] = file;
    pending_.push_back({{DirectoryOf(path), path, file}});
  }

  void Rename(const std::string& from, const std::string& to) {
    const int file = names_.at(from);
    names_.erase(from);
    names_[to] = file;
    const Entry gained{DirectoryOf(to), to, file};
    const Entry lost{DirectoryOf(from), from, std::nullopt};
    if (gained.directory == lost.directory) {
      pending_.push_back({gained, lost});
    } else {
      pending_.push_back({gained});
      pending_.push_back({lost});
    }
  }

  void SyncDirectory(const std::string& directory) {
    std::vector<std::vector<Entry>> rest;
    for (const auto& group : pending_) {
      if (group.front().directory == directory) {
        for (const Entry& entry : group) Set(entry);
      } else {
        rest.push_back(group);
      }
    }
    pending_ = std::move(rest);
  }

  void Set(const Entry& entry) {
    if (entry.file) {
      durable_[entry.path] = *entry.file;
    } else {
      durable_.erase(entry.path);
    }
  }

  bool Reachable(const std::string& path) const {
    for (std::string above = DirectoryOf(path); above != "/"; above = DirectoryOf(above)) {
      const auto found = durable_.find(above);
      if (found == durable_.end() || found->second != kDirectory) return false;
    }
    return true;
  }

  void Put(const std::string& path, int file, bool after_loss, Survival survival, Prng* prng,
           DiskImage* image) const {
    if (after_loss && !Reachable(path)) return;
    if (file == kDirectory) {
      image->directories.insert(path);
      return;
    }
    const Content& content = contents_[static_cast<std::size_t>(file)];
    image->files[path] = after_loss ? Left(content, survival, prng) : content.written;
  }

  static std::string Left(const Content& content, Survival survival, Prng* prng) {
    if (content.written == content.durable || survival == Survival::kEverything)
      return content.written;
    if (survival == Survival::kNothing) return content.durable;
    std::string cut = content.written.substr(0, prng->Below(content.written.size() + 1));
    if (prng->Below(2) == 0) cut.resize(content.written.size());
    return prng->Below(4) == 0 ? content.durable : cut;
  }

  std::vector<Content> contents_;
  std::map<std::string, int> names_;
  std::map<std::string, int> durable_;
  std::vector<std::vector<Entry>> pending_;
};

DiskImage RecordingDisk::AfterCrash(std::size_t n) const {
  Replay replay;
  for (std::size_t i = 0; i < n; ++i) replay.Apply(log_->at(i));
  return replay.Written();
}

DiskImage RecordingDisk::AfterPowerFailure(std::size_t n, Survival survival, Prng* prng) const {
  Replay replay;
  for (std::size_t i = 0; i < n; ++i) replay.Apply(log_->at(i));
  return replay.Durable(survival, prng);
}

Result<std::unique_ptr<WritableFile>> RecordingDisk::Create(const std::string& path) {
  FL_ASSIGN_OR_RETURN(auto inner, inner_.Create(path));
  log_->push_back({Kind::kCreate, path});
  return std::unique_ptr<WritableFile>(std::make_unique<Writer>(std::move(inner), log_, path));
}

Status RecordingDisk::Rename(const std::string& from, const std::string& to) {
  FL_RETURN_IF_ERROR(inner_.Rename(from, to));
  log_->push_back({Kind::kRename, from, to});
  return Status();
}

Status RecordingDisk::Remove(const std::string& path) {
  FL_RETURN_IF_ERROR(inner_.Remove(path));
  log_->push_back({Kind::kRemove, path});
  return Status();
}

Status RecordingDisk::MakeDirectory(const std::string& path) {
  FL_RETURN_IF_ERROR(inner_.MakeDirectory(path));
  log_->push_back({Kind::kMakeDirectory, path});
  return Status();
}

Status RecordingDisk::RemoveDirectory(const std::string& path) {
  FL_RETURN_IF_ERROR(inner_.RemoveDirectory(path));
  log_->push_back({Kind::kRemoveDirectory, path});
  return Status();
}

Status RecordingDisk::SyncDirectory(const std::string& path) {
  FL_RETURN_IF_ERROR(inner_.SyncDirectory(path));
  log_->push_back({Kind::kSyncDirectory, path});
  return Status();
}

}  // namespace faultline::testing
