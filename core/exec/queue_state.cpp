#include "core/exec/queue_state.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace faultline {

void QueueState::Enqueue(Tuple tuple, CancelToken* cancel, EnqueueDone done) {
  Add(enqueues_,
      {.kind = Kind::kEnqueue,
       .tuple = std::move(tuple),
       .cancel = cancel,
       .done = [done = std::move(done)](Status status, Tuple) { done(std::move(status)); }});
}

void QueueState::Dequeue(CancelToken* cancel, DequeueDone done) {
  Add(dequeues_, {.kind = Kind::kDequeue, .cancel = cancel, .done = std::move(done)});
}

void QueueState::Close(bool cancel_pending, CancelToken* cancel, EnqueueDone done) {
  auto ended = [done = std::move(done)](Status status, Tuple) { done(std::move(status)); };
  if (!cancel_pending) {
    // It takes its turn behind the enqueues that wait (QR-2).
    Add(enqueues_, {.kind = Kind::kClose, .cancel = cancel, .done = std::move(ended)});
    return;
  }
  closed_ = true;
  Line pending = std::exchange(enqueues_, Line());
  for (Attempt& attempt : pending) {
    attempt.status = Status(Code::kCancelled, "Enqueue operation was cancelled");
    End(std::move(attempt));
  }
  ended(Status(), {});
  Flush();
}

bool QueueState::Try(Attempt& attempt) {
  const std::string& name = options_.name;
  switch (attempt.kind) {
    case Kind::kEnqueue:
      if (closed_) {
        attempt.status = Status(Code::kCancelled, fmt::format("FIFOQueue '{}' is closed.", name));
        return true;
      }
      if (full()) return false;
      elements_.push_back(std::move(attempt.tuple));
      return true;
    case Kind::kDequeue:
      if (!elements_.empty()) {
        attempt.tuple = std::move(elements_.front());
        elements_.pop_front();
        return true;
      }
      if (!closed_) return false;
      attempt.status =
          Status(Code::kOutOfRange,
                 fmt::format("FIFOQueue '{}' is closed and has insufficient elements (requested 1, "
                             "current size 0)",
                             name));
      return true;
    case Kind::kClose:
      if (closed_) {
        attempt.status =
            Status(Code::kCancelled, fmt::format("Queue '{}' is already closed.", name));
      }
      closed_ = true;
      return true;
  }
  return true;
}

void QueueState::Add(Line& line, Attempt attempt) {
  const std::uint64_t number = attempt.number = ++last_number_;
  CancelToken* cancel = attempt.cancel;
  line.push_back(std::move(attempt));
  if (cancel != nullptr && cancel->cancelled()) {
    CancelAttempt(line, number, cancel->reason());
    return;
  }
  if (cancel != nullptr) {
    line.back().callback = cancel->OnCancel(
        [this, &line, number, cancel] { CancelAttempt(line, number, cancel->reason()); });
  }
  Flush();
}

void QueueState::CancelAttempt(Line& line, std::uint64_t number, Status status) {
  const auto found = std::find_if(line.begin(), line.end(), [number](const Attempt& attempt) {
    return attempt.number == number;
  });
  if (found == line.end()) return;
  Attempt attempt = std::move(*found);
  line.erase(found);
  attempt.status = std::move(status);
  End(std::move(attempt));
  Flush();
}

void QueueState::End(Attempt attempt) {
  if (attempt.cancel != nullptr) attempt.cancel->Remove(attempt.callback);
  attempt.done(std::move(attempt.status), std::move(attempt.tuple));
}

bool QueueState::TryLine(Line& line) {
  bool changed = false;
  while (!line.empty() && Try(line.front())) {
    Attempt ended = std::move(line.front());
    line.pop_front();
    End(std::move(ended));
    changed = true;
  }
  return changed;
}

void QueueState::Flush() {
  bool changed = true;
  while (changed) {
    changed = TryLine(enqueues_);
    changed = TryLine(dequeues_) || changed;
  }
}

}  // namespace faultline
