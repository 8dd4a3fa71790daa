#include "core/checkpoint/bundle_format.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/checkpoint/table.h"
#include "core/proto/tensor_bundle.pb.h"

namespace faultline {
namespace {

constexpr std::int32_t kBundleVersion = 1;
constexpr std::int32_t kMinProducer = 0;
constexpr std::size_t kShardDigits = 5;

// Parses one message of an index; DATA_LOSS names the key.
template <class Message>
Status ParseMessage(std::string_view key, std::string_view value, Message* message) {
  constexpr auto kLimit = static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (value.size() <= kLimit &&
      message->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Status();
  }
  return Status(Code::kDataLoss, fmt::format("Entry for key {} not parseable.", key));
}

// The shape of a message; false for unknown ranks, negative sizes and products that overflow.
bool ParseShape(const v1::tf::TensorShapeProto& message, TensorShape* shape) {
  if (message.unknown_rank()) return false;
  std::vector<std::int64_t> dims;
  std::int64_t elements = 1;
  for (const auto& dim : message.dim()) {
    if (dim.size() < 0 || __builtin_mul_overflow(elements, dim.size(), &elements)) return false;
    dims.push_back(dim.size());
  }
  *shape = TensorShape(std::move(dims));
  return true;
}

std::string SerializeHeader(int num_shards) {
  v1::tf::BundleHeaderProto header;
  header.set_num_shards(num_shards);
  header.set_endianness(v1::tf::BundleHeaderProto::LITTLE);
  header.mutable_version()->set_producer(kBundleVersion);
  return header.SerializeAsString();
}

std::size_t SwapWidth(DataType dtype) {
  const std::size_t size = SizeOf(dtype);
  const bool complex = dtype == DataType::kComplex64 || dtype == DataType::kComplex128;
  return complex ? size / 2 : size;
}

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string IndexFileName(std::string_view prefix) { return fmt::format("{}.index", prefix); }

std::string DataFileName(std::string_view prefix, int shard, int num_shards) {
  return fmt::format("{}.data-{:05}-of-{:05}", prefix, shard, num_shards);
}

bool IsDataFileName(std::string_view name, std::string_view base) {
  constexpr std::string_view kData = ".data-";
  constexpr std::string_view kOf = "-of-";
  if (!name.starts_with(base)) return false;
  name.remove_prefix(base.size());
  if (name.size() != kData.size() + kOf.size() + 2 * kShardDigits || !name.starts_with(kData)) {
    return false;
  }
  name.remove_prefix(kData.size());
  return AllDigits(name.substr(0, kShardDigits)) && name.substr(kShardDigits, kOf.size()) == kOf &&
         AllDigits(name.substr(kShardDigits + kOf.size()));
}

std::string SerializeEntry(const BundleEntry& entry) {
  v1::tf::BundleEntryProto message;
  message.set_dtype(static_cast<v1::tf::DataType>(entry.dtype));
  message.mutable_shape();
  for (const std::int64_t dim : entry.shape.dims())
    message.mutable_shape()->add_dim()->set_size(dim);
  message.set_shard_id(entry.shard_id);
  message.set_offset(entry.offset);
  message.set_size(entry.size);
  message.set_crc32c(entry.crc32c);
  for (const TensorSlice& slice : entry.slices) {
    v1::tf::TensorSliceProto* stored = message.add_slices();
    for (const TensorSlice::Extent& extent : slice.extents()) {
      auto* out = stored->add_extent();
      if (extent.all()) continue;  // CK-706
      out->set_start(extent.start);
      out->set_length(extent.length);
    }
  }
  return message.SerializeAsString();
}

Result<BundleEntry> ParseEntry(std::string_view key, std::string_view value) {
  v1::tf::BundleEntryProto message;
  FL_RETURN_IF_ERROR(ParseMessage(key, value, &message));
  BundleEntry entry;
  const int dtype = static_cast<int>(message.dtype());
  if (dtype >= 0 && dtype <= static_cast<int>(DataType::kUint64)) {
    entry.dtype = static_cast<DataType>(dtype);
  }
  if (!ParseShape(message.shape(), &entry.shape)) {
    return Status(Code::kDataLoss, fmt::format("Invalid tensor shape: {} {}", key,
                                               message.shape().ShortDebugString()));
  }
  entry.shard_id = message.shard_id();
  entry.offset = message.offset();
  entry.size = message.size();
  entry.crc32c = message.crc32c();
  for (const auto& slice : message.slices()) {
    std::vector<TensorSlice::Extent> extents;
    for (const auto& extent : slice.extent()) {
      extents.push_back(
          {extent.start(), extent.has_length_case() == v1::tf::TensorSliceProto::Extent::kLength
                               ? extent.length()
                               : TensorSlice::kAll});
    }
    entry.slices.emplace_back(std::move(extents));
  }
  return entry;
}

Result<BundleHeader> ParseHeader(std::string_view value) {
  v1::tf::BundleHeaderProto message;
  FL_RETURN_IF_ERROR(ParseMessage(kHeaderKey, value, &message));
  BundleHeader header;
  header.num_shards = message.num_shards();
  header.big_endian = message.endianness() == v1::tf::BundleHeaderProto::BIG;
  header.version = message.version().SerializeAsString();
  return header;
}

Status CheckBundleVersion(const std::string& serialized_version) {
  v1::tf::VersionDef version;
  FL_RETURN_IF_ERROR(ParseMessage(kHeaderKey, serialized_version, &version));
  std::string text;
  if (version.producer() < kMinProducer) {
    text = fmt::format("Checkpoint producer version {} below min producer {}; write it anew",
                       version.producer(), kMinProducer);
  } else if (version.min_consumer() > kBundleVersion) {
    text = fmt::format("Checkpoint min consumer version {} above current version {}",
                       version.min_consumer(), kBundleVersion);
  } else {
    const auto& bad = version.bad_consumers();
    if (std::find(bad.begin(), bad.end(), kBundleVersion) == bad.end()) return Status();
    text = fmt::format("Checkpoint disallows consumer version {}", kBundleVersion);
  }
  return Status(Code::kInvalidArgument, std::move(text));
}

Result<std::string> BuildIndex(const BundleEntries& entries, int num_shards,
                               std::size_t block_size) {
  TableOptions options;
  options.block_size = block_size;
  TableBuilder table(options);
  FL_RETURN_IF_ERROR(table.Add(kHeaderKey, SerializeHeader(num_shards)));
  for (const auto& [key, entry] : entries)
    FL_RETURN_IF_ERROR(table.Add(key, SerializeEntry(entry)));
  return table.Finish();
}

std::int64_t NumericBytes(DataType dtype, const TensorShape& shape) {
  std::int64_t bytes = static_cast<std::int64_t>(SizeOf(dtype));
  if (bytes == 0) return -1;
  for (const std::int64_t dim : shape.dims()) {
    if (__builtin_mul_overflow(bytes, dim, &bytes)) return -1;
  }
  return bytes;
}

void SwapElementBytes(DataType dtype, std::string* bytes) {
  const std::size_t width = SwapWidth(dtype);
  if (width < 2) return;
  for (std::size_t at = 0; at + width <= bytes->size(); at += width) {
    std::reverse(bytes->begin() + static_cast<std::ptrdiff_t>(at),
                 bytes->begin() + static_cast<std::ptrdiff_t>(at + width));
  }
}

Status MakeParentDirectory(FileSystem& files, const std::string& path) {
  const std::string directory = DirectoryOf(path);
  if (directory.empty()) return Status();
  const Status made = files.MakeDirectory(directory);
  return made.code() == Code::kAlreadyExists ? Status() : made;
}

}  // namespace faultline
