#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>

#include "core/base/status.h"

namespace faultline {

// The last request ids that a master has seen (RF-17). Protects one request, not one training step
// (RF-18). Never suspends.
class RequestIds {
 public:
  // `window`: how many are remembered; an older duplicate passes.
  explicit RequestIds(std::size_t window) : window_(window) {}

  // ABORTED if `id` is among the remembered ones; remembers it otherwise. Id 0 is never tracked.
  Status Track(std::int64_t id);

 private:
  std::size_t window_;
  std::deque<std::int64_t> order_;
  std::set<std::int64_t> known_;
};

}  // namespace faultline
