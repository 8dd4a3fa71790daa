#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/env/file_system.h"

namespace faultline {

// Gathers what is written into pieces of 8 MiB (CK-802). Calls may suspend.
class BufferedFile {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{8} << 20;

  explicit BufferedFile(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  Status Append(std::string_view data);
  // Writes what is left, syncs if `durable`, closes.
  Status Close(bool durable);
  std::int64_t size() const { return size_; }

 private:
  Status Drain();

  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
  std::int64_t size_ = 0;
};

}  // namespace faultline
