#include "core/checkpoint/bundle_reader.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/base/crc32c.h"
#include "core/checkpoint/slice_copy.h"

namespace faultline {
namespace {

constexpr std::size_t kMaxVarintBytes = 10;
constexpr std::size_t kChecksumBytes = 4;

Status DataLoss(std::string message) { return Status(Code::kDataLoss, std::move(message)); }

// CK-1001.
Status CorruptFile(const Status& cause, const std::string& path, std::string_view detail) {
  std::string text = fmt::format(
      "Unable to read file ({}). Perhaps the file is corrupt or was produced by a newer version "
      "with "
      "format changes ({})",
      path, detail);
  if (cause.ok()) return Status(Code::kInternal, std::move(text));
  return Status(cause.code(), text + ": " + cause.message());
}

Status ChecksumMismatch(std::uint32_t stored, std::uint32_t calculated) {
  return DataLoss(
      fmt::format("Checksum does not match: stored {} vs. calculated on the restored bytes {}",
                  stored, calculated));
}

std::string_view ReversedIf(bool reverse, std::string* bytes) {
  if (reverse) std::reverse(bytes->begin(), bytes->end());
  return *bytes;
}

// The integer as the checksum of string lengths takes it (CK-602).
std::string LengthBytes(std::uint64_t length, bool big_endian) {
  const int width = length <= std::numeric_limits<std::uint32_t>::max() ? 4 : 8;
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>(length >> (8 * i)));
  ReversedIf(big_endian, &bytes);
  return bytes;
}

std::uint32_t StoredChecksum(std::string_view bytes, bool big_endian) {
  std::string copy(bytes);
  std::uint32_t value = 0;
  ReversedIf(!big_endian, &copy);
  for (const char c : copy) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

struct Lengths {
  std::vector<std::uint64_t> values;
  std::size_t bytes = 0;  // that they take
  std::uint32_t crc = 0;
};

enum class LengthError : std::uint8_t { kNone, kEnd, kTooLong };

LengthError ReadLengths(std::string_view in, std::int64_t count, bool big_endian, Lengths* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint64_t value = 0;
    std::size_t n = 0;
    for (bool more = true; more; ++n) {
      if (n == kMaxVarintBytes) return LengthError::kTooLong;
      if (out->bytes == in.size()) return LengthError::kEnd;
      const auto byte = static_cast<std::uint8_t>(in[out->bytes++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * n);
      more = (byte & 0x80) != 0;
    }
    const std::string fed = LengthBytes(value, big_endian);
    out->crc = ExtendCrc32c(out->crc, fed.data(), fed.size());
    out->values.push_back(value);
  }
  return LengthError::kNone;
}

}  // namespace

BundleReaderOptions BundleReaderOptions::From(const Semantics& semantics) {
  BundleReaderOptions options;
  options.misses_hide_damage = !semantics.unreadable_is_not_absent;
  options.truncation_is_data_loss = semantics.unreadable_is_not_absent;
  return options;
}

Result<std::unique_ptr<BundleReader>> BundleReader::Open(FileSystem& files,
                                                         const std::string& prefix,
                                                         const BundleReaderOptions& options) {
  std::unique_ptr<BundleReader> reader(new BundleReader(files, prefix, options));
  FL_ASSIGN_OR_RETURN(std::string image, ReadFile(files, IndexFileName(prefix)));
  FL_RETURN_IF_ERROR(reader->ReadHeader(std::move(image)));
  return reader;
}

Status BundleReader::ReadHeader(std::string image) {
  const std::string path = IndexFileName(prefix_);
  FL_ASSIGN_OR_RETURN(table_, Table::Open(std::move(image)));
  const auto iterator = table_->NewIterator();
  iterator->Seek(kHeaderKey);
  if (!iterator->Valid()) {
    return CorruptFile(iterator->status(), path, "failed to seek to header entry");
  }
  // Where misses hide damage, the first readable entry passes for the header, as upstream.
  if (iterator->key() != kHeaderKey && !options_.misses_hide_damage) {
    const Status cause = iterator->status();
    return CorruptFile(cause.ok() ? DataLoss("the first key is not empty") : cause, path,
                       "no header entry");
  }
  Result<BundleHeader> header = ParseHeader(iterator->value());
  if (!header.ok()) return CorruptFile(header.status(), path, "unable to parse header");
  header_ = std::move(header).value();
  return CheckBundleVersion(header_.version);
}

Result<BundleEntry> BundleReader::Find(std::string_view name) const {
  if (finder_ == nullptr) finder_ = table_->NewIterator();
  finder_->Seek(name);
  const Status damage = finder_->status();
  if (damage.ok() && finder_->Valid() && finder_->key() == name) {
    return ParseEntry(name, finder_->value());
  }
  const std::unique_ptr<TableIterator> iterator = std::move(finder_);  // it would keep the error
  if (iterator->Valid() && iterator->key() == name) return ParseEntry(name, iterator->value());
  if (!options_.misses_hide_damage) FL_RETURN_IF_ERROR(damage);  // CK-315
  return Status(Code::kNotFound, fmt::format("Key {} not found in checkpoint", name));
}

Result<Tensor> BundleReader::Read(std::string_view name) {
  FL_ASSIGN_OR_RETURN(const BundleEntry entry, Find(name));
  if (entry.slices.empty()) return ReadValue(name, entry);
  return ReadSlice(name, TensorSlice::Full(entry.shape.rank()));
}

Result<Tensor> BundleReader::ReadSlice(std::string_view name, const TensorSlice& slice) {
  FL_ASSIGN_OR_RETURN(const BundleEntry entry, Find(name));
  std::vector<TensorSlice> stored = entry.slices;
  if (stored.empty()) stored.push_back(TensorSlice::Full(entry.shape.rank()));
  for (std::size_t i = 0; i < stored.size(); ++i) {
    FL_RETURN_IF_ERROR(stored[i].ShapeWithin(entry.shape).status());
    for (std::size_t j = 0; j < i; ++j) {
      TensorSlice common;
      if (!stored[i].Intersect(stored[j], &common)) continue;
      return Status(Code::kInternal,
                    fmt::format("Overlapping slices: existing slice = {}, new slice = {}",
                                stored[j].ToString(), stored[i].ToString()));
    }
  }
  const auto same = std::find(stored.begin(), stored.end(), slice);
  if (same == stored.end()) return Assemble(name, entry, slice, stored);
  if (entry.slices.empty()) return ReadValue(name, entry);
  const std::string key = EncodeSliceKey(name, slice);
  FL_ASSIGN_OR_RETURN(const BundleEntry part, Find(key));
  return ReadValue(key, part);
}

Result<Tensor> BundleReader::Assemble(std::string_view name, const BundleEntry& entry,
                                      const TensorSlice& slice,
                                      const std::vector<TensorSlice>& stored) {
  const Result<TensorShape> wanted = slice.ShapeWithin(entry.shape);
  if (!wanted.ok() || !Covers(entry.shape, slice, stored)) {
    return Status(
        Code::kInvalidArgument,
        fmt::format("Does not have sufficient slices for partitioned tensor {} to restore in "
                    "slice_spec: {}",
                    name, slice.ToString()));
  }
  if (!CanBeAssembled(entry.dtype)) {
    return Status(Code::kInvalidArgument,
                  fmt::format("Dtype {} not supported.", DataTypeName(entry.dtype)));
  }
  std::string bytes;
  for (const TensorSlice& part : stored) {
    TensorSlice common;
    if (!part.Intersect(slice, &common)) continue;
    const std::string key = entry.slices.empty() ? std::string(name) : EncodeSliceKey(name, part);
    FL_ASSIGN_OR_RETURN(const BundleEntry part_entry, Find(key));
    FL_ASSIGN_OR_RETURN(const TensorShape part_shape, part.ShapeWithin(entry.shape));
    if (part_entry.dtype != entry.dtype ||
        part_entry.shape.NumElements() != part_shape.NumElements()) {
      return DataLoss(fmt::format("A stored slice of {} has another type or shape", name));
    }
    FL_ASSIGN_OR_RETURN(const Tensor value, ReadValue(key, part_entry));
    if (bytes.empty()) bytes.resize(static_cast<std::size_t>(NumericBytes(entry.dtype, *wanted)));
    CopySlice({entry.shape, SizeOf(entry.dtype), part, slice, common}, value.bytes(), &bytes);
  }
  return Tensor::FromBytes(entry.dtype, *wanted, bytes);
}

Result<RandomAccessFile*> BundleReader::DataFile(const BundleEntry& entry) {
  auto& file = data_files_[entry.shard_id];
  if (file == nullptr) {
    FL_ASSIGN_OR_RETURN(file,
                        files_.Open(DataFileName(prefix_, entry.shard_id, header_.num_shards)));
  }
  if (entry.offset < 0) return Status(Code::kInvalidArgument, "Seeking to a negative position");
  return file.get();
}

Status BundleReader::Truncated() const {
  return Status(options_.truncation_is_data_loss ? Code::kDataLoss : Code::kOutOfRange,
                "Read less bytes than requested");
}

Result<Tensor> BundleReader::ReadValue(std::string_view key, const BundleEntry& entry) {
  if (entry.dtype == DataType::kString) return ReadStrings(key, entry);
  if (SizeOf(entry.dtype) == 0) {
    return Status(Code::kUnimplemented, fmt::format("Tensor {} of type {} cannot be read", key,
                                                    DataTypeName(entry.dtype)));
  }
  return ReadNumeric(key, entry);
}

Result<Tensor> BundleReader::ReadNumeric(std::string_view key, const BundleEntry& entry) {
  const std::int64_t expected = NumericBytes(entry.dtype, entry.shape);
  if (entry.size != expected || expected < 0) {
    return DataLoss(
        fmt::format("Invalid size in bundle entry: key {}; stored size {}; expected size {}", key,
                    entry.size, expected));
  }
  FL_ASSIGN_OR_RETURN(RandomAccessFile* const file, DataFile(entry));
  std::string bytes;
  if (expected > 0) {
    FL_ASSIGN_OR_RETURN(const std::uint64_t file_size, file->Size());
    const auto offset = static_cast<std::uint64_t>(entry.offset);
    const auto size = static_cast<std::uint64_t>(expected);
    if (offset > file_size || size > file_size - offset) return Truncated();
    Result<std::string> read = file->Read(offset, size);
    if (!read.ok()) return read.status().code() == Code::kOutOfRange ? Truncated() : read.status();
    bytes = std::move(read).value();
  }
  const std::uint32_t crc = Crc32c(bytes);
  if (MaskCrc(crc) != entry.crc32c) return ChecksumMismatch(UnmaskCrc(entry.crc32c), crc);
  if (header_.big_endian) SwapElementBytes(entry.dtype, &bytes);
  return Tensor::FromBytes(entry.dtype, entry.shape, bytes);
}

Result<Tensor> BundleReader::ReadStrings(std::string_view key, const BundleEntry& entry) {
  const std::int64_t count = entry.shape.NumElements();
  if (entry.size < count) {
    return DataLoss(
        fmt::format("Invalid size in bundle entry: key {}; stored size {}; expected size "
                    "is at least {}",
                    key, entry.size, count));
  }
  FL_ASSIGN_OR_RETURN(RandomAccessFile* const file, DataFile(entry));
  FL_ASSIGN_OR_RETURN(const std::uint64_t file_size, file->Size());
  const auto offset = static_cast<std::uint64_t>(entry.offset);
  const auto size = static_cast<std::uint64_t>(entry.size);
  if (offset > file_size || size > file_size - offset) return Truncated();
  // A wrong length may lead past the entry, and the end of the file is another error than a
  // mismatch.
  const std::uint64_t window =
      size + static_cast<std::uint64_t>(count) * kMaxVarintBytes + kChecksumBytes;
  FL_ASSIGN_OR_RETURN(const std::string bytes,
                      file->Read(offset, std::min(file_size - offset, window)));
  Lengths lengths;
  const LengthError error = ReadLengths(bytes, count, header_.big_endian, &lengths);
  if (error == LengthError::kEnd) return Truncated();
  if (error == LengthError::kTooLong) return DataLoss("Stored data longer than 10 bytes.");
  if (lengths.bytes > size) {
    return DataLoss(fmt::format("String lengths longer than expected offset {}", offset + size));
  }
  if (bytes.size() - lengths.bytes < kChecksumBytes) return Truncated();
  const std::string checksum = bytes.substr(lengths.bytes, kChecksumBytes);
  const std::uint32_t stored = StoredChecksum(checksum, header_.big_endian);
  if (stored != MaskCrc(lengths.crc)) {
    return DataLoss(fmt::format("The length checksum does not match: expected {} but actual is {}",
                                UnmaskCrc(stored), lengths.crc));
  }
  std::uint32_t crc = ExtendCrc32c(lengths.crc, checksum.data(), checksum.size());
  Tensor tensor(DataType::kString, entry.shape);
  std::size_t at = lengths.bytes + kChecksumBytes;
  std::size_t i = 0;
  for (std::string& element : tensor.mutable_flat<std::string>()) {
    const std::uint64_t length = lengths.values[i++];
    if (length > bytes.size() - at) return Truncated();
    element = bytes.substr(at, length);
    crc = ExtendCrc32c(crc, element.data(), element.size());
    at += length;
  }
  if (MaskCrc(crc) != entry.crc32c) return ChecksumMismatch(UnmaskCrc(entry.crc32c), crc);
  return tensor;
}

Result<std::vector<std::pair<std::string, BundleEntry>>> BundleReader::Entries() const {
  std::vector<std::pair<std::string, BundleEntry>> entries;
  const auto iterator = table_->NewIterator();
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    if (iterator->key() == kHeaderKey) continue;
    FL_ASSIGN_OR_RETURN(BundleEntry entry, ParseEntry(iterator->key(), iterator->value()));
    entries.emplace_back(iterator->key(), std::move(entry));
  }
  if (!options_.misses_hide_damage) FL_RETURN_IF_ERROR(iterator->status());
  return entries;
}

Result<std::vector<std::pair<std::string, BundleEntry>>> BundleReader::Tensors() const {
  FL_ASSIGN_OR_RETURN(auto entries, Entries());
  std::set<std::string> hidden;
  for (const auto& [name, entry] : entries) {
    for (const TensorSlice& slice : entry.slices) hidden.insert(EncodeSliceKey(name, slice));
  }
  std::erase_if(entries, [&](const auto& item) { return hidden.count(item.first) > 0; });
  return entries;
}

}  // namespace faultline
