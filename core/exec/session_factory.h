#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/exec/session.h"

namespace faultline {

// The part of TensorFlow's ConfigProto that this project uses.
struct SessionConfig {
  // Bound of each run without a time limit of its own; zero: none (RF-48).
  Duration operation_timeout;
  std::vector<std::string> device_filters;
  // SE-3, RF-6: the session's variables are its own.
  bool isolate_session_state = false;
  friend bool operator==(const SessionConfig&, const SessionConfig&) = default;
};

// Makes sessions (DESIGN 2.1(2)). Fault injection wraps it.
class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  // `target` "" is the in-process session; anything else names a server, to which nothing is sent
  // before the first run (SE-6, RF-1). `graph` must outlive the session. May suspend.
  virtual Result<std::unique_ptr<Session>> Open(const std::string& target, Graph& graph,
                                                const SessionConfig& config) = 0;
};

}  // namespace faultline
