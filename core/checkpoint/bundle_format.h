#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/checkpoint/tensor_slice.h"
#include "core/env/file_system.h"
#include "core/tensor/data_type.h"
#include "core/tensor/tensor_shape.h"

namespace faultline {

// What stands in an index (CK-4xx). Nothing here suspends unless it takes a FileSystem.

// Key of the header entry.
inline constexpr std::string_view kHeaderKey = "";

// Names of the files of a checkpoint (CK-201).
std::string IndexFileName(std::string_view prefix);
std::string DataFileName(std::string_view prefix, int shard, int num_shards);
// Whether `name` is `base`.data-?????-of-????? (CK-1805).
bool IsDataFileName(std::string_view name, std::string_view base);

struct BundleHeader {
  std::int32_t num_shards = 0;
  bool big_endian = false;
  std::string version;  // serialized
};

// Where a tensor, or a slice of one, lies. Of a tensor stored in slices only type, shape and slices
// have meaning (CK-705).
struct BundleEntry {
  DataType dtype = DataType::kInvalid;
  TensorShape shape;
  std::int32_t shard_id = 0;
  std::int64_t offset = 0;
  std::int64_t size = 0;
  std::uint32_t crc32c = 0;  // masked
  std::vector<TensorSlice> slices;
};

// Entries by key, without the header.
using BundleEntries = std::map<std::string, BundleEntry, std::less<>>;

std::string SerializeEntry(const BundleEntry& entry);
// DATA_LOSS for what is no entry and for an impossible shape (CK-1004).
Result<BundleEntry> ParseEntry(std::string_view key, std::string_view value);
// DATA_LOSS for what is no header. Does not look at the version.
Result<BundleHeader> ParseHeader(std::string_view value);
// CK-408; INVALID_ARGUMENT for bundles of other times.
Status CheckBundleVersion(const std::string& serialized_version);
// The image of an index with these entries (CK-401, CK-402, CK-407).
Result<std::string> BuildIndex(const BundleEntries& entries, int num_shards,
                               std::size_t block_size = 262144);

// Elements times bytes of each, or -1 if that is no possible size.
std::int64_t NumericBytes(DataType dtype, const TensorShape& shape);
// Reverses the bytes of each element (of each half of a complex one) in place (CK-409).
void SwapElementBytes(DataType dtype, std::string* bytes);

// One level; fine if it is there or if the name is empty (CK-801).
Status MakeParentDirectory(FileSystem& files, const std::string& path);

}  // namespace faultline
