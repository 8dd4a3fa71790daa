#include "sim/disk.h"

#include <cerrno>
#include <utility>

#include "core/base/assert.h"

namespace faultline::sim {
namespace {

// Who put the files there that no process wrote.
constexpr std::uint32_t kNobody = 0xffffffffU;

}  // namespace

SimDisk::SimDisk(std::string name, DiskOptions options, ChoiceSource& choices)
    : name_(std::move(name)),
      options_(options),
      latency_(choices.Stream("disk", "latency", name_)),
      power_(choices.Stream("disk", "power_failure", name_)) {
  FL_ASSERT(options_.bytes_per_second > 0, "disk {} moves no bytes", name_);
  state_.set_capacity(options_.capacity_bytes);
}

void SimDisk::Put(std::string_view path, std::string_view content) {
  std::string directory;
  std::vector<std::string> parts = PathParts(path);
  FL_ASSERT(!parts.empty(), "a file needs a name");
  const std::string name = std::move(parts.back());
  parts.pop_back();
  for (const std::string& part : parts) {
    const std::string parent = directory;
    directory += "/" + part;
    const Status made = state_.MakeDirectory(directory, kNobody, TimePoint());
    if (made.ok()) FL_ASSERT(state_.SyncDirectory(parent).ok(), "disk {}: {}", name_, parent);
  }
  const Result<InodePtr> file = state_.Create(directory + "/" + name, kNobody, TimePoint());
  FL_ASSERT(file.ok(), "disk {}: {}: {}", name_, path, file.status().ToString());
  const Status written = state_.Append(**file, content, kNobody, TimePoint());
  FL_ASSERT(written.ok(), "disk {}: {}: {}", name_, path, written.ToString());
  state_.SyncFile(**file);
  FL_ASSERT(state_.SyncDirectory(directory).ok(), "disk {}: {}", name_, directory);
}

Result<std::string> SimDisk::Get(std::string_view path) const {
  FL_ASSIGN_OR_RETURN(const InodePtr inode, state_.Find(path));
  if (inode->is_directory) return DiskError(EISDIR);
  return inode->content;
}

bool SimDisk::Damage(std::string_view path, std::uint64_t offset, std::uint8_t flip) {
  const Result<InodePtr> inode = state_.Find(path);
  if (!inode.ok() || offset >= (*inode)->content.size()) return false;
  const auto flipped = [flip](char byte) {
    return static_cast<char>(static_cast<std::uint8_t>(byte) ^ flip);
  };
  std::string& content = (*inode)->content;
  content[offset] = flipped(content[offset]);
  std::string& durable = (*inode)->durable_content;
  if (offset < durable.size()) durable[offset] = flipped(durable[offset]);
  return true;
}

bool SimDisk::Truncate(std::string_view path, std::uint64_t size) {
  const Result<InodePtr> inode = state_.Find(path);
  if (!inode.ok() || size > (*inode)->content.size()) return false;
  (*inode)->content.resize(size);
  if (size < (*inode)->durable_content.size()) (*inode)->durable_content.resize(size);
  return true;
}

void SimDisk::PowerFail(std::uint32_t owner, LossModel loss) {
  state_.PowerFail(owner, loss, power_);
}

Duration SimDisk::DrawLatency(FileOperation operation, std::uint64_t bytes) {
  const bool sync = operation == FileOperation::kSync || operation == FileOperation::kSyncDirectory;
  const Duration base = sync ? latency_.Between(options_.sync_min, options_.sync_max)
                             : latency_.Between(options_.operation_min, options_.operation_max);
  const double seconds =
      static_cast<double>(bytes) / static_cast<double>(options_.bytes_per_second);
  return base + Duration::FromSeconds(seconds);
}

}  // namespace faultline::sim
