#include "core/session/queue_runner.h"

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
