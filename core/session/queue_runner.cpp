#include "core/session/queue_runner.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"

namespace faultline {

namespace {

Operation* OrCloseOp(const QueueRunnerOptions& options, Operation* given, bool cancel) {
  return given != nullptr ? given : CloseQueue(options.queue, cancel);
}

}  // namespace

// Shared with the threads, which may outlive the runner.
struct QueueRunner::State {
  struct Outstanding {
    std::int64_t runs = 0;
    std::weak_ptr<Session> session;
  };
  std::map<std::uint64_t, Outstanding> outstanding;  // by session id (MP-13)
  std::vector<Status> raised;

  // Counts one thread of the session as ended; true for the last one.
  bool EndOne(std::uint64_t session_id) {
    const auto found = outstanding.find(session_id);
    FL_ASSERT(found != outstanding.end(), "no runs of session {}", session_id);
    if (--found->second.runs > 0) return false;
    outstanding.erase(found);
    return true;
  }
};

// What one enqueue thread needs.
struct QueueRunner::Feeder {
  Env& env;
  std::shared_ptr<State> state;
  std::shared_ptr<Session> session;
  std::shared_ptr<Coordinator> coordinator;
  Operation* enqueue_op;
  Operation* close_op;
  std::vector<Code> closed_codes;

  // What the thread dies of.
  Status Run() {
    Status status;
    while (status.ok()) {  // QR-10
      if (coordinator && coordinator->ShouldStop()) break;
      status = session->TryRun({.fetches = enqueue_op}).status();
    }
    const bool queue_closed =
        std::find(closed_codes.begin(), closed_codes.end(), status.code()) != closed_codes.end();
    const bool failed = !status.ok() && !queue_closed;
    if (failed) Report(status);
    const bool last = state->EndOne(session->id());  // QR-13
    if (queue_closed && last) {                      // QR-11, QR-14
      Ignore(session->TryRun({.fetches = close_op}).status());
    }
    return failed && !coordinator ? status : Status();
  }

  void Report(const Status& status) {  // QR-12
    if (coordinator) {
      Ignore(coordinator->TryRequestStop(status));
      return;
    }
    env.logger.Log(LogLevel::kError, "queue runner: " + status.ToString());
    state->raised.push_back(status);
  }

  void Ignore(const Status& status) {
    if (!status.ok()) env.logger.Log(LogLevel::kInfo, "queue runner: " + status.ToString());
  }
};

QueueRunner::QueueRunner(QueueRunnerOptions options)
    : options_(std::move(options)), state_(std::make_shared<State>()) {
  if (!options_.queue.handle || options_.enqueue_ops.empty()) {
    throw ValueError("a queue runner needs a queue and enqueue ops");
  }
  const auto& codes = options_.queue_closed_codes;
  const bool all_errors = std::all_of(
      codes.begin(), codes.end(), [](Code code) { return IsCanonical(code) && code != Code::kOk; });
  if (codes.empty() || !all_errors) {
    throw TypeError("queue_closed_codes must be a list of one or more error codes");
  }
  options_.close_op = OrCloseOp(options_, options_.close_op, false);
  options_.cancel_op = OrCloseOp(options_, options_.cancel_op, true);
  name_ = options_.queue.name();
}

std::vector<std::shared_ptr<Thread>> QueueRunner::CreateThreads(
    Env& env, std::shared_ptr<Session> session, std::shared_ptr<Coordinator> coordinator,
    bool start, bool) {
  std::erase_if(state_->outstanding,
                [](const auto& entry) { return entry.second.session.expired(); });
  if (state_->outstanding.contains(session->id())) return {};  // QR-7
  state_->outstanding[session->id()] = {static_cast<std::int64_t>(options_.enqueue_ops.size()),
                                        session};
  state_->raised.clear();

  std::vector<std::shared_ptr<Thread>> threads;
  const std::string prefix = "QueueRunnerThread-" + name_ + "-";
  for (Operation* op : options_.enqueue_ops) {
    Feeder feeder{
        env, state_, session, coordinator, op, options_.close_op, options_.queue_closed_codes};
    threads.push_back(std::make_shared<Thread>(env.spawner, prefix + op->name(),
                                               [feeder]() mutable { return feeder.Run(); }));
  }
  if (coordinator) {  // QR-15
    Feeder feeder{env, state_, session, coordinator, nullptr, nullptr, {}};
    threads.push_back(std::make_shared<Thread>(
        env.spawner, prefix + "close_on_stop", [feeder, cancel = options_.cancel_op]() mutable {
          feeder.coordinator->WaitForStop();
          feeder.Ignore(feeder.session->TryRun({.fetches = cancel}).status());
          return Status();
        }));
    for (const auto& thread : threads) coordinator->RegisterThread(thread);
  }
  if (start) {
    for (const auto& thread : threads) thread->Start();
  }
  return threads;
}

const std::vector<Status>& QueueRunner::exceptions_raised() const { return state_->raised; }

void AddQueueRunner(Graph& graph, std::shared_ptr<QueueRunner> runner,
                    std::string_view collection) {
  graph.AddToCollection(collection, std::shared_ptr<CollectionObject>(std::move(runner)));
}

std::vector<std::shared_ptr<QueueRunner>> GetQueueRunners(const Graph& graph,
                                                          std::string_view collection,
                                                          std::string_view scope) {
  std::vector<std::shared_ptr<QueueRunner>> runners;
  for (const CollectionItem& item : graph.GetCollection(collection)) {
    const auto* object = std::get_if<std::shared_ptr<CollectionObject>>(&item);
    auto runner = object ? std::dynamic_pointer_cast<QueueRunner>(*object) : nullptr;
    if (!runner) {
      throw TypeError(fmt::format("collection {} holds what is no queue runner", collection));
    }
    if (runner->name().starts_with(scope)) runners.push_back(std::move(runner));
  }
  return runners;
}

std::vector<std::shared_ptr<Thread>> StartQueueRunners(Env& env, std::shared_ptr<Session> session,
                                                       std::shared_ptr<Coordinator> coordinator,
                                                       const StartQueueRunnersOptions& options) {
  if (!session) throw ValueError("queue runners need a session");  // QR-20
  const auto runners = GetQueueRunners(session->graph(), options.collection);
  if (runners.empty()) {
    env.logger.Log(LogLevel::kWarning, "there are no queue runners to start in this graph");
  }
  std::vector<std::shared_ptr<Thread>> threads;
  for (const auto& runner : runners) {
    const auto more =
        runner->CreateThreads(env, session, coordinator, options.start, options.daemon);
    threads.insert(threads.end(), more.begin(), more.end());
  }
  return threads;
}

std::vector<std::shared_ptr<Thread>> StartQueueRunners(Env&, MonitoredSession&,
                                                       std::shared_ptr<Coordinator>,
                                                       const StartQueueRunnersOptions&) {
  return {};
}

}  // namespace faultline
