#include "core/checkpoint/bundle_writer.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/base/crc32c.h"
#include "core/checkpoint/bundle_commit.h"

namespace faultline {
namespace {

void AppendVarint(std::string* out, std::uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

std::string Fixed(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

// CK-601, CK-602: lengths and their checksum; `crc` goes on to the strings themselves.
std::string StringLengths(std::span<const std::string> strings, std::uint32_t* crc) {
  std::string out;
  for (const std::string& text : strings) {
    AppendVarint(&out, text.size());
    const bool is_long = text.size() > std::numeric_limits<std::uint32_t>::max();
    const std::string fed = Fixed(text.size(), is_long ? 8 : 4);
    *crc = ExtendCrc32c(*crc, fed.data(), fed.size());
  }
  const std::string checksum = Fixed(MaskCrc(*crc), 4);
  *crc = ExtendCrc32c(*crc, checksum.data(), checksum.size());
  return out + checksum;
}

}  // namespace

BundleWriter::BundleWriter(Env& env, std::string prefix, const BundleWriterOptions& options)
    : env_(env), prefix_(std::move(prefix)), options_(options) {
  FL_ASSERT(options_.data_alignment >= 1, "alignment {}", options_.data_alignment);
  temporary_data_ = TemporaryPath(env_, DataFileName(prefix_, 0, 1));
  temporary_index_ = TemporaryPath(env_, IndexFileName(prefix_));
  status_ = Open();
}

Status BundleWriter::Open() {
  AnnounceSubStep(env_, prefix_, options_.shard ? "SH1" : "N1");
  FL_RETURN_IF_ERROR(MakeParentDirectory(env_.files, prefix_));
  if (options_.shard) AnnounceSubStep(env_, prefix_, "SH2");
  AnnounceSubStep(env_, prefix_, "N2");
  FL_ASSIGN_OR_RETURN(auto file, env_.files.Create(temporary_data_));
  data_ = std::make_unique<BufferedFile>(std::move(file));
  return Status();
}

Status BundleWriter::Add(const std::string& name, const Tensor& value) {
  if (status_.ok()) status_ = AddEntry(name, value);
  return status_;
}

Status BundleWriter::AddSlice(const std::string& name, const TensorShape& full,
                              const TensorSlice& slice, const Tensor& value) {
  if (status_.ok()) status_ = AddSliceEntries(name, full, slice, value);
  return status_;
}

Status BundleWriter::AddEntry(const std::string& key, const Tensor& value) {
  if (closed_) return Status(Code::kInternal, "BundleWriter is closed");
  if (key.empty() || entries_.count(key) > 0) {
    return Status(Code::kInvalidArgument, "Adding duplicate key: " + key);
  }
  BundleEntry entry;
  entry.dtype = BaseType(value.dtype());
  entry.shape = value.shape();
  entry.offset = data_->size();
  if (!announced_payload_) AnnounceSubStep(env_, prefix_, "N3");
  announced_payload_ = true;
  FL_RETURN_IF_ERROR(AppendValue(value, &entry));
  entries_.emplace(key, std::move(entry));
  return Pad();
}

Status BundleWriter::AppendValue(const Tensor& value, BundleEntry* entry) {
  const std::int64_t start = data_->size();
  std::uint32_t crc = 0;
  if (value.dtype() == DataType::kString) {
    const auto strings = value.flat<std::string>();
    FL_RETURN_IF_ERROR(data_->Append(StringLengths(strings, &crc)));
    for (const std::string& text : strings) {
      crc = ExtendCrc32c(crc, text.data(), text.size());
      FL_RETURN_IF_ERROR(data_->Append(text));
    }
  } else if (SizeOf(value.dtype()) == 0) {
    return Status(Code::kUnimplemented,
                  fmt::format("Tensors of type {} cannot be saved", DataTypeName(value.dtype())));
  } else {
    crc = Crc32c(value.bytes());
    FL_RETURN_IF_ERROR(data_->Append(value.bytes()));
  }
  entry->size = data_->size() - start;
  entry->crc32c = MaskCrc(crc);
  return Status();
}

Status BundleWriter::Pad() {
  const std::int64_t over = data_->size() % options_.data_alignment;
  if (over == 0) return Status();
  return data_->Append(std::string(static_cast<std::size_t>(options_.data_alignment - over), '\0'));
}

Status BundleWriter::AddSliceEntries(const std::string& name, const TensorShape& full,
                                     const TensorSlice& slice, const Tensor& value) {
  FL_ASSIGN_OR_RETURN(const TensorShape part, slice.ShapeWithin(full));
  if (slice.IsFull() || part == full) return AddEntry(name, value);  // CK-704
  if (part != value.shape()) {
    return Status(Code::kInvalidArgument,
                  fmt::format("Slice {} of {} has shape {}, the tensor {}", slice.ToString(), name,
                              part.ToString(), value.shape().ToString()));
  }
  BundleEntry& whole = entries_[name];
  const bool fresh = whole.dtype == DataType::kInvalid;
  if (!fresh && (whole.slices.empty() || whole.dtype != value.dtype() || whole.shape != full)) {
    return Status(Code::kInvalidArgument, "Adding duplicate key: " + name);
  }
  whole.dtype = BaseType(value.dtype());
  whole.shape = full;
  whole.slices.push_back(slice);
  return AddEntry(EncodeSliceKey(name, slice), value);
}

Status BundleWriter::Finish() {
  if (closed_) return Status(Code::kInternal, "BundleWriter is closed");
  closed_ = true;
  if (data_ != nullptr) {
    const Status written = data_->Close(options_.hardened);
    if (status_.ok()) status_ = written;
    data_.reset();
    if (!status_.ok()) static_cast<void>(env_.files.Remove(temporary_data_));
  }
  if (!status_.ok()) return status_;
  status_ = options_.hardened ? FinishHardened() : FinishPlain();
  return status_;
}

Status BundleWriter::FinishPlain() {
  AnnounceSubStep(env_, prefix_, "N4");
  FL_RETURN_IF_ERROR(env_.files.Rename(temporary_data_, DataFileName(prefix_, 0, 1)));
  FL_ASSIGN_OR_RETURN(const std::string index, BuildIndex(entries_, 1, options_.block_size));
  AnnounceSubStep(env_, prefix_, "N5");
  FL_RETURN_IF_ERROR(WriteWholeFile(env_, temporary_index_, index, false));
  AnnounceSubStep(env_, prefix_, "N6");
  return env_.files.Rename(temporary_index_, IndexFileName(prefix_));
}

Status BundleWriter::FinishHardened() {
  PendingBundle bundle;
  bundle.prefix = prefix_;
  bundle.data_files = {temporary_data_};
  bundle.entries = std::move(entries_);
  bundle.block_size = options_.block_size;
  bundle.rename_data_sub = "N4";
  bundle.write_index_sub = "N5";
  bundle.rename_index_sub = "N6";
  return CommitDurably(env_, bundle);
}

}  // namespace faultline
