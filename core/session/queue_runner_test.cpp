#include "core/session/queue_runner.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

void StartAndJoin(const std::vector<std::shared_ptr<Thread>>& threads) {
  for (const auto& thread : threads) thread->Start();
  for (const auto& thread : threads) thread->Join({.what = "a queue runner"});
}

// Queues of one value and counters that an op moves up to a limit (F-10).
struct Counters {
  explicit Counters(Graph& graph_in) : graph(graph_in) {
    queue = FifoQueue(graph, 10, {DataType::kFloat}, "fifo_queue");
    x = MakeVariable(graph, Tensor::Scalar(std::int64_t{0}), "x");
    count = CountUpTo(x, 3);
  }
  Graph& graph;
  Queue queue;
  Variable x;
  Output count;

  std::int64_t Value(Session& session, const Variable& variable) const {
    return session.Run(variable.value()).scalar<std::int64_t>();
  }
};

// Operations that no session of another graph can run.
struct BadOps {
  Graph other;
  Operation* first = Constant(other, Tensor::Scalar(1.0F), "bad").op;
  Operation* second = Constant(other, Tensor::Scalar(1.0F), "worse").op;
};

bool IsNotInGraph(const Status& status) {
  return status.code() == Code::kValueError &&
         status.message().find("does not exist in the graph") != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(queue_runner)

BOOST_AUTO_TEST_CASE(qr_t01_basic) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  QueueRunner runner({.queue = model.queue, .enqueue_ops = {model.count.op}});
  BOOST_TEST(runner.name() == "fifo_queue");
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.x.initializer);
    const auto threads = runner.CreateThreads(process.env(), session, nullptr, false);
    BOOST_TEST(threads.size() == 1U);
    BOOST_TEST(threads.at(0)->name() == "QueueRunnerThread-fifo_queue-" + model.count.op->name());
    BOOST_TEST(runner.CreateThreads(process.env(), session, nullptr, false).empty());  // QR-7
    StartAndJoin(threads);
    BOOST_TEST(runner.exceptions_raised().empty());
    BOOST_TEST(model.Value(*session, model.x) == 3);
    BOOST_TEST(runner.CreateThreads(process.env(), session, nullptr, false).size() == 1U);  // QR-9
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_t02_two_ops) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  const Variable y = MakeVariable(graph, Tensor::Scalar(std::int64_t{0}), "y");
  const Output count_y = CountUpTo(y, 30);
  QueueRunner runner({.queue = model.queue, .enqueue_ops = {model.count.op, count_y.op}});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    const auto threads = runner.CreateThreads(process.env(), session, nullptr, false);
    std::set<std::string> names;
    for (const auto& thread : threads) names.insert(thread->name());
    BOOST_TEST(names.size() == 2U);
    session->Run(Fetch::List{model.x.initializer, y.initializer});
    StartAndJoin(threads);
    BOOST_TEST(runner.exceptions_raised().empty());
    BOOST_TEST(model.Value(*session, model.x) == 3);
    BOOST_TEST(model.Value(*session, y) == 30);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_t03_exceptions_are_captured) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  const BadOps bad;
  QueueRunner runner({.queue = model.queue, .enqueue_ops = {bad.first, bad.second}});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.x.initializer);
    StartAndJoin(runner.CreateThreads(process.env(), session, nullptr, false));
    BOOST_TEST(runner.exceptions_raised().size() == 2U);
    for (const Status& raised : runner.exceptions_raised()) BOOST_TEST(IsNotInGraph(raised));
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_t04_real_dequeue_and_enqueue) {
  TestProcess process;
  Graph graph;
  const Queue from = FifoQueue(graph, 3, {DataType::kFloat}, "from");
  const Queue to = FifoQueue(graph, 30, {DataType::kFloat}, "to");
  Operation* put = Enqueue(from, {Constant(graph, Tensor::Scalar(10.0F))});
  Operation* close = CloseQueue(from);
  Operation* move = Enqueue(to, Dequeue(from));
  const Output take = Dequeue(to).at(0);
  QueueRunner runner({.queue = to, .enqueue_ops = {move}});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    const auto threads = runner.CreateThreads(process.env(), session, nullptr, true);
    session->Run(put);
    session->Run(put);
    session->Run(close);
    for (const auto& thread : threads) thread->Join({.what = "the runner"});
    BOOST_TEST(runner.exceptions_raised().empty());
    BOOST_TEST(session->Run(take).scalar<float>() == 10.0F);
    BOOST_TEST(session->Run(take).scalar<float>() == 10.0F);
    BOOST_CHECK_EXCEPTION(session->Run(take), OutOfRangeError, [](const OutOfRangeError& error) {
      return error.status().message().find("closed") != std::string::npos;
    });
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_t05_respects_a_coordinator_that_has_stopped) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  QueueRunner runner({.queue = model.queue, .enqueue_ops = {model.count.op}});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.x.initializer);
    const auto coordinator = std::make_shared<Coordinator>(process.env());
    coordinator->RequestStop();
    const auto threads = runner.CreateThreads(process.env(), session, coordinator, false);
    BOOST_TEST(threads.size() == 2U);
    const std::string prefix = "QueueRunnerThread-fifo_queue-";
    BOOST_TEST(threads.at(0)->name() == prefix + model.count.op->name());
    BOOST_TEST(threads.at(1)->name() == prefix + "close_on_stop");
    for (const auto& thread : threads) thread->Start();
    coordinator->Join();
    BOOST_TEST(runner.exceptions_raised().empty());
    BOOST_TEST(model.Value(*session, model.x) == 0);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_t06_an_exception_requests_a_stop) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  const BadOps bad;
  QueueRunner runner({.queue = model.queue, .enqueue_ops = {bad.first}});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.x.initializer);
    const auto coordinator = std::make_shared<Coordinator>(process.env());
    for (const auto& thread : runner.CreateThreads(process.env(), session, coordinator, false)) {
      thread->Start();
    }
    BOOST_CHECK_EXCEPTION(coordinator->Join(), ValueError,
                          [](const ValueError& error) { return IsNotInGraph(error.status()); });
    BOOST_TEST(coordinator->ShouldStop());
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_t08_start_queue_runners) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  const auto runner = std::make_shared<QueueRunner>(
      QueueRunnerOptions{.queue = model.queue, .enqueue_ops = {model.count.op}});
  AddQueueRunner(graph, runner);
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.x.initializer);
    for (const auto& thread : StartQueueRunners(process.env(), session)) {
      thread->Join({.what = "the runner"});
    }
    BOOST_TEST(runner->exceptions_raised().empty());
    BOOST_TEST(model.Value(*session, model.x) == 3);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_t07_name) {
  Graph graph;
  {
    const NameScope scope(graph, "scope");
    const Queue queue = FifoQueue(graph, 10, {DataType::kFloat}, "queue");
    const auto runner = std::make_shared<QueueRunner>(
        QueueRunnerOptions{.queue = queue, .enqueue_ops = {NoOp(graph)}});
    BOOST_TEST(runner->name() == "scope/queue");
    AddQueueRunner(graph, runner);
  }
  BOOST_TEST(GetQueueRunners(graph, GraphKeys::kQueueRunners, "scope").size() == 1U);
  BOOST_TEST(GetQueueRunners(graph, GraphKeys::kQueueRunners, "other").empty());
  BOOST_TEST(GetQueueRunners(graph).size() == 1U);
}

// QR-22: whether queue runners can be started for a `T`.
template <class T>
concept HasQueueRunners = requires(Env& env, T thing) {
  StartQueueRunners(env, thing);
};

BOOST_AUTO_TEST_CASE(qr_t09_what_is_no_session_does_not_compile) {
  static_assert(HasQueueRunners<std::shared_ptr<Session>>);
  static_assert(HasQueueRunners<MonitoredSession&>);
  static_assert(!HasQueueRunners<int>);
  static_assert(!HasQueueRunners<const char*>);
  static_assert(!HasQueueRunners<std::shared_ptr<Coordinator>>);
  BOOST_TEST(HasQueueRunners<std::shared_ptr<Session>>);
}

BOOST_AUTO_TEST_CASE(qr_t10_start_queue_runners_on_the_graph_of_the_session) {
  TestProcess process;
  Graph other;
  AddQueueRunner(other, std::make_shared<QueueRunner>(QueueRunnerOptions{
                            .queue = FifoQueue(other, 1, {DataType::kFloat}, "unused"),
                            .enqueue_ops = {NoOp(other)}}));
  Graph graph;
  Counters model(graph);
  const auto runner = std::make_shared<QueueRunner>(
      QueueRunnerOptions{.queue = model.queue, .enqueue_ops = {model.count.op}});
  AddQueueRunner(graph, runner);
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.x.initializer);
    const auto threads = StartQueueRunners(process.env(), session);
    BOOST_TEST_REQUIRE(threads.size() == 1U);
    BOOST_TEST(threads[0]->name() == "QueueRunnerThread-fifo_queue-" + model.count.op->name());
    threads[0]->Join({.what = "the runner"});
    BOOST_TEST(runner->exceptions_raised().empty());
    BOOST_TEST(model.Value(*session, model.x) == 3);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_t11_serialization_round_trip) {
  Graph graph;
  const Queue queue = FifoQueue(graph, 10, {DataType::kFloat, DataType::kInt64}, "queue");
  Operation* enqueue = NoOp(graph, "enqueue");
  Operation* close = NoOp(graph, "close");
  Operation* cancel = NoOp(graph, "cancel");
  const QueueRunner runner({.queue = queue,
                            .enqueue_ops = {enqueue},
                            .close_op = close,
                            .cancel_op = cancel,
                            .queue_closed_codes = {Code::kOutOfRange, Code::kCancelled}});
  const auto size = graph.operations().size();
  const auto back = QueueRunner::FromDef(graph, *runner.ToDef());
  BOOST_TEST(graph.operations().size() == size);  // no default ops are made
  BOOST_TEST(back->name() == "queue");
  BOOST_TEST((back->queue().handle == queue.handle));
  BOOST_TEST((back->queue().types == queue.types));
  BOOST_TEST((back->enqueue_ops() == std::vector<Operation*>{enqueue}));
  BOOST_TEST(back->close_op() == close);
  BOOST_TEST(back->cancel_op() == cancel);
  BOOST_TEST((back->queue_closed_codes() == runner.queue_closed_codes()));
  BOOST_TEST(back->Serialize() == runner.Serialize());

  const std::string old =
      "\x0a\x05queue\x12\x07"
      "enqueue\x1a\x05"
      "close\x22\x06"
      "cancel";
  const auto from_old = QueueRunner::FromDef(graph, old);
  BOOST_TEST((from_old->queue_closed_codes() == std::vector<Code>{Code::kOutOfRange}));
}

BOOST_AUTO_TEST_CASE(qr_23_scopes_of_import_and_export) {
  Graph graph;
  {
    const NameScope scope(graph, "scope");
    const QueueRunner runner({.queue = FifoQueue(graph, 1, {DataType::kFloat}, "q"),
                              .enqueue_ops = {NoOp(graph, "put")},
                              .close_op = NoOp(graph, "shut"),
                              .cancel_op = NoOp(graph, "stop")});
    BOOST_TEST(!runner.ToDef("scop").has_value());
    BOOST_TEST(!runner.ToDef("other").has_value());
    const auto inner = runner.ToDef("scope");
    BOOST_TEST_REQUIRE(inner.has_value());
    BOOST_TEST(*inner == std::string("\x0a\x01q\x12\x03put\x1a\x04shut\x22\x04stop\x2a\x01\x0b"));
    BOOST_CHECK_THROW(QueueRunner::FromDef(graph, *inner), ValueError);
    BOOST_TEST(QueueRunner::FromDef(graph, *inner, "scope")->Serialize() == runner.Serialize());
  }
}

BOOST_AUTO_TEST_CASE(qr_3_a_damaged_definition_is_a_value_error) {
  Graph graph;
  FifoQueue(graph, 1, {DataType::kFloat}, "q");
  NoOp(graph, "op");
  const auto refused = [&](const std::string& bytes) {
    const Status status = ReadQueueRunner(graph, bytes).status();
    BOOST_TEST(status.code() == Code::kValueError, status.ToString());
    return status.message();
  };
  const std::string ops = "\x12\x02op\x1a\x02op\x22\x02op";
  BOOST_TEST(ReadQueueRunner(graph, "\x0a\x01q" + ops).ok());
  refused("\xff");
  BOOST_TEST(refused("\x0a\x01r" + ops).find("names r,") != std::string::npos);
  BOOST_TEST(refused("\x0a\x02op" + ops).find("no queue") != std::string::npos);
  refused("\x0a\x01q\x1a\x02op\x22\x02op");                     // without enqueue ops
  refused("\x0a\x01q" + ops + std::string("\x2a\x01\x00", 3));  // the code OK
  refused("\x0a\x01q" + ops + "\x2a\x01\x63");                  // the code 99
}

BOOST_AUTO_TEST_CASE(qr_18_and_19_a_named_collection_and_threads_that_wait_for_their_start) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  AddQueueRunner(graph,
                 std::make_shared<QueueRunner>(
                     QueueRunnerOptions{.queue = model.queue, .enqueue_ops = {model.count.op}}),
                 "mine");
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.x.initializer);
    BOOST_TEST(StartQueueRunners(process.env(), session).empty());
    const auto threads =
        StartQueueRunners(process.env(), session, nullptr, {.start = false, .collection = "mine"});
    BOOST_TEST_REQUIRE(threads.size() == 1U);
    process.Advance(Duration::Seconds(1));
    BOOST_TEST(!threads[0]->started());
    BOOST_TEST(model.Value(*session, model.x) == 0);
    StartAndJoin(threads);
    BOOST_TEST(model.Value(*session, model.x) == 3);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_19_something_else_in_the_collection_is_a_type_error) {
  TestProcess process;
  Graph graph;
  graph.AddToCollection(GraphKeys::kQueueRunners, std::int64_t{3});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    BOOST_CHECK_THROW(StartQueueRunners(process.env(), session), TypeError);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_21_a_monitored_session_has_started_its_runners_itself) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  AddQueueRunner(graph, std::make_shared<QueueRunner>(QueueRunnerOptions{
                            .queue = model.queue, .enqueue_ops = {model.count.op}}));
  process.Run([&] {
    MonitoredSession session(process.runtime, graph);
    BOOST_TEST(StartQueueRunners(process.env(), session).empty());
    session.Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_12_without_coordinator_the_thread_dies_of_its_error) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  Operation* bad = Enqueue(model.queue, {Placeholder(graph, DataType::kFloat)});
  QueueRunner runner({.queue = model.queue, .enqueue_ops = {model.count.op, bad}});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    session->Run(model.x.initializer);
    const auto threads = runner.CreateThreads(process.env(), session);
    StartAndJoin(threads);
    BOOST_TEST(threads[0]->died_of().ok());  // QR-11
    BOOST_TEST(threads[1]->died_of().code() == Code::kInvalidArgument);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_19_a_graph_without_runners_gives_a_warning) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    BOOST_TEST(StartQueueRunners(process.env(), session).empty());
    BOOST_CHECK_THROW(StartQueueRunners(process.env(), nullptr), ValueError);  // QR-20
    session->Close();
  });
  BOOST_TEST(process.fake.logger().Count("no queue runners") == 1);
}

BOOST_AUTO_TEST_CASE(qr_12_another_error_is_kept_or_reported) {
  TestProcess process;
  Graph graph;
  Counters model(graph);
  Operation* bad = Enqueue(model.queue, {Placeholder(graph, DataType::kFloat)});
  QueueRunner runner({.queue = model.queue, .enqueue_ops = {bad}});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    StartAndJoin(runner.CreateThreads(process.env(), session, nullptr, false));
    BOOST_TEST(runner.exceptions_raised().size() == 1U);
    BOOST_TEST(runner.exceptions_raised().at(0).code() == Code::kInvalidArgument);

    const auto coordinator = std::make_shared<Coordinator>(process.env());
    StartAndJoin(runner.CreateThreads(process.env(), session, coordinator, false));
    BOOST_TEST(runner.exceptions_raised().empty());  // QR-16
    BOOST_CHECK_THROW(coordinator->Join(), InvalidArgumentError);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_15_a_stop_releases_a_thread_blocked_on_a_full_queue) {
  TestProcess process;
  Graph graph;
  const Queue queue = FifoQueue(graph, 1, {DataType::kFloat}, "full");
  Operation* put = Enqueue(queue, {Constant(graph, Tensor::Scalar(1.0F))});
  QueueRunner runner({.queue = queue, .enqueue_ops = {put}});
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    const auto coordinator = std::make_shared<Coordinator>(process.env());
    const auto threads = runner.CreateThreads(process.env(), session, coordinator, true);
    process.Advance(Duration::Seconds(1));
    BOOST_TEST(!threads.at(0)->finished());
    coordinator->RequestStop();
    coordinator->Join();
    BOOST_TEST(threads.at(0)->finished());
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(qr_3_and_4_what_a_runner_needs) {
  Graph graph;
  Counters model(graph);
  BOOST_CHECK_THROW(QueueRunner({.enqueue_ops = {model.count.op}}), ValueError);
  BOOST_CHECK_THROW(QueueRunner({.queue = model.queue}), ValueError);
  BOOST_CHECK_THROW(
      QueueRunner(
          {.queue = model.queue, .enqueue_ops = {model.count.op}, .queue_closed_codes = {}}),
      TypeError);
}

BOOST_AUTO_TEST_CASE(qr_23_the_definition_message) {
  Graph graph;
  const Queue queue = FifoQueue(graph, 1, {DataType::kFloat}, "q");
  Operation* put = NoOp(graph, "put");
  const QueueRunner runner({.queue = queue,
                            .enqueue_ops = {put},
                            .close_op = NoOp(graph, "shut"),
                            .cancel_op = NoOp(graph, "stop"),
                            .queue_closed_codes = {Code::kOutOfRange, Code::kCancelled}});
  BOOST_TEST(runner.Serialize() == std::string("\x0a\x01q\x12\x03put\x1a\x04shut\x22\x04stop"
                                               "\x2a\x02\x0b\x01"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
