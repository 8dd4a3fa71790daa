#pragma once

#include <string>

#include "core/env/clock.h"
#include "core/env/file_system.h"
#include "core/env/logger.h"
#include "core/env/observer.h"
#include "core/env/random.h"
#include "core/env/spawner.h"
#include "core/env/transport.h"

namespace faultline {

// All that a process may touch of the world. Implementations: core/os, sim, core/testing. The
// pointees outlive the Env and everything built on it.
struct Env {
  Clock& clock;
  Spawner& spawner;
  FileSystem& files;
  Transport& transport;
  Random& random;
  Observer& observer;
  Logger& logger;
  // Name of this machine, for events files (CK-2104).
  std::string host_name;
};

}  // namespace faultline
