#pragma once

#include <cstdint>

#include "core/exec/session.h"

namespace faultline {

// Is told of every save that a CheckpointSaverHook makes (HK-409). Each callback may throw, as the
// hook may, and may suspend.
class CheckpointSaverListener {
 public:
  virtual ~CheckpointSaverListener() = default;
  // Once, in the hook's begin.
  virtual void Begin() {}
  virtual void BeforeSave(Session&, std::int64_t /*step*/) {}
  // True asks to stop training; counts only for saves made between runs (HK-405, HK-408).
  virtual bool AfterSave(Session&, std::int64_t /*step*/) { return false; }
  virtual void End(Session&, std::int64_t /*step*/) {}
};

}  // namespace faultline
