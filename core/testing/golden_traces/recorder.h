#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/env/clock.h"
#include "core/testing/golden_traces/json.h"

namespace faultline::testing {

// The events of one scenario, in the order in which they happened.
class Recorder {
 public:
  // `root` is the scenario's own folder; paths are shown relative to it. `clock` outlives this.
  Recorder(Clock& clock, std::string root) : clock_(clock), root_(std::move(root)) {}

  // Adds an event and returns its place.
  std::size_t Add(Json event);
  // The same with the time.
  std::size_t AddTimed(Json event);
  // Later news of an event.
  void Set(std::size_t place, const char* key, Json value) {
    events_.at(place)[key] = std::move(value);
  }
  // Shows that the call of that event failed; nothing for OK.
  void Fail(std::size_t place, const Status& status);

  const std::vector<Json>& events() const { return events_; }
  // Virtual seconds since the scenario began.
  double Now() const;
  const std::string& root() const { return root_; }
  // Without the root and its slash, if it lies below it.
  std::string Relative(const std::string& path) const;
  // The path below the root; empty for an empty one.
  std::string Absolute(const std::string& path) const;

 private:
  Clock& clock_;
  std::string root_;
  std::vector<Json> events_;
};

}  // namespace faultline::testing
