#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/env/env.h"

namespace faultline {

struct AtomicWrite {
  bool durable = false;  // sync the file and its directory
  // Sub-steps of a save to announce (none if empty): before the temporary file is created and
  // before it is renamed.
  std::string prefix = {};
  std::string_view create_sub = {};
  std::string_view rename_sub = {};
};

// Writes `<path>.tmp<32 hex digits>` and renames it over `path` (CK-207, CK-1707): readers see the
// old content or the new. Removes the temporary file when the renaming fails, leaves it when the
// writing fails. Suspends.
Status WriteAtomically(Env& env, const std::string& path, std::string_view content,
                       const AtomicWrite& write);

}  // namespace faultline
