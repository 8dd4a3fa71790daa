#include "core/testing/recorders.h"

#include <algorithm>
#include <iterator>

#include "core/base/assert.h"

namespace faultline::testing {

void RecordingLogger::Log(LogLevel level, std::string_view text) {
  lines_.push_back({level, std::string(text)});
}

int RecordingLogger::Count(std::string_view text) const {
  return static_cast<int>(std::count_if(lines_.begin(), lines_.end(), [&](const Line& line) {
    return line.text.find(text) != std::string::npos;
  }));
}

std::int64_t RecordingObserver::Announcement::number(std::string_view field) const {
  const auto found = fields.find(field);
  FL_ASSERT(found != fields.end(), "{} has no field {}", PointName(point), field);
  FL_ASSERT(found->second.index() == 0, "field {} of {} is text", field, PointName(point));
  return std::get<0>(found->second);
}

const std::string& RecordingObserver::Announcement::text(std::string_view field) const {
  const auto found = fields.find(field);
  FL_ASSERT(found != fields.end(), "{} has no field {}", PointName(point), field);
  FL_ASSERT(found->second.index() == 1, "field {} of {} is a number", field, PointName(point));
  return std::get<1>(found->second);
}

void RecordingObserver::Announce(Point point, std::initializer_list<Field> fields) {
  Announcement announcement{.point = point, .fields = {}};
  for (const Field& field : fields) {
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      announcement.fields.emplace(field.name, *number);
    } else {
      announcement.fields.emplace(field.name, std::string(std::get<1>(field.value)));
    }
  }
  all_.push_back(announcement);
  if (strike) strike(announcement);
}

std::vector<RecordingObserver::Announcement> RecordingObserver::Of(Point point) const {
  std::vector<Announcement> found;
  std::copy_if(all_.begin(), all_.end(), std::back_inserter(found),
               [&](const Announcement& announcement) { return announcement.point == point; });
  return found;
}

std::uint64_t SeededRandom::Draw(std::string_view purpose) {
  auto stream = streams_.find(purpose);
  if (stream == streams_.end()) {
    stream = streams_.emplace(std::string(purpose), root_.Fork(purpose)).first;
  }
  return stream->second.Next();
}

}  // namespace faultline::testing
