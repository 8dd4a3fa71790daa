#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/session/session_run_hook.h"
#include "core/summary/events_writer.h"

namespace faultline::internal {

// HK-201: the shared read tensor of the global step. RuntimeError naming `hook` if there is none.
Output RequireGlobalStep(Graph& graph, std::string_view hook);
// The step in a fetched tensor, int32 or int64.
std::int64_t StepOf(const Fetched& fetched);
// The step now, by a run of its own; throws what the run throws. Suspends.
std::int64_t ReadStep(Session& session, Output step);

// The process's events writer of `directory` (CK-2115). May suspend.
EventsWriter& WriterOf(const HookContext& context, const std::string& directory);

// Where a hook writes its events: a given writer, the process's writer of a directory, or nowhere.
class EventsTarget {
 public:
  EventsTarget(std::shared_ptr<EventsWriter> given, std::string directory)
      : given_(std::move(given)), writer_(given_.get()), directory_(std::move(directory)) {}
  // HK-502: to be called in begin.
  void Begin(const HookContext& context);
  // Null: nowhere.
  EventsWriter* writer() const { return writer_; }
  const std::string& directory() const { return directory_; }

 private:
  std::shared_ptr<EventsWriter> given_;
  EventsWriter* writer_;
  std::string directory_;
};

}  // namespace faultline::internal
