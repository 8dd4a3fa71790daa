#include "core/checkpoint/bundle_merge.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/checkpoint/bundle_commit.h"
#include "core/checkpoint/bundle_format.h"
#include "core/checkpoint/table.h"

namespace faultline {
namespace {

struct Merged {
  BundleEntries entries;
  std::vector<std::string> data_files;  // by shard of the result
  bool first = true;
  int num_shards = 0;
  bool big_endian = false;
  std::string version;
};

Status InvalidArgument(std::string message) {
  return Status(Code::kInvalidArgument, std::move(message));
}

// Number of a data file in the result, in order of first appearance (CK-904).
int ShardOf(Merged* merged, const std::string& path) {
  auto& files = merged->data_files;
  const auto found = std::find(files.begin(), files.end(), path);
  const auto index = static_cast<int>(found - files.begin());
  if (found == files.end()) files.push_back(path);
  return index;
}

// CK-902.
Status MergeHeader(const Result<BundleHeader>& read, const std::string& path, Merged* merged) {
  if (!read.ok()) {
    return Status(read.status().code(),
                  fmt::format("Unable to read file ({}). Perhaps the file is corrupt: {}", path,
                              read.status().message()));
  }
  const BundleHeader& header = read.value();
  if (merged->first) {
    merged->first = false;
    merged->big_endian = header.big_endian;
    merged->version = header.version;
  } else if (header.big_endian != merged->big_endian) {
    return InvalidArgument("Merging bundles with conflicting endianness; inputs corrupted?");
  } else if (header.version != merged->version) {
    return InvalidArgument("Merging bundles with different format versions: " + path);
  }
  merged->num_shards += header.num_shards;
  return Status();
}

// CK-903.
Status MergeEntry(const std::string& key, BundleEntry entry, const std::string& input,
                  Merged* merged) {
  const auto earlier = merged->entries.find(key);
  if (earlier == merged->entries.end()) {
    merged->entries.emplace(key, std::move(entry));
    return Status();
  }
  BundleEntry& kept = earlier->second;
  if (kept.slices.empty()) {
    return InvalidArgument(fmt::format(
        "Duplicate tensor keyed by {} encountered, when merging prefix: {}", key, input));
  }
  if (entry.slices.empty()) {
    return Status(Code::kInternal,
                  fmt::format("Duplicate tensor keyed by {}; attempting to merge in a non-slice "
                              "bundle entry",
                              key));
  }
  if (entry.dtype != kept.dtype || entry.shape != kept.shape) {
    return Status(Code::kInternal,
                  fmt::format("Slices of {} disagree on the type or shape of the tensor", key));
  }
  kept.slices.insert(kept.slices.end(), entry.slices.begin(), entry.slices.end());
  return Status();
}

Status MergeIndex(FileSystem& files, const std::string& input, Merged* merged) {
  const std::string path = IndexFileName(input);
  FL_ASSIGN_OR_RETURN(std::string image, ReadFile(files, path));
  FL_ASSIGN_OR_RETURN(const auto table, Table::Open(std::move(image)));
  const auto iterator = table->NewIterator();
  iterator->SeekToFirst();
  const bool has_header = iterator->Valid() && iterator->key() == kHeaderKey;
  const Status broken = iterator->status();
  Result<BundleHeader> header =
      has_header
          ? ParseHeader(iterator->value())
          : Result<BundleHeader>(broken.ok() ? Status(Code::kInternal, "no header") : broken);
  const int num_shards = header.ok() ? header->num_shards : 0;
  FL_RETURN_IF_ERROR(MergeHeader(header, path, merged));
  for (iterator->Next(); iterator->Valid(); iterator->Next()) {
    const std::string key(iterator->key());
    FL_ASSIGN_OR_RETURN(BundleEntry entry, ParseEntry(key, iterator->value()));
    if (entry.slices.empty()) {
      entry.shard_id = ShardOf(merged, DataFileName(input, entry.shard_id, num_shards));
    }
    FL_RETURN_IF_ERROR(MergeEntry(key, std::move(entry), input, merged));
  }
  FL_RETURN_IF_ERROR(iterator->status());
  // CK-906: a shard without content counts as well, so that names and header agree.
  if (num_shards == 1) ShardOf(merged, DataFileName(input, 0, num_shards));
  return Status();
}

Status CommitPlain(Env& env, const std::string& target, const Merged& merged) {
  const int num_shards = static_cast<int>(merged.data_files.size());
  int shard = 0;
  for (const std::string& from : merged.data_files) {
    AnnounceSubStep(env, target, "SH4");
    FL_RETURN_IF_ERROR(env.files.Rename(from, DataFileName(target, shard++, num_shards)));
  }
  FL_ASSIGN_OR_RETURN(const std::string index, BuildIndex(merged.entries, merged.num_shards));
  AnnounceSubStep(env, target, "SH5a");
  FL_ASSIGN_OR_RETURN(const auto file, env.files.Create(IndexFileName(target)));
  AnnounceSubStep(env, target, "SH5b");
  FL_RETURN_IF_ERROR(file->Append(index));
  return file->Close();
}

Status CommitHardened(Env& env, const std::string& target, Merged merged) {
  PendingBundle bundle;
  bundle.prefix = target;
  bundle.data_files = std::move(merged.data_files);
  bundle.entries = std::move(merged.entries);
  bundle.rename_data_sub = "SH4";
  bundle.write_index_sub = "SH5a";
  bundle.rename_index_sub = "SH5b";
  return CommitDurably(env, bundle);
}

}  // namespace

Status MergeBundles(Env& env, const std::vector<std::string>& inputs, const std::string& target,
                    bool hardened) {
  FL_RETURN_IF_ERROR(MakeParentDirectory(env.files, target));
  AnnounceSubStep(env, target, "SH3");
  Merged merged;
  for (const std::string& input : inputs) FL_RETURN_IF_ERROR(MergeIndex(env.files, input, &merged));
  if (merged.big_endian) {
    return Status(Code::kUnimplemented,
                  "Bundles of the other byte order are not merged: " + target);
  }
  FL_RETURN_IF_ERROR(hardened ? CommitHardened(env, target, std::move(merged))
                              : CommitPlain(env, target, merged));
  AnnounceSubStep(env, target, "SH6");
  for (const std::string& input : inputs) {
    static_cast<void>(env.files.Remove(IndexFileName(input)));
  }
  return Status();
}

}  // namespace faultline
