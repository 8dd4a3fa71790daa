#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/semantics.h"
#include "core/env/env.h"

namespace faultline {

class KernelRegistry;
class SessionFactory;
class EventsWriterCache;

// A server that this process has started (DESIGN 2.1(1)); the concrete one lives in core/cluster.
class ServerHandle {
 public:
  virtual ~ServerHandle() = default;
  // What sessions name to reach it (CL-12).
  virtual const std::string& target() const = 0;
};

// All that belongs to one incarnation of a process: nothing of a process lives in a static, so that
// a restart begins anew. Composed by the harness (for `train` too). Programs and the session layer
// get it by reference; it outlives them.
struct Runtime {
  Env& env;
  Semantics semantics;
  const KernelRegistry& kernels;
  SessionFactory& sessions;
  EventsWriterCache& events;
  std::vector<std::unique_ptr<ServerHandle>> servers;

  // Numbers for sessions and monitored sessions, never reused in this incarnation. They start from
  // a random base (Env.random), so that incarnations do not share them.
  std::uint64_t NextId() { return ++last_id; }
  std::uint64_t last_id = 0;
};

}  // namespace faultline
