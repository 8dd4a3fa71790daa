#include "core/checkpoint/atomic_file.h"

#include <fmt/format.h>

#include "core/checkpoint/bundle_commit.h"
#include "core/checkpoint/checkpoint_state.h"

namespace faultline {
namespace {

void AnnounceIfNamed(Env& env, const AtomicWrite& write, std::string_view sub) {
  if (!sub.empty()) AnnounceSubStep(env, write.prefix, sub);
}

}  // namespace

Status WriteAtomically(Env& env, const std::string& path, std::string_view content,
                       const AtomicWrite& write) {
  const std::uint64_t high = env.random.Draw("checkpoint/tmp");
  const std::uint64_t low = env.random.Draw("checkpoint/tmp");
  const std::string temporary = fmt::format("{}.tmp{:016x}{:016x}", path, high, low);
  AnnounceIfNamed(env, write, write.create_sub);
  FL_ASSIGN_OR_RETURN(const auto file, env.files.Create(temporary));
  FL_RETURN_IF_ERROR(file->Append(content));
  if (write.durable) FL_RETURN_IF_ERROR(file->Sync());
  FL_RETURN_IF_ERROR(file->Close());
  AnnounceIfNamed(env, write, write.rename_sub);
  const Status renamed = env.files.Rename(temporary, path);
  if (!renamed.ok()) {
    static_cast<void>(env.files.Remove(temporary));
    return renamed;
  }
  if (!write.durable) return Status();
  const std::string directory = DirectoryOf(path);
  return env.files.SyncDirectory(directory.empty() ? "." : directory);
}

Status WriteFileAtomically(Env& env, const std::string& path, std::string_view content,
                           bool durable) {
  AtomicWrite write;
  write.durable = durable;
  return WriteAtomically(env, path, content, write);
}

}  // namespace faultline
