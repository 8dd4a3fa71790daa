#include "core/summary/events_file.h"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "core/proto/event.pb.h"

namespace faultline {
namespace {

constexpr std::string_view kFileVersion = "brain.Event:2";

}  // namespace

EventsFile::EventsFile(Env& env, std::string prefix, std::string suffix)
    : env_(env), prefix_(std::move(prefix)), suffix_(std::move(suffix)) {}

Status EventsFile::Init() {
  if (writer_ != nullptr) {
    if (FileStillExists().ok()) return Status();
    if (outstanding_ > 0) {
      env_.logger.Log(LogLevel::kWarning,
                      fmt::format("{} events of {} are lost", outstanding_, path_));
    }
  }
  const std::int64_t seconds = env_.clock.WallNow().nanoseconds() / 1'000'000'000;
  writer_.reset();
  outstanding_ = 0;
  path_ = fmt::format("{}.out.tfevents.{:010}.{}{}", prefix_, seconds, env_.host_name, suffix_);
  // CK-2105: a second writer of this name empties the first one's file.
  FL_ASSIGN_OR_RETURN(auto file, env_.files.Create(path_));
  writer_ = std::make_unique<RecordWriter>(std::move(file));
  v1::tf::Event first;
  first.set_wall_time(static_cast<double>(seconds));
  first.set_file_version(std::string(kFileVersion));
  const Status written = writer_->Write(first.SerializeAsString());
  return written.ok() ? writer_->Flush() : written;
}

Result<std::string> EventsFile::FileName() {
  if (path_.empty()) FL_RETURN_IF_ERROR(Init());
  return path_;
}

Status EventsFile::Write(std::string_view event) {
  if (writer_ == nullptr) FL_RETURN_IF_ERROR(Init());
  ++outstanding_;
  const Status written = writer_->Write(event);
  if (!written.ok()) env_.logger.Log(LogLevel::kWarning, written.ToString());
  return Status();
}

Status EventsFile::FileStillExists() {
  const Result<bool> exists = FileExists(env_.files, path_);
  if (exists.ok() && *exists) return Status();
  return Status(Code::kUnknown, fmt::format("The events file {} has disappeared.", path_));
}

Status EventsFile::Flush() {
  if (outstanding_ == 0) return Status();
  FL_ASSERT(writer_ != nullptr, "outstanding events without a file");
  const Status flushed = writer_->Flush();
  const Status exists = FileStillExists();
  if (exists.ok() && flushed.ok()) outstanding_ = 0;
  return exists.ok() ? flushed : exists;
}

Status EventsFile::Close() {
  const Status flushed = Flush();
  if (writer_ == nullptr) return flushed;
  const Status closed = writer_->Close();
  writer_.reset();
  outstanding_ = 0;
  return flushed.ok() ? closed : flushed;
}

}  // namespace faultline
