#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/env/cancel.h"
#include "core/exec/resource_manager.h"
#include "core/tensor/tensor.h"

namespace faultline {

// A first-in-first-out queue of tuples of tensors, as TensorFlow's FIFOQueue (QR-1, QR-2). Attempts
// that cannot be served wait in order; the head of each of the two lines is tried whenever
// something changes. Each attempt ends by exactly one call of its `done`. Nothing here suspends.
class QueueState : public Resource {
 public:
  static constexpr std::string_view kKind = "queue";

  using Tuple = std::vector<Tensor>;
  using EnqueueDone = std::function<void(Status)>;
  using DequeueDone = std::function<void(Status, Tuple)>;

  struct Options {
    std::string name;
    std::int64_t capacity = -1;  // < 0: no bound
    std::vector<DataType> types;
    std::vector<PartialShape> shapes;  // of the components; may be empty
  };

  explicit QueueState(Options options) : options_(std::move(options)) {}

  const std::string& name() const override { return options_.name; }
  const Options& options() const { return options_; }
  bool closed() const { return closed_; }
  std::int64_t size() const { return static_cast<std::int64_t>(elements_.size()); }

  // Adds one tuple; waits while the queue is full. CANCELLED on a closed queue; the reason of
  // `cancel` when that is cancelled.
  void Enqueue(Tuple tuple, CancelToken* cancel, EnqueueDone done);
  // Takes one tuple; waits while the queue is empty and open. OUT_OF_RANGE on a closed, empty one.
  void Dequeue(CancelToken* cancel, DequeueDone done);
  // Closes behind the pending enqueues, or now, failing them with CANCELLED. Without cancellation a
  // second close is CANCELLED. TensorFlow's close cannot be cancelled while it waits; here it ends
  // with its step.
  void Close(bool cancel_pending, CancelToken* cancel, EnqueueDone done);

 private:
  enum class Kind : std::uint8_t { kEnqueue, kDequeue, kClose };
  struct Attempt {
    Kind kind = Kind::kEnqueue;
    Tuple tuple = {};  // to be added, or taken
    CancelToken* cancel = nullptr;
    std::function<void(Status, Tuple)> done = {};
    CancelToken::CallbackId callback = 0;
    std::uint64_t number = 0;
    Status status = {};
  };
  using Line = std::deque<Attempt>;

  void Add(Line& line, Attempt attempt);
  // Whether the attempt has ended; its status and tuple then tell how.
  bool Try(Attempt& attempt);
  void End(Attempt attempt);
  void CancelAttempt(Line& line, std::uint64_t number, Status status);
  bool TryLine(Line& line);
  void Flush();
  bool full() const { return options_.capacity >= 0 && size() >= options_.capacity; }

  Options options_;
  bool closed_ = false;
  std::deque<Tuple> elements_;
  Line enqueues_;
  Line dequeues_;
  std::uint64_t last_number_ = 0;
};

}  // namespace faultline
