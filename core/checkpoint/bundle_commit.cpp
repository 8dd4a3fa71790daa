#include "core/checkpoint/bundle_commit.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "core/checkpoint/buffered_file.h"

namespace faultline {
namespace {

constexpr int kMaxRaises = 1000;

Result<bool> SameContent(FileSystem& files, const std::string& a, const std::string& b) {
  FL_ASSIGN_OR_RETURN(const FileInfo info_a, files.Stat(a));
  FL_ASSIGN_OR_RETURN(const FileInfo info_b, files.Stat(b));
  if (info_a.size != info_b.size) return false;
  FL_ASSIGN_OR_RETURN(const std::string content_a, ReadFile(files, a));
  FL_ASSIGN_OR_RETURN(const std::string content_b, ReadFile(files, b));
  return content_a == content_b;
}

// Whether the bundle may take the data names of `num_shards`: each is free or holds the same bytes.
Result<bool> NamesAreHarmless(FileSystem& files, const PendingBundle& bundle, int num_shards) {
  int shard = 0;
  for (const std::string& from : bundle.data_files) {
    const std::string to = DataFileName(bundle.prefix, shard++, num_shards);
    FL_ASSIGN_OR_RETURN(const bool taken, FileExists(files, to));
    if (!taken) continue;
    FL_ASSIGN_OR_RETURN(const bool same, SameContent(files, from, to));
    if (!same) return false;
  }
  return true;
}

Result<int> ChooseShardCount(FileSystem& files, const PendingBundle& bundle) {
  const int least = static_cast<int>(bundle.data_files.size());
  FL_ASSIGN_OR_RETURN(const bool indexed, FileExists(files, IndexFileName(bundle.prefix)));
  if (!indexed) return least;
  for (int n = least; n < least + kMaxRaises; ++n) {
    FL_ASSIGN_OR_RETURN(const bool harmless, NamesAreHarmless(files, bundle, n));
    if (harmless) return n;
  }
  return Status(Code::kFailedPrecondition,
                fmt::format("{}; too many data files of earlier saves", bundle.prefix));
}

// Data files of the prefix that the new index does not use are of no more use to anybody.
void RemoveStaleData(Env& env, const PendingBundle& bundle, int num_shards) {
  const std::string directory = DirectoryOf(bundle.prefix);
  const std::string base = BaseName(bundle.prefix);
  const Result<std::vector<std::string>> names =
      env.files.List(directory.empty() ? "." : directory);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (!IsDataFileName(name, base)) continue;
    bool used = false;
    for (int shard = 0; shard < static_cast<int>(bundle.data_files.size()); ++shard) {
      used = used || name == DataFileName(base, shard, num_shards);
    }
    if (used) continue;
    const Status removed = env.files.Remove(JoinPath(directory, name));
    if (!removed.ok()) env.logger.Log(LogLevel::kWarning, "Ignoring: " + removed.message());
  }
}

}  // namespace

void AnnounceSubStep(Env& env, const std::string& prefix, std::string_view sub) {
  env.observer.Announce(Point::kSaveSubStep, {{"prefix", std::string_view(prefix)}, {"sub", sub}});
}

std::string TemporaryPath(Env& env, const std::string& path) {
  return fmt::format("{}.tempstate{}", path, env.random.Draw("checkpoint/tempstate"));
}

Status WriteWholeFile(Env& env, const std::string& path, std::string_view content, bool durable) {
  FL_ASSIGN_OR_RETURN(auto created, env.files.Create(path));
  BufferedFile file(std::move(created));
  Status written = file.Append(content);
  const Status closed = file.Close(durable);
  if (written.ok()) written = closed;
  if (!written.ok()) static_cast<void>(env.files.Remove(path));
  return written;
}

Status CommitDurably(Env& env, const PendingBundle& bundle) {
  FL_ASSERT(!bundle.data_files.empty(), "a bundle has a data file");
  const std::string directory = DirectoryOf(bundle.prefix);
  FL_ASSIGN_OR_RETURN(const int num_shards, ChooseShardCount(env.files, bundle));
  FL_ASSIGN_OR_RETURN(const std::string index,
                      BuildIndex(bundle.entries, num_shards, bundle.block_size));
  int shard = 0;
  for (const std::string& from : bundle.data_files) {
    AnnounceSubStep(env, bundle.prefix, bundle.rename_data_sub);
    FL_RETURN_IF_ERROR(env.files.Rename(from, DataFileName(bundle.prefix, shard++, num_shards)));
  }
  // The names of the data must be durable before an index can be that describes them.
  FL_RETURN_IF_ERROR(SyncDirectoryPath(env.files, directory));
  AnnounceSubStep(env, bundle.prefix, bundle.write_index_sub);
  const std::string path = IndexFileName(bundle.prefix);
  const std::string temporary = TemporaryPath(env, path);
  FL_RETURN_IF_ERROR(WriteWholeFile(env, temporary, index, true));
  AnnounceSubStep(env, bundle.prefix, bundle.rename_index_sub);
  FL_RETURN_IF_ERROR(env.files.Rename(temporary, path));
  FL_RETURN_IF_ERROR(env.files.SyncDirectory(directory.empty() ? "." : directory));
  RemoveStaleData(env, bundle, num_shards);
  return Status();
}

Status SyncDirectoryPath(FileSystem& files, const std::string& directory) {
  FL_RETURN_IF_ERROR(files.SyncDirectory(directory.empty() ? "." : directory));
  for (std::string above = directory; !above.empty() && above != "/";) {
    above = DirectoryOf(above);
    const Status synced = files.SyncDirectory(above.empty() ? "." : above);
    // A directory that we may not open was not made by us.
    if (!synced.ok() && synced.code() != Code::kPermissionDenied) return synced;
  }
  return Status();
}

}  // namespace faultline
