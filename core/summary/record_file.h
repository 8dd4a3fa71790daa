#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/env/file_system.h"

namespace faultline {

// Files of framed, checksummed records (CK-2101).
inline constexpr std::uint64_t kRecordHeaderBytes = 12;  // length and its checksum
inline constexpr std::uint64_t kRecordTrailerBytes = 4;  // checksum of the payload

// The bytes of one record.
std::string FrameRecord(std::string_view payload);

// Appends records through a buffer. Calls may suspend.
class RecordWriter {
 public:
  // Owns the file. Bytes go to it when `buffer_bytes` have gathered, on Flush and on Close.
  explicit RecordWriter(std::unique_ptr<WritableFile> file, std::uint64_t buffer_bytes = 65536);

  Status Write(std::string_view payload);
  // Makes all records visible to readers; not durable. What could not be written is dropped.
  Status Flush();
  Status Close();

 private:
  Status Drain();

  std::unique_ptr<WritableFile> file_;
  std::uint64_t buffer_bytes_;
  std::string buffer_;
};

struct RecordStatistics {
  std::uint64_t entries = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t file_bytes = 0;  // payload and 16 for each record
  friend bool operator==(const RecordStatistics&, const RecordStatistics&) = default;
};

// Reads records at any offset; may suspend. Keeps no state but the file, so a growing file can be
// followed by asking again.
class RecordReader {
 public:
  // The file must outlive it.
  explicit RecordReader(RandomAccessFile& file) : file_(file) {}

  // The record at `*offset`, which then moves to the next one. OUT_OF_RANGE at the end, also when
  // only a part of a header is there; DATA_LOSS for a damaged or cut record (CK-2102). An error
  // leaves the offset as it is.
  Result<std::string> Read(std::uint64_t* offset);
  // From the headers alone (CK-2103).
  Result<RecordStatistics> Statistics();

 private:
  Result<std::uint64_t> ReadLength(std::uint64_t offset);

  RandomAccessFile& file_;
};

}  // namespace faultline
