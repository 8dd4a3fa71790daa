#include "sim/trace_file.h"

#include <utility>

#include "sim/trace.pb.h"

namespace faultline::sim {
namespace {

Status Damaged(std::string_view what) {
  return Status(Code::kInvalidArgument, "not a stored trace: " + std::string(what));
}

// The event of `stored`, whose texts are numbered in `file`.
Result<StoredEvent> EventOf(const v1::TraceFile& file, const v1::TraceFileEvent& stored,
                            TimePoint time, std::uint64_t number) {
  const auto known = [&file](std::uint32_t index) {
    return index < static_cast<std::uint32_t>(file.texts_size());
  };
  if (!known(stored.name())) return Damaged("the name of an event is missing");
  if (stored.kind() >= static_cast<std::uint32_t>(kEventKinds)) return Damaged("a kind of event");
  StoredEvent event;
  event.event = {.number = number,
                 .time = time,
                 .node = stored.node() == 0 ? kWorld : stored.node() - 1,
                 .incarnation = stored.incarnation(),
                 .kind = static_cast<EventKind>(stored.kind()),
                 .digest = stored.digest()};
  event.name = file.texts(static_cast<int>(stored.name()));
  if (event.event.kind == EventKind::kAnnounce) {
    if (!ParsePointName(event.name, &event.event.point)) return Damaged("a point of the protocol");
  }
  for (const v1::TraceFileField& field : stored.fields()) {
    if (!known(field.name())) return Damaged("the name of a field is missing");
    const bool is_text = field.value_case() == v1::TraceFileField::kText;
    if (is_text && !known(field.text())) return Damaged("the text of a field is missing");
    const std::string& name = file.texts(static_cast<int>(field.name()));
    if (is_text) {
      event.AddText(name, file.texts(static_cast<int>(field.text())));
    } else {
      event.AddNumber(name, field.number());
    }
  }
  return event;
}

}  // namespace

TraceWriter::TraceWriter(Write write)
    : write_(std::move(write)), piece_(std::make_unique<v1::TraceFile>()) {}

TraceWriter::~TraceWriter() { Flush(); }

std::uint32_t TraceWriter::TextIndex(std::string_view text) {
  const auto found = texts_.find(text);
  if (found != texts_.end()) return found->second;
  const auto index = static_cast<std::uint32_t>(texts_.size());
  texts_.emplace(text, index);
  piece_->add_texts(std::string(text));
  return index;
}

void TraceWriter::OnEvent(const TraceEvent& event) {
  v1::TraceFileEvent* stored = piece_->add_events();
  stored->set_time_delta_ns(static_cast<std::uint64_t>((event.time - last_).nanoseconds()));
  last_ = event.time;
  stored->set_node(event.node == kWorld ? 0 : event.node + 1);
  stored->set_incarnation(event.incarnation);
  stored->set_kind(static_cast<std::uint32_t>(event.kind));
  stored->set_name(TextIndex(event.name));
  stored->set_digest(event.digest);
  for (const Field& field : event.fields) {
    v1::TraceFileField* out = stored->add_fields();
    out->set_name(TextIndex(field.name));
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      out->set_number(*number);
    } else {
      out->set_text(TextIndex(std::get<std::string_view>(field.value)));
    }
  }
  if (piece_->events_size() >= kEventsPerPiece) Flush();
}

void TraceWriter::Flush() {
  if (piece_->events_size() == 0) return;
  write_(piece_->SerializeAsString());
  piece_->Clear();
}

Result<std::vector<StoredEvent>> ReadTrace(std::string_view bytes) {
  v1::TraceFile file;
  if (!file.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Damaged("its bytes are damaged");
  }
  std::vector<StoredEvent> events;
  TimePoint time;
  for (const v1::TraceFileEvent& stored : file.events()) {
    time = time + Duration::Nanoseconds(static_cast<std::int64_t>(stored.time_delta_ns()));
    FL_ASSIGN_OR_RETURN(StoredEvent event, EventOf(file, stored, time, events.size() + 1));
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace faultline::sim
