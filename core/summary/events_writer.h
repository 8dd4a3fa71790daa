#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/env/env.h"

namespace faultline {

enum class SessionLogStatus : std::uint8_t { kStart = 1, kStop = 2, kCheckpoint = 3 };

// Where hooks put what TensorBoard shows (CK-21xx). Losing events never fails training (CK-2113):
// nothing here returns an error but Flush and Close, whose callers may ignore it. Calls may
// suspend.
class EventsWriter {
 public:
  virtual ~EventsWriter() = default;
  // A serialized Summary, as a summary op returns it (CK-2110).
  virtual void AddSummary(std::string_view serialized_summary,
                          std::optional<std::int64_t> step) = 0;
  // One simple value.
  virtual void AddScalar(const std::string& tag, float value, std::int64_t step) = 0;
  virtual void AddGraphDef(std::string_view serialized, std::optional<std::int64_t> step) = 0;
  virtual void AddMetaGraphDef(std::string_view serialized, std::optional<std::int64_t> step) = 0;
  virtual void AddSessionLog(SessionLogStatus status, const std::string& checkpoint_path,
                             std::optional<std::int64_t> step) = 0;
  // ValueError for a repeated tag (CK-2114).
  virtual Status AddRunMetadata(const std::string& tag, std::string_view serialized,
                                std::optional<std::int64_t> step) = 0;
  virtual Status Flush() = 0;
  virtual Status Close() = 0;
};

// A writer of `<directory>/events.out.tfevents.<seconds>.<host><suffix>` (CK-2104); the file is
// made with the first event (CK-2105). The Env must outlive it.
std::unique_ptr<EventsWriter> MakeEventsFileWriter(Env& env, const std::string& directory,
                                                   const std::string& suffix = "");

// One writer for each directory of this process (CK-2115). Owned by the Runtime.
class EventsWriterCache {
 public:
  explicit EventsWriterCache(Env& env) : env_(env) {}
  // The writer of `directory`; null if there is none yet.
  EventsWriter* Find(const std::string& directory) const;
  // The same, made if need be. When it is made now, it starts with the two graph events (CK-2114),
  // which `serialized_graph_def` and `serialized_meta_graph_def` give.
  EventsWriter& Get(const std::string& directory, std::string_view serialized_graph_def,
                    std::string_view serialized_meta_graph_def);
  // Closes all and forgets them.
  void Clear();

 private:
  Env& env_;
  std::map<std::string, std::unique_ptr<EventsWriter>> writers_;
};

}  // namespace faultline
