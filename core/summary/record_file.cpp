#include "core/summary/record_file.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/base/crc32c.h"

namespace faultline {
namespace {

// Records above this are first compared with the file's size, so that a wrong length reserves
// nothing.
constexpr std::uint64_t kLongRecordBytes = 1 << 20;

void AppendLittleEndian(std::string* out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t LittleEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

bool Matches(std::string_view bytes, std::string_view stored) {
  return MaskCrc(Crc32c(bytes)) == LittleEndian(stored);
}

Status Damaged(const char* what, std::uint64_t offset) {
  return Status(Code::kDataLoss, fmt::format("{} record at {}", what, offset));
}

}  // namespace

std::string FrameRecord(std::string_view payload) {
  std::string frame;
  frame.reserve(payload.size() + kRecordHeaderBytes + kRecordTrailerBytes);
  AppendLittleEndian(&frame, payload.size(), 8);
  AppendLittleEndian(&frame, MaskCrc(Crc32c(frame)), 4);
  frame += payload;
  AppendLittleEndian(&frame, MaskCrc(Crc32c(payload)), 4);
  return frame;
}

RecordWriter::RecordWriter(std::unique_ptr<WritableFile> file, std::uint64_t buffer_bytes)
    : file_(std::move(file)), buffer_bytes_(buffer_bytes) {}

Status RecordWriter::Write(std::string_view payload) {
  buffer_ += FrameRecord(payload);
  return buffer_.size() >= buffer_bytes_ ? Drain() : Status();
}

Status RecordWriter::Drain() {
  if (buffer_.empty()) return Status();
  const std::string bytes = std::exchange(buffer_, std::string());
  return file_->Append(bytes);
}

Status RecordWriter::Flush() {
  FL_RETURN_IF_ERROR(Drain());
  return file_->Flush();
}

Status RecordWriter::Close() {
  const Status drained = Drain();
  const Status closed = file_->Close();
  return drained.ok() ? closed : drained;
}

Result<std::uint64_t> RecordReader::ReadLength(std::uint64_t offset) {
  FL_ASSIGN_OR_RETURN(const std::string header, file_.Read(offset, kRecordHeaderBytes));
  const std::string_view length = std::string_view(header).substr(0, 8);
  if (!Matches(length, std::string_view(header).substr(8))) return Damaged("corrupted", offset);
  const std::uint64_t bytes = LittleEndian(length);
  const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / 2;
  if (bytes > limit || offset > limit) return Damaged("truncated", offset);
  return bytes;
}

Result<std::string> RecordReader::Read(std::uint64_t* offset) {
  FL_ASSIGN_OR_RETURN(const std::uint64_t bytes, ReadLength(*offset));
  const std::uint64_t payload_at = *offset + kRecordHeaderBytes;
  if (bytes > kLongRecordBytes) {
    FL_ASSIGN_OR_RETURN(const std::uint64_t size, file_.Size());
    if (bytes > size) return Damaged("truncated", *offset);
  }
  Result<std::string> payload = file_.Read(payload_at, bytes + kRecordTrailerBytes);
  if (!payload.ok()) {
    if (payload.status().code() == Code::kOutOfRange) return Damaged("truncated", *offset);
    return payload.status();
  }
  std::string record = std::move(payload).value();
  const std::string checksum = record.substr(bytes);
  record.resize(bytes);
  if (!Matches(record, checksum)) return Damaged("corrupted", payload_at);
  *offset = payload_at + bytes + kRecordTrailerBytes;
  return record;
}

Result<RecordStatistics> RecordReader::Statistics() {
  RecordStatistics result;
  while (true) {
    const Result<std::uint64_t> bytes = ReadLength(result.file_bytes);
    if (!bytes.ok()) {
      if (bytes.status().code() == Code::kOutOfRange) return result;
      return bytes.status();
    }
    ++result.entries;
    result.payload_bytes += *bytes;
    result.file_bytes += *bytes + kRecordHeaderBytes + kRecordTrailerBytes;
  }
}

}  // namespace faultline
