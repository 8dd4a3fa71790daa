#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/env/env.h"
#include "core/exec/session.h"
#include "core/graph/ops.h"
#include "core/session/coordinator.h"
#include "core/session/thread.h"

namespace faultline {

// QR-3. Null operations take their default (QR-5).
struct QueueRunnerOptions {
  Queue queue = {};
  std::vector<Operation*> enqueue_ops = {};
  Operation* close_op = nullptr;   // default: close, keeping pending enqueues
  Operation* cancel_op = nullptr;  // default: close, cancelling pending enqueues
  std::vector<Code> queue_closed_codes = {Code::kOutOfRange};  // QR-4
};

// Keeps a queue full: one fiber for each enqueue op (QR-3..QR-17). Lives in the graph's collection
// of queue runners; its threads keep what they need alive, but for the graph.
class QueueRunner : public CollectionObject {
 public:
  // ValueError without a queue or without enqueue ops; TypeError for an empty list of codes or one
  // that holds no error code. Adds the default ops to the graph.
  explicit QueueRunner(QueueRunnerOptions options);

  const std::string& name() const { return name_; }  // QR-6
  Operation* close_op() const { return options_.close_op; }
  Operation* cancel_op() const { return options_.cancel_op; }
  const std::vector<Operation*>& enqueue_ops() const { return options_.enqueue_ops; }

  // QR-7, QR-8: the threads for `session`, or none while its former ones run. With a coordinator
  // (may be null) they are registered with it and one more closes the queue when it stops.
  std::vector<std::shared_ptr<Thread>> CreateThreads(Env& env, std::shared_ptr<Session> session,
                                                     std::shared_ptr<Coordinator> coordinator,
                                                     bool start);
  // QR-16: errors of threads without coordinator, since threads were last created.
  const std::vector<Status>& exceptions_raised() const;

  // A QueueRunnerDef (QR-23).
  std::string Serialize() const override;

 private:
  struct State;
  struct Feeder;

  QueueRunnerOptions options_;
  std::string name_;
  std::shared_ptr<State> state_;
};

// QR-18.
void AddQueueRunner(Graph& graph, std::shared_ptr<QueueRunner> runner);

// QR-19: starts the threads of every runner of the session's graph. A warning and nothing without
// runners. TypeError if the collection holds something else.
std::vector<std::shared_ptr<Thread>> StartQueueRunners(
    Env& env, std::shared_ptr<Session> session, std::shared_ptr<Coordinator> coordinator = nullptr);

}  // namespace faultline
