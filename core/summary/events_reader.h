#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/env/file_system.h"
#include "core/proto/event.pb.h"

namespace faultline {

// Reads an events file from its start; may suspend.
class EventsReader {
 public:
  // NOT_FOUND if there is no such file.
  static Result<std::unique_ptr<EventsReader>> Open(FileSystem& files, const std::string& path);

  // The next event. OUT_OF_RANGE at the end, where asking again later finds what was appended;
  // DATA_LOSS for a damaged record or one that holds no event (CK-2102).
  Result<v1::tf::Event> Next();
  std::uint64_t offset() const { return offset_; }

 private:
  explicit EventsReader(std::unique_ptr<RandomAccessFile> file) : file_(std::move(file)) {}
  std::unique_ptr<RandomAccessFile> file_;
  std::uint64_t offset_ = 0;
};

// All events up to the end, or to the first damage, which `*damage`, if given, then tells.
Result<std::vector<v1::tf::Event>> ReadEvents(FileSystem& files, const std::string& path,
                                              Status* damage = nullptr);
// Paths of the events files of a directory, sorted by name (CK-2104).
Result<std::vector<std::string>> FindEventsFiles(FileSystem& files, const std::string& directory);

}  // namespace faultline
