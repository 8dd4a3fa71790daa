#include "core/summary/events_writer.h"

#include <set>
#include <utility>

#include "core/proto/event.pb.h"
#include "core/summary/events_file.h"
#include "core/summary/wall_seconds.h"

namespace faultline {
namespace {

constexpr Duration kFlushInterval = Duration::Seconds(120);  // CK-2111

// TensorFlow's FileWriter, with the queue and its thread taken for instantaneous: an event is in
// the file's buffer when the call returns, and the buffer is flushed after the first event and then
// by the first event after more than 120 s.
class EventsFileWriter final : public EventsWriter {
 public:
  EventsFileWriter(Env& env, const std::string& directory, const std::string& suffix)
      : env_(env),
        directory_(directory),
        suffix_(suffix),
        file_(env, JoinPath(directory, "events"), suffix),
        next_flush_(env.clock.Now()) {}

  void AddSummary(std::string_view serialized_summary, std::optional<std::int64_t> step) override {
    v1::tf::Event event;
    if (!event.mutable_summary()->ParseFromArray(serialized_summary.data(),
                                                 static_cast<int>(serialized_summary.size()))) {
      env_.logger.Log(LogLevel::kWarning, "A summary that cannot be parsed is ignored");
      return;
    }
    StripKnownMetadata(event.mutable_summary());
    Add(std::move(event), step);
  }

  void AddScalar(const std::string& tag, float value, std::int64_t step) override {
    v1::tf::Event event;
    v1::tf::Summary::Value* item = event.mutable_summary()->add_value();
    item->set_tag(tag);
    item->set_simple_value(value);
    StripKnownMetadata(event.mutable_summary());
    Add(std::move(event), step);
  }

  void AddGraphDef(std::string_view serialized, std::optional<std::int64_t> step) override {
    v1::tf::Event event;
    event.set_graph_def(std::string(serialized));
    Add(std::move(event), step);
  }

  void AddMetaGraphDef(std::string_view serialized, std::optional<std::int64_t> step) override {
    v1::tf::Event event;
    event.set_meta_graph_def(std::string(serialized));
    Add(std::move(event), step);
  }

  void AddSessionLog(SessionLogStatus status, const std::string& checkpoint_path,
                     std::optional<std::int64_t> step) override {
    v1::tf::Event event;
    v1::tf::SessionLog* log = event.mutable_session_log();
    log->set_status(static_cast<v1::tf::SessionLog::SessionStatus>(status));
    if (!checkpoint_path.empty()) log->set_checkpoint_path(checkpoint_path);
    Add(std::move(event), step);
  }

  Status AddRunMetadata(const std::string& tag, std::string_view serialized,
                        std::optional<std::int64_t> step) override {
    if (!run_tags_.insert(tag).second) {
      return Status(Code::kValueError,
                    "The provided tag was already used for this event type: " + tag);
    }
    v1::tf::Event event;
    event.mutable_tagged_run_metadata()->set_tag(tag);
    event.mutable_tagged_run_metadata()->set_run_metadata(std::string(serialized));
    Add(std::move(event), step);
    return Status();
  }

  Status Flush() override { return closed_ ? Status() : file_.Flush(); }

  Status Close() override {
    if (closed_) return Status();
    closed_ = true;
    return file_.Close();
  }

 private:
  // CK-2110: readers need the metadata of a tag once.
  void StripKnownMetadata(v1::tf::Summary* summary) {
    for (v1::tf::Summary::Value& value : *summary->mutable_value()) {
      if (value.tag().empty()) continue;
      if (!seen_tags_.insert(value.tag()).second) value.clear_metadata();
    }
  }

  void Add(v1::tf::Event event, std::optional<std::int64_t> step) {
    if (closed_) {
      env_.logger.Log(LogLevel::kWarning, "An event for a closed writer is ignored");  // CK-2112
      return;
    }
    event.set_wall_time(WallSeconds(env_.clock.WallNow()));
    if (step) event.set_step(*step);
    const std::string bytes = event.SerializeAsString();
    const Status made = MakeFile();
    const Status written = made.ok() ? file_.Write(bytes) : made;
    if (!written.ok()) {
      env_.logger.Log(LogLevel::kWarning, "An event is lost: " + written.ToString());
      return;
    }
    const TimePoint now = env_.clock.Now();
    if (now < next_flush_) return;
    const Status flushed = file_.Flush();
    if (!flushed.ok()) env_.logger.Log(LogLevel::kWarning, flushed.ToString());
    next_flush_ = now + kFlushInterval;
  }

  Status MakeFile() {
    if (made_) return Status();
    FL_RETURN_IF_ERROR(MakeDirectories(env_.files, directory_));
    FL_RETURN_IF_ERROR(file_.Init());
    made_ = true;
    return Status();
  }

  Env& env_;
  std::string directory_;
  std::string suffix_;
  EventsFile file_;
  TimePoint next_flush_;
  std::set<std::string> seen_tags_;
  std::set<std::string> run_tags_;
  bool made_ = false;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<EventsWriter> MakeEventsFileWriter(Env& env, const std::string& directory,
                                                   const std::string& suffix) {
  return std::make_unique<EventsFileWriter>(env, directory, suffix);
}

EventsWriter* EventsWriterCache::Find(const std::string& directory) const {
  const auto found = writers_.find(directory);
  return found == writers_.end() ? nullptr : found->second.get();
}

EventsWriter& EventsWriterCache::Get(const std::string& directory,
                                     std::string_view serialized_graph_def,
                                     std::string_view serialized_meta_graph_def) {
  std::unique_ptr<EventsWriter>& writer = writers_[directory];
  if (writer == nullptr) {
    writer = MakeEventsFileWriter(env_, directory);
    writer->AddGraphDef(serialized_graph_def, 0);
    writer->AddMetaGraphDef(serialized_meta_graph_def, 0);
  }
  return *writer;
}

void EventsWriterCache::Clear() {
  for (const auto& [directory, writer] : writers_) {
    const Status closed = writer->Close();
    if (!closed.ok()) env_.logger.Log(LogLevel::kWarning, closed.ToString());
  }
  writers_.clear();
}

}  // namespace faultline
