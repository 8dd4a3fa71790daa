#include "sim/interposer.h"

#include <array>

#include "core/base/assert.h"

namespace faultline::sim {
namespace {

constexpr std::array<std::string_view, kFileOperations> kNames = {
    "Create",       "Append", "Flush", "Sync",   "Close",  "Open",          "Read",
    "Size",         "Stat",   "List",  "Rename", "Remove", "MakeDirectory", "RemoveDirectory",
    "SyncDirectory"};

}  // namespace

std::string_view FileOperationName(FileOperation operation) {
  const auto index = static_cast<std::size_t>(operation);
  FL_ASSERT(index < kNames.size(), "no such file operation: {}", index);
  return kNames[index];
}

bool ParseFileOperationName(std::string_view name, FileOperation* operation) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    *operation = static_cast<FileOperation>(i);
    return true;
  }
  return false;
}

void Interposer::OnTurn(Node&, std::uint64_t) {}
void Interposer::OnAnnounce(Node&, Point, std::span<const Field>) {}
FileVerdict Interposer::BeforeFile(Node&, const FileCall&) { return {}; }
Status Interposer::AfterFile(Node&, const FileCall&, const Status& outcome) { return outcome; }
Status Interposer::BeforeCall(Node&, const CallInfo&) { return Status(); }
Status Interposer::AfterCall(Node&, const CallInfo&, const Status& outcome) { return outcome; }
Status Interposer::BeforeHandle(Node&, const CallInfo&) { return Status(); }
Status Interposer::AfterHandle(Node&, const CallInfo&, const Status& outcome) { return outcome; }

}  // namespace faultline::sim
