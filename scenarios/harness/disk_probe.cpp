#include "scenarios/harness/disk_probe.h"

#include <utility>

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include "core/checkpoint/checkpoint_state.h"
#include "core/proto/checkpoint_state.pb.h"
#include "scenarios/harness/checkers/event_fields.h"
#include "sim/disk.h"
#include "sim/simulator.h"

namespace faultline::scenarios {
namespace {

struct Located {
  sim::SimDisk* disk;
  std::string path;  // within the disk
};

// The longest mount counts, as for the processes of the node.
Located Locate(const sim::Node& node, const std::string& path) {
  Located best{&node.disk(), path};
  std::size_t longest = 0;
  for (const auto& [mount, target] : node.options().mounts) {
    const bool below = path == mount || path.starts_with(mount + "/");
    if (below && mount.size() >= longest) {
      longest = mount.size();
      best = {target.disk, path.substr(mount.size())};
    }
  }
  return best;
}

Result<sim::InodePtr> FindInode(const sim::Node& node, const std::string& path) {
  const Located located = Locate(node, path);
  auto found = located.disk->state().Find(located.path);
  if (!found.ok()) {
    return found.status().WithMessage(path + "; " + found.status().message());
  }
  return found;
}

class ViewedFile final : public RandomAccessFile {
 public:
  explicit ViewedFile(std::string content) : content_(std::move(content)) {}
  Result<std::string> Read(std::uint64_t offset, std::uint64_t size,
                           std::string* available) override {
    const std::string bytes =
        offset < content_.size() ? content_.substr(offset, size) : std::string();
    if (available != nullptr) *available = bytes;
    if (bytes.size() < size) return Status(Code::kOutOfRange, "Read less bytes than requested");
    return bytes;
  }
  Result<std::uint64_t> Size() override { return std::uint64_t{content_.size()}; }

 private:
  const std::string content_;
};

Status ReadOnly(const std::string& path) {
  return Status(Code::kFailedPrecondition, path + "; looked at from outside, read only");
}

// The parser would print them.
class SilentErrors final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, int, const std::string&) override {}
};

// The path that a state file names, from its bytes.
Result<std::string> NamedPath(const std::string& text, const std::string& directory) {
  v1::tf::CheckpointState state;
  SilentErrors silent;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  if (!parser.ParseFromString(text, &state) || state.model_checkpoint_path().empty()) {
    return Status(Code::kDataLoss, directory + "; the state file names no checkpoint");
  }
  return JoinPath(directory, state.model_checkpoint_path());
}

}  // namespace

Result<std::unique_ptr<WritableFile>> DiskView::Create(const std::string& path) {
  return ReadOnly(path);
}

Result<std::unique_ptr<RandomAccessFile>> DiskView::Open(const std::string& path) {
  FL_ASSIGN_OR_RETURN(const sim::InodePtr inode, FindInode(node_, path));
  if (inode->is_directory) return Status(Code::kFailedPrecondition, path + "; Is a directory");
  return std::unique_ptr<RandomAccessFile>(std::make_unique<ViewedFile>(inode->content));
}

Result<FileInfo> DiskView::Stat(const std::string& path) {
  FL_ASSIGN_OR_RETURN(const sim::InodePtr inode, FindInode(node_, path));
  return FileInfo{inode->content.size(), inode->modified, inode->is_directory};
}

Result<std::vector<std::string>> DiskView::List(const std::string& path) {
  const Located located = Locate(node_, path);
  return located.disk->state().List(located.path);
}

Status DiskView::Rename(const std::string& from, const std::string&) { return ReadOnly(from); }
Status DiskView::Remove(const std::string& path) { return ReadOnly(path); }
Status DiskView::MakeDirectory(const std::string& path) { return ReadOnly(path); }
Status DiskView::RemoveDirectory(const std::string& path) { return ReadOnly(path); }
Status DiskView::SyncDirectory(const std::string& path) { return ReadOnly(path); }

void DiskProbe::OnEvent(const sim::TraceEvent& event) {
  const EventFields fields(event);
  if (IsPoint(event, Point::kSaveDone) && fields.Text("code") == "OK") {
    acknowledged_.insert(std::string(fields.Text("prefix")));
  } else if (IsPoint(event, Point::kCheckpointRemoved) ||
             (IsPoint(event, Point::kSaveSubStep) && fields.Text("sub") == "N9")) {
    acknowledged_.erase(std::string(fields.Text("prefix")));
  } else if (IsPoint(event, Point::kStateWritten)) {
    directories_.insert(std::string(fields.Text("directory")));
  }
}

void DiskProbe::OnAnnounce(sim::Node& node, Point point, std::span<const Field> fields) {
  if (point == Point::kStateWritten) {
    for (const Field& field : fields) {
      if (field.name == "directory") {
        ProbeState(node, std::string(std::get<std::string_view>(field.value)));
      }
    }
  }
  next_.OnAnnounce(node, point, fields);
}

void DiskProbe::Look(const sim::Node& node) {
  DiskView view(node);
  for (const std::string& prefix : acknowledged_) {
    const Status verified = VerifyCheckpoint(view, prefix);
    node.simulator().TraceAnnouncement(node, Point::kCheckpointProbe,
                                       {{"prefix", std::string_view(prefix)},
                                        {"code", CodeName(verified.code())},
                                        {"message", std::string_view(verified.message())}});
  }
  for (const std::string& directory : directories_) ProbeState(node, directory);
}

void DiskProbe::ProbeState(const sim::Node& node, const std::string& directory) {
  DiskView view(node);
  std::string_view answer = "none";
  std::string path;
  Status verified;
  const Result<std::string> text = ReadFile(view, JoinPath(directory, kDefaultStateFile));
  if (text.ok()) {
    const Result<std::string> named = NamedPath(text.value(), directory);
    answer = named.ok() ? "state" : "unreadable";
    if (named.ok()) {
      path = named.value();
      verified = VerifyCheckpoint(view, path);
    } else {
      verified = named.status();
    }
  }
  node.simulator().TraceAnnouncement(node, Point::kStateProbe,
                                     {{"directory", std::string_view(directory)},
                                      {"answer", answer},
                                      {"path", std::string_view(path)},
                                      {"code", CodeName(verified.code())}});
}

}  // namespace faultline::scenarios
