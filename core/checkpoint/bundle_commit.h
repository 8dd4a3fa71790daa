#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/checkpoint/bundle_format.h"
#include "core/env/env.h"

namespace faultline {

// Announces that a sub-step of a save (CK section 20) is about to happen. May suspend or unwind.
void AnnounceSubStep(Env& env, const std::string& prefix, std::string_view sub);

// `path` with TensorFlow's ending for files that are not finished (CK-203).
std::string TemporaryPath(Env& env, const std::string& path);

// Creates, writes and closes `path`; syncs it if `durable`. Deletes it when that fails.
Status WriteWholeFile(Env& env, const std::string& path, std::string_view content, bool durable);

// A bundle whose data files are written and synced, but not yet under their final names.
struct PendingBundle {
  std::string prefix;
  std::vector<std::string> data_files;  // by shard
  BundleEntries entries;
  std::size_t block_size = 262144;
  // Names of the sub-steps: before each renaming of a data file, before the index is written,
  // before it gets its name.
  std::string_view rename_data_sub;
  std::string_view write_index_sub;
  std::string_view rename_index_sub;
};

// Gives a bundle its final names so that, whatever stops the process or its machine, `prefix` is
// either what it was or the new bundle, and returns after the new one is durable (hardened saves,
// CK-2007). The index goes through a temporary name and is renamed last. Data files never take the
// name of a different one that an existing index may describe: the number of shards in names and
// header is then raised, which leaves shards without content that no entry refers to.
Status CommitDurably(Env& env, const PendingBundle& bundle);

// Makes the entries of a directory durable, and those of all directories above it that name it.
Status SyncDirectoryPath(FileSystem& files, const std::string& directory);

}  // namespace faultline
