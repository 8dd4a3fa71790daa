#include "core/summary/events_reader.h"

#include <utility>

#include "core/summary/record_file.h"

namespace faultline {

Result<std::unique_ptr<EventsReader>> EventsReader::Open(FileSystem& files,
                                                         const std::string& path) {
  FL_ASSIGN_OR_RETURN(auto file, files.Open(path));
  return std::unique_ptr<EventsReader>(new EventsReader(std::move(file)));
}

Result<v1::tf::Event> EventsReader::Next() {
  const std::uint64_t start = offset_;
  FL_ASSIGN_OR_RETURN(const std::string record, RecordReader(*file_).Read(&offset_));
  v1::tf::Event event;
  if (!event.ParseFromString(record)) {
    offset_ = start;
    return Status(Code::kDataLoss, "record at " + std::to_string(start) + " holds no event");
  }
  return event;
}

Result<std::vector<v1::tf::Event>> ReadEvents(FileSystem& files, const std::string& path,
                                              Status* damage) {
  FL_ASSIGN_OR_RETURN(const auto reader, EventsReader::Open(files, path));
  std::vector<v1::tf::Event> events;
  while (true) {
    Result<v1::tf::Event> event = reader->Next();
    if (event.ok()) {
      events.push_back(std::move(event).value());
      continue;
    }
    if (event.status().code() != Code::kOutOfRange) {
      if (damage == nullptr) return event.status();
      *damage = event.status();
    }
    return events;
  }
}

Result<std::vector<std::string>> FindEventsFiles(FileSystem& files, const std::string& directory) {
  FL_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    if (name.find("tfevents") != std::string::npos) paths.push_back(JoinPath(directory, name));
  }
  return paths;
}

}  // namespace faultline
