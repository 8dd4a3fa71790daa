#include "core/cluster/request_ids.h"

#include <fmt/format.h>

namespace faultline {

Status RequestIds::Track(std::int64_t id) {
  if (id == 0) return Status();
  if (!known_.insert(id).second) {
    return Status(Code::kAborted, fmt::format("request {} has arrived a second time", id));
  }
  order_.push_back(id);
  if (order_.size() > window_) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return Status();
}

}  // namespace faultline
