#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/time.h"

namespace faultline {

// How a release behaves when messages are lost (RF section 0, knobs of RF section 16). A value; a
// scenario states which one it runs under.
struct RuntimeProfile {
  std::string_view name;  // static storage
  // RF-19: a call to a peer that is down waits until the peer accepts a connection.
  bool wait_for_ready = true;
  // RF-23: how often a call to a remote master is issued again after a lost connection.
  int master_retries = 0;
  // RF-17: steps sent to a remote master carry an id, and a second arrival is refused.
  bool request_ids = false;
  // RF-23: pause before try i + 1, grown by `retry_growth` each time, jittered, capped.
  Duration retry_pause = Duration::Milliseconds(1);
  double retry_growth = 1.3;
  Duration retry_pause_cap = Duration::Seconds(10);
  // RF-17: how many request ids a master remembers.
  std::size_t master_id_window = 10'000;

  // r1.0 - r1.13.
  static RuntimeProfile Classic();
  // r1.14, r1.15 and r2.0; the default for the published pages.
  static RuntimeProfile Retry();

  friend bool operator==(const RuntimeProfile&, const RuntimeProfile&) = default;
};

// The profile of that name; false if there is none.
bool FindRuntimeProfile(std::string_view name, RuntimeProfile* profile);

}  // namespace faultline
