#include "sim/disk_state.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "core/base/assert.h"
#include "core/env/file_error.h"

namespace faultline::sim {
namespace {

constexpr std::size_t kPageBytes = 4096;

using Entries = std::map<std::string, InodePtr>;

void SetEntry(Entries* entries, const std::string& name, const InodePtr& inode) {
  if (inode == nullptr) {
    entries->erase(name);
  } else {
    (*entries)[name] = inode;
  }
}

bool IsWithin(std::string_view directory, std::string_view path) {
  const std::vector<std::string> outer = PathParts(directory);
  const std::vector<std::string> inner = PathParts(path);
  return inner.size() > outer.size() && std::equal(outer.begin(), outer.end(), inner.begin());
}

// What the page cache had written of `tail` when the power went.
std::string DrawTail(const std::string& tail, ChoiceStream& choices, std::uint64_t mode) {
  std::string left = tail;
  if (mode == 0) {  // only the first part
    left.resize(choices.Below(tail.size() + 1));
  } else if (mode == 1) {  // the length, but zeros from some byte on: delayed allocation (H-01)
    const std::uint64_t written = choices.Below(tail.size() + 1);
    std::fill(left.begin() + static_cast<std::ptrdiff_t>(written), left.end(), '\0');
  } else {  // any subset of pages
    for (std::size_t page = 0; page < tail.size(); page += kPageBytes) {
      if (choices.Below(2) == 1) continue;
      const std::size_t end = std::min(page + kPageBytes, tail.size());
      std::fill(left.begin() + static_cast<std::ptrdiff_t>(page),
                left.begin() + static_cast<std::ptrdiff_t>(end), '\0');
    }
  }
  return left;
}

}  // namespace

Status DiskError(int error) {
  const Status full = FileError("", error);
  constexpr std::size_t kSeparator = 2;
  return full.WithMessage(full.message().substr(kSeparator));
}

std::vector<std::string> PathParts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return parts;
}

DiskState::DiskState() : root_(NewInode(true, TimePoint())) {}

DiskState::~DiskState() {
  for (const std::weak_ptr<Inode>& weak : directories_) {
    const InodePtr directory = weak.lock();
    if (directory == nullptr) continue;
    directory->entries.clear();
    directory->durable_entries.clear();
  }
}

InodePtr DiskState::NewInode(bool is_directory, TimePoint wall) {
  auto inode = std::make_shared<Inode>();
  inode->number = ++inodes_;
  inode->is_directory = is_directory;
  inode->modified = wall;
  if (is_directory) directories_.push_back(inode);
  return inode;
}

Result<InodePtr> DiskState::Walk(std::string_view path) const {
  InodePtr inode = root_;
  for (const std::string& part : PathParts(path)) {
    if (!inode->is_directory) return DiskError(ENOTDIR);
    const auto found = inode->entries.find(part);
    if (found == inode->entries.end()) return DiskError(ENOENT);
    inode = found->second;
  }
  return inode;
}

Result<DiskState::Place> DiskState::Locate(std::string_view path) const {
  std::vector<std::string> parts = PathParts(path);
  if (parts.empty()) return DiskError(EBUSY);
  Place place{.directory = root_, .name = std::move(parts.back()), .inode = nullptr};
  parts.pop_back();
  for (const std::string& part : parts) {
    const auto found = place.directory->entries.find(part);
    if (found == place.directory->entries.end()) return DiskError(ENOENT);
    if (!found->second->is_directory) return DiskError(ENOTDIR);
    place.directory = found->second;
  }
  const auto found = place.directory->entries.find(place.name);
  if (found != place.directory->entries.end()) place.inode = found->second;
  return place;
}

void DiskState::Apply(std::uint32_t owner, std::vector<EntryChange> changes, TimePoint wall) {
  for (const EntryChange& change : changes) {
    SetEntry(&change.directory->entries, change.name, change.inode);
    change.directory->modified = wall;
  }
  log_.push_back({.owner = owner, .changes = std::move(changes)});
}

Result<InodePtr> DiskState::Create(std::string_view path, std::uint32_t owner, TimePoint wall) {
  if (PathParts(path).empty()) return DiskError(EISDIR);
  FL_ASSIGN_OR_RETURN(Place place, Locate(path));
  if (place.inode == nullptr) {
    const InodePtr file = NewInode(false, wall);
    file->writer = owner;
    Apply(owner, {{place.directory, place.name, file}}, wall);
    return file;
  }
  if (place.inode->is_directory) return DiskError(EISDIR);
  if (!place.inode->content.empty() || !place.inode->durable_content.empty()) {
    place.inode->content.clear();
    place.inode->truncated = true;
    place.inode->dirty = true;
  }
  place.inode->modified = wall;
  place.inode->writer = owner;
  return place.inode;
}

Result<InodePtr> DiskState::Find(std::string_view path) const { return Walk(path); }

Result<std::vector<std::string>> DiskState::List(std::string_view path) const {
  FL_ASSIGN_OR_RETURN(const InodePtr directory, Walk(path));
  if (!directory->is_directory) return DiskError(ENOTDIR);
  std::vector<std::string> names;
  for (const auto& [name, inode] : directory->entries) names.push_back(name);
  return names;
}

Status DiskState::Rename(std::string_view from, std::string_view to, std::uint32_t owner,
                         TimePoint wall) {
  FL_ASSIGN_OR_RETURN(const Place source, Locate(from));
  FL_ASSIGN_OR_RETURN(const Place target, Locate(to));
  if (source.inode == nullptr) return DiskError(ENOENT);
  if (source.inode == target.inode) return Status();
  if (source.inode->is_directory && IsWithin(from, to)) return DiskError(EINVAL);
  if (target.inode != nullptr) {
    if (target.inode->is_directory && !source.inode->is_directory) return DiskError(EISDIR);
    if (!target.inode->is_directory && source.inode->is_directory) return DiskError(ENOTDIR);
    if (!target.inode->entries.empty()) return DiskError(ENOTEMPTY);
  }
  Apply(owner,
        {{source.directory, source.name, nullptr}, {target.directory, target.name, source.inode}},
        wall);
  return Status();
}

Status DiskState::Remove(std::string_view path, std::uint32_t owner, TimePoint wall) {
  if (PathParts(path).empty()) return DiskError(EISDIR);
  FL_ASSIGN_OR_RETURN(const Place place, Locate(path));
  if (place.inode == nullptr) return DiskError(ENOENT);
  if (place.inode->is_directory) return DiskError(EISDIR);
  Apply(owner, {{place.directory, place.name, nullptr}}, wall);
  return Status();
}

Status DiskState::MakeDirectory(std::string_view path, std::uint32_t owner, TimePoint wall) {
  if (PathParts(path).empty()) return DiskError(EEXIST);
  FL_ASSIGN_OR_RETURN(const Place place, Locate(path));
  if (place.inode != nullptr) return DiskError(EEXIST);
  Apply(owner, {{place.directory, place.name, NewInode(true, wall)}}, wall);
  return Status();
}

Status DiskState::RemoveDirectory(std::string_view path, std::uint32_t owner, TimePoint wall) {
  FL_ASSIGN_OR_RETURN(const Place place, Locate(path));
  if (place.inode == nullptr) return DiskError(ENOENT);
  if (!place.inode->is_directory) return DiskError(ENOTDIR);
  if (!place.inode->entries.empty()) return DiskError(ENOTEMPTY);
  Apply(owner, {{place.directory, place.name, nullptr}}, wall);
  return Status();
}

Status DiskState::SyncDirectory(std::string_view path) {
  FL_ASSIGN_OR_RETURN(const InodePtr directory, Walk(path));
  if (!directory->is_directory) return DiskError(ENOTDIR);
  std::vector<Operation> left;
  for (Operation& operation : log_) {
    const bool touches = std::any_of(
        operation.changes.begin(), operation.changes.end(),
        [&directory](const EntryChange& change) { return change.directory == directory; });
    if (!touches) {
      left.push_back(std::move(operation));
      continue;
    }
    for (const EntryChange& change : operation.changes) {
      SetEntry(&change.directory->durable_entries, change.name, change.inode);
    }
  }
  log_ = std::move(left);
  return Status();
}

Status DiskState::Append(Inode& file, std::string_view data, std::uint32_t owner, TimePoint wall) {
  std::size_t fits = data.size();
  if (capacity_ != UINT64_MAX) {
    const std::uint64_t taken = used();
    const std::uint64_t room = taken < capacity_ ? capacity_ - taken : 0;
    fits = static_cast<std::size_t>(std::min<std::uint64_t>(room, fits));
  }
  file.content.append(data.substr(0, fits));
  file.modified = wall;
  file.writer = owner;
  if (fits > 0) file.dirty = true;
  return fits == data.size() ? Status() : DiskError(ENOSPC);
}

void DiskState::SyncFile(Inode& file) {
  file.durable_content = file.content;
  file.durable_modified = file.modified;
  file.dirty = false;
  file.truncated = false;
}

std::vector<bool> DiskState::DrawSurvivors(std::uint32_t owner, LossModel model,
                                           ChoiceStream& choices) const {
  std::vector<std::size_t> mine;
  for (std::size_t i = 0; i < log_.size(); ++i) {
    if (log_[i].owner == owner) mine.push_back(i);
  }
  std::vector<bool> survives(log_.size(), false);
  std::uint64_t mode = model == LossModel::kKeepEverything ? 1 : 0;
  if (model == LossModel::kDrawn && !mine.empty()) mode = choices.Below(4);
  // A journal keeps a prefix; without barriers any subset may survive (H-02, H-12).
  const std::uint64_t prefix = mode == 2 ? choices.Below(mine.size() + 1) : 0;
  for (std::size_t k = 0; k < mine.size(); ++k) {
    const bool kept =
        mode == 1 || (mode == 2 && k < prefix) || (mode == 3 && choices.Below(2) == 1);
    survives[mine[k]] = kept;
  }
  return survives;
}

void DiskState::FailContent(Inode& file, LossModel model, ChoiceStream& choices) {
  std::uint64_t mode = model == LossModel::kKeepEverything ? 2 : 0;
  if (model == LossModel::kDrawn) mode = choices.Below(6);
  const std::string base = file.truncated ? std::string() : file.durable_content;
  FL_ASSERT(file.content.starts_with(base), "files are only appended to");
  const std::string tail = file.content.substr(base.size());
  if (mode == 0) {
    file.content = file.durable_content;
    file.modified = file.durable_modified;
  } else if (mode == 1) {
    file.content = base;
  } else if (mode > 2) {
    file.content = base + DrawTail(tail, choices, mode - 3);
  }
  SyncFile(file);
}

std::vector<InodePtr> DiskState::ReachableInodes() const {
  std::vector<InodePtr> found = {root_};
  std::set<std::uint64_t> seen = {root_->number};
  const auto visit = [&](const InodePtr& inode) {
    if (inode != nullptr && seen.insert(inode->number).second) found.push_back(inode);
  };
  for (const Operation& operation : log_) {
    for (const EntryChange& change : operation.changes) {
      visit(change.directory);
      visit(change.inode);
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const InodePtr inode = found[i];
    for (const auto& [name, child] : inode->entries) visit(child);
    for (const auto& [name, child] : inode->durable_entries) visit(child);
  }
  return found;
}

void DiskState::PowerFail(std::uint32_t owner, LossModel model, ChoiceStream& choices) {
  const std::vector<InodePtr> inodes = ReachableInodes();
  const std::vector<bool> survives = DrawSurvivors(owner, model, choices);
  std::vector<Operation> others;
  for (std::size_t i = 0; i < log_.size(); ++i) {
    if (log_[i].owner != owner) {
      others.push_back(std::move(log_[i]));
    } else if (survives[i]) {
      for (const EntryChange& change : log_[i].changes) {
        SetEntry(&change.directory->durable_entries, change.name, change.inode);
      }
    }
  }
  log_ = std::move(others);
  for (const InodePtr& inode : inodes) {
    if (inode->is_directory) inode->entries = inode->durable_entries;
    if (inode->dirty && inode->writer == owner) FailContent(*inode, model, choices);
  }
  for (const Operation& operation : log_) {
    for (const EntryChange& change : operation.changes) {
      SetEntry(&change.directory->entries, change.name, change.inode);
    }
  }
}

void DiskState::SyncAll() {
  for (const InodePtr& inode : ReachableInodes()) {
    inode->durable_entries = inode->entries;
    SyncFile(*inode);
  }
  log_.clear();
}

std::uint64_t DiskState::used() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, content] : Contents()) bytes += content.size();
  return bytes;
}

std::map<std::string, std::string> DiskState::Contents() const {
  std::map<std::string, std::string> contents;
  std::vector<std::pair<std::string, InodePtr>> pending = {{"/", root_}};
  while (!pending.empty()) {
    const auto [path, directory] = pending.back();
    pending.pop_back();
    for (const auto& [name, inode] : directory->entries) {
      if (inode->is_directory) {
        contents[path + name + "/"] = "";
        pending.emplace_back(path + name + "/", inode);
      } else {
        contents[path + name] = inode->content;
      }
    }
  }
  return contents;
}

}  // namespace faultline::sim
