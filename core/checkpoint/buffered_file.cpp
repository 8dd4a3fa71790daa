#include "core/checkpoint/buffered_file.h"

#include <utility>

namespace faultline {

Status BufferedFile::Append(std::string_view data) {
  size_ += static_cast<std::int64_t>(data.size());
  if (buffer_.size() + data.size() > kBufferBytes) FL_RETURN_IF_ERROR(Drain());
  while (data.size() > kBufferBytes) {
    FL_RETURN_IF_ERROR(file_->Append(data.substr(0, kBufferBytes)));
    data.remove_prefix(kBufferBytes);
  }
  buffer_ += data;
  return Status();
}

Status BufferedFile::Drain() {
  if (buffer_.empty()) return Status();
  const std::string bytes = std::exchange(buffer_, std::string());
  return file_->Append(bytes);
}

Status BufferedFile::Close(bool durable) {
  Status done = Drain();
  if (done.ok() && durable) done = file_->Sync();
  const Status closed = file_->Close();
  return done.ok() ? closed : done;
}

}  // namespace faultline
