#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "core/base/status.h"

namespace faultline {

// Asks the waits and runs that hold it to end early. Belongs to one process: all calls come from
// its fibers. Never suspends. Callbacks are called in the order of their registration.
class CancelToken {
 public:
  using CallbackId = std::uint64_t;

  CancelToken() = default;
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  bool cancelled() const { return !reason_.ok(); }
  // Why; OK while not cancelled.
  const Status& reason() const { return reason_; }

  // The first call wins and runs every callback once; later calls do nothing. `reason` is an error.
  void Cancel(Status reason);

  // Calls `callback` when cancelled, at once if that has happened already (then the id is 0). The
  // callback must not suspend. Remove it before what it refers to dies.
  CallbackId OnCancel(std::function<void()> callback);
  // Forgets a callback; harmless for 0 and for one that has run.
  void Remove(CallbackId id);

 private:
  Status reason_;
  CallbackId next_id_ = 1;
  std::map<CallbackId, std::function<void()>> callbacks_;
};

// Cancels `child` when `parent` is cancelled, with its reason, for as long as the link lives.
class CancelLink {
 public:
  CancelLink(CancelToken* parent, CancelToken* child);
  ~CancelLink();
  CancelLink(const CancelLink&) = delete;
  CancelLink& operator=(const CancelLink&) = delete;

 private:
  CancelToken* parent_;
  CancelToken::CallbackId id_ = 0;
};

}  // namespace faultline
