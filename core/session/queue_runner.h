#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/env/env.h"
#include "core/exec/session.h"
#include "core/graph/ops.h"
#include "core/session/coordinator.h"
#include "core/session/thread.h"

namespace faultline {

class MonitoredSession;

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

  // QR-3, QR-23: on the nodes that a serialized QueueRunnerDef names, with `import_scope` before
  // their names. A message without codes means {OUT_OF_RANGE}. ValueError for bytes that are no
  // such message and for a node that `graph` lacks. What is made either from a queue and ops or
  // from a message cannot be given both.
  static std::shared_ptr<QueueRunner> FromDef(Graph& graph, std::string_view serialized,
                                              std::string_view import_scope = {});

  const std::string& name() const { return name_; }  // QR-6
  const Queue& queue() const { return options_.queue; }
  Operation* close_op() const { return options_.close_op; }
  Operation* cancel_op() const { return options_.cancel_op; }
  const std::vector<Operation*>& enqueue_ops() const { return options_.enqueue_ops; }
  const std::vector<Code>& queue_closed_codes() const { return options_.queue_closed_codes; }

  // QR-7, QR-8: the threads for `session`, or none while its former ones run. With a coordinator
  // (may be null) they are registered with it and one more closes the queue when it stops. The Env
  // outlives them. `daemon` has no meaning here (MP-8).
  std::vector<std::shared_ptr<Thread>> CreateThreads(
      Env& env, std::shared_ptr<Session> session,
      std::shared_ptr<Coordinator> coordinator = nullptr, bool start = false, bool daemon = false);
  // QR-16: errors of threads without coordinator, since threads were last created.
  const std::vector<Status>& exceptions_raised() const;

  // A serialized QueueRunnerDef (QR-23) with the names below `export_scope`, if one is given;
  // nothing if the queue lies outside of it.
  std::optional<std::string> ToDef(std::string_view export_scope = {}) const;
  // The same for the whole graph.
  std::string Serialize() const override { return *ToDef(); }

 private:
  struct State;
  struct Feeder;

  QueueRunnerOptions options_;
  std::string name_;
  std::shared_ptr<State> state_;
};

// The same as a reader of the collection of queue runners in a MetaGraphDef: errors are returned.
Result<CollectionItem> ReadQueueRunner(Graph& graph, std::string_view serialized);

// QR-18.
void AddQueueRunner(Graph& graph, std::shared_ptr<QueueRunner> runner,
                    std::string_view collection = GraphKeys::kQueueRunners);
// The runners of a collection whose names begin with `scope`. TypeError if it holds something else.
std::vector<std::shared_ptr<QueueRunner>> GetQueueRunners(
    const Graph& graph, std::string_view collection = GraphKeys::kQueueRunners,
    std::string_view scope = {});

struct StartQueueRunnersOptions {
  bool daemon = true;  // no meaning here (MP-8)
  bool start = true;   // false: the caller starts the threads
  std::string collection{GraphKeys::kQueueRunners};
};
// QR-19: makes the threads of every runner of the session's graph. A warning and nothing without
// runners. ValueError without a session (QR-20); TypeError if the collection holds something else.
// What is no session does not compile (QR-22).
std::vector<std::shared_ptr<Thread>> StartQueueRunners(
    Env& env, std::shared_ptr<Session> session, std::shared_ptr<Coordinator> coordinator = nullptr,
    const StartQueueRunnersOptions& options = {});
// QR-21: nothing; a monitored session has started its queue runners itself.
std::vector<std::shared_ptr<Thread>> StartQueueRunners(
    Env& env, MonitoredSession& session, std::shared_ptr<Coordinator> coordinator = nullptr,
    const StartQueueRunnersOptions& options = {});

}  // namespace faultline
