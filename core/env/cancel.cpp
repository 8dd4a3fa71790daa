#include "core/env/cancel.h"

#include <utility>

#include "core/base/assert.h"

namespace faultline {

void CancelToken::Cancel(Status reason) {
  FL_ASSERT(!reason.ok(), "a cancellation needs a reason");
  if (cancelled()) return;
  reason_ = std::move(reason);
  while (!callbacks_.empty()) {
    auto node = callbacks_.extract(callbacks_.begin());
    node.mapped()();
  }
}

CancelToken::CallbackId CancelToken::OnCancel(std::function<void()> callback) {
  if (cancelled()) {
    callback();
    return 0;
  }
  const CallbackId id = next_id_++;
  callbacks_.emplace(id, std::move(callback));
  return id;
}

void CancelToken::Remove(CallbackId id) { callbacks_.erase(id); }

CancelLink::CancelLink(CancelToken* parent, CancelToken* child) : parent_(parent) {
  if (parent_ != nullptr) {
    id_ = parent_->OnCancel([parent, child] { child->Cancel(parent->reason()); });
  }
}

CancelLink::~CancelLink() {
  if (parent_ != nullptr) parent_->Remove(id_);
}

}  // namespace faultline
