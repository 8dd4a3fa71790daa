#include "core/checkpoint/table.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <leveldb/comparator.h>
#include <leveldb/env.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/table.h>
#include <leveldb/table_builder.h>

#include "core/base/crc32c.h"

namespace faultline {
namespace {

constexpr std::size_t kFooterBytes = 48;
constexpr std::size_t kTrailerBytes = 5;
constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kOverlyLargeRatio = 2;
constexpr std::uint32_t kMagicLow = 0x8b80fb57U;
constexpr std::uint32_t kMagicHigh = 0xdb477524U;
constexpr char kSnappy = 1;
// Snappy's densest element makes 64 bytes out of 3.
constexpr std::uint64_t kMaxSnappyRatio = 22;

leveldb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

std::uint32_t Fixed32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

std::optional<std::uint64_t> TakeVarint(std::string_view* in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift <= 63 && !in->empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(in->front());
    in->remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

struct Handle {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

std::optional<Handle> TakeHandle(std::string_view* in) {
  const auto offset = TakeVarint(in);
  const auto size = offset ? TakeVarint(in) : std::nullopt;
  if (!size) return std::nullopt;
  return Handle{*offset, *size};
}

std::string EncodeFixed32(std::uint32_t value) {
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
  return out;
}

std::string EncodeHandle(const Handle& handle) {
  std::string out;
  for (std::uint64_t value : {handle.offset, handle.size}) {
    for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128));
    out.push_back(static_cast<char>(value));
  }
  return out;
}

// Of a block as it is stored: contents, type, checksum.
bool ChecksumFits(std::string_view stored) {
  const std::size_t checked = stored.size() - kTrailerBytes + 1;
  return UnmaskCrc(Fixed32(stored, checked)) == Crc32c(stored.substr(0, checked));
}

// Whether this is a whole compressed block that asks for more memory than its contents can fill;
// LevelDB would reserve it (up to 4 GiB) before it finds out.
bool AsksForTooMuch(std::string_view stored) {
  if (stored.size() < kTrailerBytes || stored[stored.size() - kTrailerBytes] != kSnappy)
    return false;
  if (!ChecksumFits(stored)) return false;
  std::string_view contents = stored.substr(0, stored.size() - kTrailerBytes);
  const std::uint64_t most = contents.size() * kMaxSnappyRatio;
  const auto claimed = TakeVarint(&contents);
  return claimed && *claimed > most;
}

// A file for LevelDB that is only a string.
class MemoryOutput : public leveldb::WritableFile {
 public:
  leveldb::Status Append(const leveldb::Slice& data) override {
    bytes.append(data.data(), data.size());
    return leveldb::Status::OK();
  }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Sync() override { return leveldb::Status::OK(); }

  std::string bytes;
};

class MemoryInput : public leveldb::RandomAccessFile {
 public:
  explicit MemoryInput(std::string_view image) : image_(image) {}
  leveldb::Status Read(std::uint64_t offset, std::size_t n, leveldb::Slice* result,
                       char* /*scratch*/) const override {
    if (offset > image_.size() || n > image_.size() - offset) {
      *result = leveldb::Slice();
      return leveldb::Status::IOError("Read less bytes than requested");  // CK-312
    }
    *result = leveldb::Slice(image_.data() + offset, n);
    if (AsksForTooMuch(ToView(*result))) {
      return leveldb::Status::Corruption("a compressed block claims more than it can hold");
    }
    return leveldb::Status::OK();
  }

 private:
  std::string_view image_;
};

Status ToStatus(const leveldb::Status& status) {
  if (status.ok()) return Status();
  std::string text = status.ToString();
  if (const std::size_t colon = text.find(": "); colon != std::string::npos)
    text.erase(0, colon + 2);
  return Status(status.IsIOError() ? Code::kOutOfRange : Code::kDataLoss, std::move(text));
}

leveldb::Options MakeOptions() {
  leveldb::Options options;
  options.compression = leveldb::kNoCompression;  // CK-310
  options.paranoid_checks = true;                 // verify the index block as well
  return options;
}

// Where the data blocks lie, as far as the index block can be read: its bytes with type and
// checksum are given, and LevelDB reads them as the one data block of a table made around them.
std::vector<Handle> HandlesIn(std::string_view stored_index_block) {
  std::string image(stored_index_block);
  const std::string place = EncodeHandle({0, image.size() - kTrailerBytes});
  std::string index = {'\0', '\0', static_cast<char>(place.size())};
  index += place + EncodeFixed32(0) + EncodeFixed32(1);
  const Handle index_handle{image.size(), index.size()};
  index.push_back('\0');
  image += index + EncodeFixed32(MaskCrc(Crc32c(index)));
  std::string footer = EncodeHandle(index_handle) + EncodeHandle(index_handle);
  footer.resize(kFooterBytes - kMagicBytes);
  image += footer + EncodeFixed32(kMagicLow) + EncodeFixed32(kMagicHigh);
  MemoryInput input(image);
  leveldb::Table* opened = nullptr;
  std::vector<Handle> handles;
  if (!leveldb::Table::Open(MakeOptions(), &input, image.size(), &opened).ok()) return handles;
  const std::unique_ptr<leveldb::Table> table(opened);
  const std::unique_ptr<leveldb::Iterator> entry(table->NewIterator(leveldb::ReadOptions()));
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    std::string_view value = ToView(entry->value());
    if (const auto handle = TakeHandle(&value)) handles.push_back(*handle);
  }
  return handles;
}

// LevelDB reserves memory for the size that a handle names before it looks whether the file has so
// much. So sizes above the file's are found here first; everything else is left to LevelDB.
Status CheckHandles(std::string_view image) {
  if (image.size() < kFooterBytes) return Status();
  std::string_view footer = image.substr(image.size() - kFooterBytes, kFooterBytes - kMagicBytes);
  const auto metaindex = TakeHandle(&footer);
  const auto index = metaindex ? TakeHandle(&footer) : std::nullopt;
  if (!index) return Status();
  if (index->size > std::numeric_limits<std::uint64_t>::max() - kTrailerBytes) {
    return Status(Code::kDataLoss, "bad block handle: its size is too large");
  }
  const std::uint64_t wanted = index->size + kTrailerBytes;
  if (index->offset > image.size() || wanted > image.size() - index->offset) {
    return Status(Code::kOutOfRange, "Read less bytes than requested");
  }
  const std::string_view block = image.substr(index->offset, wanted);
  if (!ChecksumFits(block)) return Status();
  for (const Handle& data : HandlesIn(block)) {
    if (data.size > image.size()) {
      return Status(Code::kDataLoss, "bad block handle: a data block larger than the file");
    }
  }
  return Status();
}

bool HasMagic(std::string_view image) {
  return image.size() >= kFooterBytes && Fixed32(image, image.size() - 8) == kMagicLow &&
         Fixed32(image, image.size() - 4) == kMagicHigh;
}

class LevelDbIterator : public TableIterator {
 public:
  explicit LevelDbIterator(leveldb::Iterator* inner) : inner_(inner) {}
  bool Valid() const override { return inner_->Valid(); }
  void SeekToFirst() override { inner_->SeekToFirst(); }
  void Seek(std::string_view key) override { inner_->Seek(ToSlice(key)); }
  void Next() override { inner_->Next(); }
  std::string_view key() const override { return ToView(inner_->key()); }
  std::string_view value() const override { return ToView(inner_->value()); }
  Status status() const override { return ToStatus(inner_->status()); }

 private:
  std::unique_ptr<leveldb::Iterator> inner_;
};

}  // namespace

struct TableBuilder::Rep {
  explicit Rep(const TableOptions& given) : options(MakeOptions()), block_size(given.block_size) {
    options.block_size = given.block_size;
    options.block_restart_interval = given.restart_interval;
    builder = std::make_unique<leveldb::TableBuilder>(options, &output);
  }
  MemoryOutput output;
  leveldb::Options options;
  std::size_t block_size;
  std::unique_ptr<leveldb::TableBuilder> builder;
  std::string last_key;
  bool finished = false;
};

TableBuilder::TableBuilder(const TableOptions& options) : rep_(std::make_unique<Rep>(options)) {}

TableBuilder::~TableBuilder() {
  if (!rep_->finished) rep_->builder->Abandon();
}

Status TableBuilder::Add(std::string_view key, std::string_view value) {
  FL_ASSERT(!rep_->finished, "a finished table takes no more entries");
  const bool first = rep_->builder->NumEntries() == 0;
  if (!first && key <= std::string_view(rep_->last_key)) {
    return Status(Code::kInvalidArgument, "keys of a table must grow");
  }
  // CK-306: a huge entry gets a block of its own.
  if (!first && key.size() + value.size() >= kOverlyLargeRatio * rep_->block_size) {
    rep_->builder->Flush();
  }
  rep_->builder->Add(ToSlice(key), ToSlice(value));
  rep_->last_key.assign(key);
  return ToStatus(rep_->builder->status());
}

std::string TableBuilder::Finish() {
  FL_ASSERT(!rep_->finished, "a table is finished once");
  rep_->finished = true;
  const Status finished = ToStatus(rep_->builder->Finish());
  FL_ASSERT(finished.ok(), "memory does not fail: {}", finished.ToString());
  return std::move(rep_->output.bytes);
}

struct Table::Rep {
  explicit Rep(std::string bytes) : image(std::move(bytes)), input(image), options(MakeOptions()) {}
  std::string image;
  MemoryInput input;
  leveldb::Options options;
  std::unique_ptr<leveldb::Table> table;
};

Table::Table(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Table::~Table() = default;

Result<std::unique_ptr<Table>> Table::Open(std::string image) {
  auto rep = std::make_unique<Rep>(std::move(image));
  if (HasMagic(rep->image)) FL_RETURN_IF_ERROR(CheckHandles(rep->image));
  leveldb::Table* table = nullptr;
  const leveldb::Status opened =
      leveldb::Table::Open(rep->options, &rep->input, rep->image.size(), &table);
  if (!opened.ok()) return ToStatus(opened);
  rep->table.reset(table);
  return std::unique_ptr<Table>(new Table(std::move(rep)));
}

std::unique_ptr<TableIterator> Table::NewIterator() const {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  return std::make_unique<LevelDbIterator>(rep_->table->NewIterator(options));
}

}  // namespace faultline
