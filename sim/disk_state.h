#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/env/file_system.h"
#include "sim/choices.h"

namespace faultline::sim {

// What a power failure does to what was not synced.
enum class LossModel : std::uint8_t {
  kDrawn,           // each of the following, and everything between, by draw
  kLoseEverything,  // nothing that was not synced survives
  kKeepEverything,  // everything happened to be written in time
};

// A file or directory. Content and entries exist twice: as the running system sees them and as a
// power failure would leave them.
struct Inode {
  std::uint64_t number = 0;  // in the order of creation
  bool is_directory = false;
  std::string content;
  TimePoint modified;
  std::string durable_content;
  TimePoint durable_modified;
  // Whether the content differs in a way that a power failure of `writer` may undo.
  bool dirty = false;
  // The file was emptied since the last sync: its old content may come back.
  bool truncated = false;
  std::uint32_t writer = 0;
  std::map<std::string, std::shared_ptr<Inode>> entries;
  std::map<std::string, std::shared_ptr<Inode>> durable_entries;
};
using InodePtr = std::shared_ptr<Inode>;

// Page cache and durable state of one disk (H-01, H-02, H-12), without time, faults or fibers.
// Paths are absolute within the disk; errors carry the text of CK-105 without the path. `owner` is
// who writes: on a shared disk a power failure undoes only what the failing owner had not synced.
class DiskState {
 public:
  DiskState();
  // Takes the tree apart: a power failure that keeps a part of several renames can leave a circle.
  ~DiskState();
  DiskState(const DiskState&) = delete;
  DiskState& operator=(const DiskState&) = delete;

  // Creates the file, or empties the one that is there.
  Result<InodePtr> Create(std::string_view path, std::uint32_t owner, TimePoint wall);
  Result<InodePtr> Find(std::string_view path) const;
  Result<std::vector<std::string>> List(std::string_view path) const;
  Status Rename(std::string_view from, std::string_view to, std::uint32_t owner, TimePoint wall);
  Status Remove(std::string_view path, std::uint32_t owner, TimePoint wall);
  Status MakeDirectory(std::string_view path, std::uint32_t owner, TimePoint wall);
  Status RemoveDirectory(std::string_view path, std::uint32_t owner, TimePoint wall);
  Status SyncDirectory(std::string_view path);

  // Appends as much as the capacity allows; RESOURCE_EXHAUSTED if that is not all.
  Status Append(Inode& file, std::string_view data, std::uint32_t owner, TimePoint wall);
  void SyncFile(Inode& file);

  // Undoes unsynced work of `owner` as `model` says; draws come from `choices`.
  void PowerFail(std::uint32_t owner, LossModel model, ChoiceStream& choices);
  // Everything there is becomes durable: for setting a disk up.
  void SyncAll();

  // Bytes that all files together may have.
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  std::uint64_t used() const;
  // Directory operations that a power failure may undo.
  std::size_t unsynced_operations() const { return log_.size(); }
  // Every path with its content, directories with "/" at the end and no content; sorted.
  std::map<std::string, std::string> Contents() const;

 private:
  // One entry set (or removed, when `inode` is null) in one directory.
  struct EntryChange {
    InodePtr directory;
    std::string name;
    InodePtr inode;
  };
  // One directory operation that is not durable yet; a rename has two changes and is atomic.
  struct Operation {
    std::uint32_t owner = 0;
    std::vector<EntryChange> changes;
  };
  struct Place {
    InodePtr directory;
    std::string name;
    InodePtr inode;  // null when there is nothing of that name
  };

  InodePtr NewInode(bool is_directory, TimePoint wall);
  Result<InodePtr> Walk(std::string_view path) const;
  Result<Place> Locate(std::string_view path) const;
  void Apply(std::uint32_t owner, std::vector<EntryChange> changes, TimePoint wall);
  void FailContent(Inode& file, LossModel model, ChoiceStream& choices);
  std::vector<bool> DrawSurvivors(std::uint32_t owner, LossModel model,
                                  ChoiceStream& choices) const;
  // What exists in either view or through an unsynced operation, in a fixed order.
  std::vector<InodePtr> ReachableInodes() const;

  std::uint64_t inodes_ = 0;
  std::vector<std::weak_ptr<Inode>> directories_;
  const InodePtr root_;
  std::vector<Operation> log_;
  std::uint64_t capacity_ = UINT64_MAX;
};

// Status of CK-105 for an errno value, without a path: "No such file or directory".
Status DiskError(int error);

// The parts of a path, without empty ones and "."; ".." takes the part before away.
std::vector<std::string> PathParts(std::string_view path);

}  // namespace faultline::sim
