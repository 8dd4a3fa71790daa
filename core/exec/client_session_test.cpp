#include "core/exec/client_session.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/session_world.h"

namespace faultline {
namespace {

using testing::SessionWorld;

struct World : SessionWorld {
  Output Float(float value, const std::string& name = "Const") {
    return Constant(graph, Tensor::Scalar(value), name);
  }
  // The error of a run on a session of its own.
  Status ErrorOfRun(const Fetch& fetches, const FeedDict& feeds = {}) {
    Status status;
    Run([&] {
      const auto session = Open();
      status = ErrorOf(*session, fetches, feeds);
    });
    return status;
  }
  std::vector<std::string> Points() {
    std::vector<std::string> names;
    for (const auto& announced : fake.observer().all()) {
      names.emplace_back(PointName(announced.point));
    }
    return names;
  }
};

// Counts calls of its engine and answers each fetch with the scalar 7.
class StubSession final : public ClientSession {
 public:
  StubSession(Env& env, Graph& graph, Status close = {})
      : ClientSession(env, graph, "grpc://stub:1", SessionConfig(), 9), close_(std::move(close)) {}
  std::vector<StepRequest> requests;
  int closes = 0;

 protected:
  Result<std::vector<Tensor>> RunStep(const StepRequest& request) override {
    requests.push_back(request);
    request.metadata->partition_graphs.push_back("g");
    if (fail) return Status(Code::kAborted, "gone");
    return std::vector<Tensor>(request.fetches.size(), Tensor::Scalar<float>(7));
  }
  Status CloseEngine() override {
    ++closes;
    return close_;
  }

 public:
  bool fail = false;

 private:
  Status close_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(client_session, World)

BOOST_AUTO_TEST_CASE(se_2_sessions_on_one_graph_have_their_own_values) {
  const Variable v = MakeVariable(graph, Tensor::Scalar<float>(1), "v");
  const Output add = AssignAdd(v, Float(2));
  Run([&] {
    const auto first = Open();
    const auto second = Open();
    first->Run(v.initializer);
    first->Run(add);
    BOOST_TEST(first->Run(v.value()).scalar<float>() == 3);
    BOOST_TEST(ErrorOf(*second, v.value()).code() == Code::kFailedPrecondition);
    second->Run(v.initializer);
    BOOST_TEST(second->Run(v.value()).scalar<float>() == 1);
    BOOST_TEST(first->Run(v.value()).scalar<float>() == 3);
  });
}

BOOST_AUTO_TEST_CASE(se_7_close_is_idempotent_even_if_the_first_one_failed) {
  Float(1);
  Run([&] {
    StubSession session(env(), graph, Status(Code::kAborted, "unknown handle"));
    BOOST_TEST(session.TryClose().code() == Code::kAborted);
    BOOST_TEST(session.closed());
    BOOST_TEST(session.TryClose().ok());
    BOOST_TEST(session.closes == 1);
  });
}

BOOST_AUTO_TEST_CASE(se_8_a_closed_session_refuses_before_it_looks_at_fetches) {
  Float(1);
  Run([&] {
    const auto session = Open();
    session->Close();
    const Status status = ErrorOf(*session, Fetch());
    BOOST_TEST(status.code() == Code::kRuntimeError);
    BOOST_TEST(status.message() == "Attempted to use a closed Session.");
    BOOST_CHECK_THROW(session->Run("nothing"), RuntimeError);
  });
}

BOOST_AUTO_TEST_CASE(se_8_an_empty_graph_is_refused_after_the_check_for_closed) {
  Run([&] {
    const auto session = Open();
    BOOST_TEST(ErrorOf(*session, Fetch()).message().starts_with("The Session graph is empty."));
    session->Close();
    BOOST_TEST(ErrorOf(*session, Fetch()).message() == "Attempted to use a closed Session.");
  });
}

BOOST_AUTO_TEST_CASE(se_9_closing_cancels_a_blocked_run_and_waits_for_it) {
  const Queue queue = FifoQueue(graph, 1, {DataType::kFloat});
  const Output out = Dequeue(queue)[0];
  Run([&] {
    const auto session = Open();
    Status status;
    bool ended = false;
    const auto task = env().spawner.Spawn("reader", [&] {
      status = ErrorOf(*session, out);
      ended = true;
    });
    fake.Advance(Duration::Seconds(5));
    BOOST_TEST(!ended);
    BOOST_TEST(session->TryClose().ok());
    task->Join({.what = "reader"});
    BOOST_TEST(status.code() == Code::kCancelled);
    BOOST_TEST(fake.observer().all().back().text("code") != "");
    const auto points = Points();
    BOOST_TEST(points.back() == "SessionClose");
    BOOST_TEST(points[points.size() - 2] == "SessionRunEnd");
  });
}

BOOST_AUTO_TEST_CASE(se_12_the_result_has_the_shape_of_the_request) {
  const Output a = Float(1, "a");
  const Output b = Float(2, "b");
  Operation* none = NoOp(graph, "nothing");
  Run([&] {
    const auto session = Open();
    const Fetch fetch = Fetch::Map{{"x", Fetch::List{a, none, "b:0"}},
                                   {"y", Fetch::Map{{"z", "nothing"}, {"w", b}}}};
    const Fetched got = session->Run(fetch);
    BOOST_REQUIRE(got["x"].is_list());
    BOOST_TEST(got["x"].list().size() == 3U);
    BOOST_TEST(got["x"][0].scalar<float>() == 1);
    BOOST_TEST(got["x"][1].null());
    BOOST_TEST(got["x"][2].scalar<float>() == 2);
    BOOST_TEST(got["y"]["z"].null());
    BOOST_TEST(got["y"]["w"].scalar<float>() == 2);
    BOOST_TEST(got.map()[1].first == "y");
    BOOST_TEST(session->Run(Fetch::List{}).list().empty());
  });
}

BOOST_AUTO_TEST_CASE(se_13_a_null_fetch_anywhere_is_a_type_error) {
  const Output a = Float(1);
  BOOST_TEST(ErrorOfRun(Fetch()).code() == Code::kTypeError);
  BOOST_TEST(ErrorOfRun(Output()).code() == Code::kTypeError);
  BOOST_TEST(ErrorOfRun(Fetch::List{a, Fetch::List{Fetch()}}).code() == Code::kTypeError);
  BOOST_TEST(ErrorOfRun(static_cast<Operation*>(nullptr)).code() == Code::kTypeError);
}

BOOST_AUTO_TEST_CASE(se_13_what_is_not_in_the_graph_is_a_value_error) {
  Float(1, "a");
  Graph other;
  const Output foreign = Constant(other, Tensor::Scalar<float>(1), "foreign");
  for (const Fetch& fetch : {Fetch("b"), Fetch("a:1"), Fetch("a:"), Fetch("a:x"), Fetch("b:0"),
                             Fetch(foreign), Fetch(foreign.op), Fetch(":0")}) {
    BOOST_TEST(ErrorOfRun(fetch).code() == Code::kValueError);
  }
}

BOOST_AUTO_TEST_CASE(se_13_an_operation_marked_unfetchable_is_a_value_error) {
  const Output a = Float(1, "a");
  const Output b = Float(2, "b");
  Operation* nothing = NoOp(graph, "nothing");
  graph.PreventFetching(a.op);
  graph.PreventFetching(nothing);
  for (const Fetch& fetch : {Fetch(a), Fetch("a:0"), Fetch(a.op), Fetch(nothing), Fetch("nothing"),
                             Fetch{b, Fetch::List{a}}}) {
    BOOST_TEST(ErrorOfRun(fetch).code() == Code::kValueError);
  }
  BOOST_TEST(ErrorOfRun(a).message() == "Operation 'a' has been marked as not fetchable.");
  // A fed tensor too; what else is wrong with the fetches is found before, a wrong feed even before
  // that.
  BOOST_TEST(ErrorOfRun(a, {{a, Tensor::Scalar<float>(2)}}).code() == Code::kValueError);
  BOOST_TEST(ErrorOfRun({a, Fetch()}).code() == Code::kTypeError);
  BOOST_TEST(ErrorOfRun(a, {{Output(), Tensor::Scalar<float>(2)}}).code() == Code::kTypeError);
  // What depends on it may be fetched, and it may be fed.
  BOOST_TEST(ErrorOfRun(Identity(a), {{a, Tensor::Scalar<float>(2)}}).ok());
  Graph other;
  BOOST_CHECK_THROW(other.PreventFetching(a.op), ValueError);
}

BOOST_AUTO_TEST_CASE(se_17_a_tensor_marked_unfeedable_is_a_value_error_found_last) {
  const Output x = Placeholder(graph, DataType::kInt32, PartialShape({2}), "x");
  const Output y = Placeholder(graph, DataType::kInt32, PartialShape({2}), "y");
  graph.PreventFeeding(x);
  const Tensor good = Tensor::Of<std::int32_t>({1, 2});
  const Status refused = ErrorOfRun(y, {{y, good}, {x, good}});
  BOOST_TEST(refused.code() == Code::kValueError);
  BOOST_TEST(refused.message() == "Tensor x:0 may not be fed.");
  BOOST_TEST(ErrorOfRun(y, {{x, Tensor::Scalar("text")}}).code() == Code::kTypeError);
  BOOST_TEST(ErrorOfRun(y, {{x, Tensor::Of<std::int32_t>({1})}}).message().find("shape") !=
             std::string::npos);
  BOOST_TEST(ErrorOfRun(y, {{y, good}}).ok());
  Graph other;
  BOOST_CHECK_THROW(other.PreventFeeding(x), ValueError);
}

BOOST_AUTO_TEST_CASE(se_14_a_tensor_named_twice_is_evaluated_once) {
  const Variable v = MakeVariable(graph, Tensor::Scalar<float>(0), "v");
  const Output add = AssignAdd(v, Float(1));
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    const Fetched got = session->Run({add, add, Fetch::List{add.name(), add.op}});
    BOOST_TEST(got[0].scalar<float>() == 1);
    BOOST_TEST(got[1].scalar<float>() == 1);
    BOOST_TEST(got[2][0].scalar<float>() == 1);
    BOOST_TEST(session->Run(v.value()).scalar<float>() == 1);
  });
}

BOOST_AUTO_TEST_CASE(se_15_a_fed_fetch_gives_the_fed_value_without_the_engine) {
  const Output a = Float(1, "a");
  const Output b = Float(2, "b");
  Run([&] {
    StubSession session(env(), graph);
    const FeedDict feeds{{a, Tensor::Scalar<float>(5)}};
    BOOST_TEST(session.Run(Fetch::List{a, a}, feeds)[1].scalar<float>() == 5);
    BOOST_TEST(session.requests.empty());
    BOOST_TEST(fake.observer().Count(Point::kSessionRunStart) == 0);
    const Fetched got = session.Run(Fetch::List{a, b}, feeds);
    BOOST_TEST(got[0].scalar<float>() == 5);
    BOOST_TEST(got[1].scalar<float>() == 7);
    BOOST_REQUIRE(session.requests.size() == 1U);
    BOOST_TEST(session.requests[0].fetches.size() == 1U);
    BOOST_TEST(session.requests[0].context.session_id == 9U);
  });
}

BOOST_AUTO_TEST_CASE(se_15_a_fed_tensor_is_not_computed) {
  const Output p = Placeholder(graph, DataType::kFloat, PartialShape(), "p");
  const Output twice = Add(p, p);
  const Output more = Add(twice, Float(1));
  Run([&] {
    const auto session = Open();
    const Fetched got = session->Run(more, {{twice, Tensor::Scalar<float>(10)}});
    BOOST_TEST(got.scalar<float>() == 11);
  });
}

BOOST_AUTO_TEST_CASE(se_17_a_tensor_may_be_fed_by_its_name) {
  const Output p = Placeholder(graph, DataType::kFloat, PartialShape(), "p");
  const Output twice = Add(p, p);
  Run([&] {
    const auto session = Open();
    FeedDict feeds;
    feeds.Add("p:0", Tensor::Scalar<float>(2));
    BOOST_TEST(session->Run(twice, feeds).scalar<float>() == 4);
    feeds.Add(p, Tensor::Scalar<float>(3));  // what is fed by name is used
    BOOST_TEST(session->Run(twice, feeds).scalar<float>() == 4);
    for (const char* name : {"q:0", "p", "p:1", "p:x", "p:"}) {
      FeedDict wrong;
      wrong.Add(name, Tensor::Scalar<float>(2));
      BOOST_TEST(ErrorOf(*session, twice, wrong).code() == Code::kTypeError, name);
    }
  });
}

BOOST_AUTO_TEST_CASE(se_17_feeds_are_checked_in_order_key_type_range_shape) {
  const Output x = Placeholder(graph, DataType::kInt32, PartialShape({2}), "x");
  Graph other;
  const Output foreign = Placeholder(other, DataType::kInt32);
  const Tensor good = Tensor::Of<std::int32_t>({1, 2});
  BOOST_TEST(ErrorOfRun(x, {{foreign, good}}).code() == Code::kTypeError);
  BOOST_TEST(ErrorOfRun(x, {{Output{x.op, 3}, good}}).code() == Code::kTypeError);
  BOOST_TEST(ErrorOfRun(x, {{Output(), good}}).code() == Code::kTypeError);
  BOOST_TEST(ErrorOfRun(x, {{x, Tensor()}}).code() == Code::kTypeError);
  // Too large, and of a wrong shape: the type comes first.
  BOOST_TEST(ErrorOfRun(x, {{x, Tensor::Scalar<std::int64_t>(1LL << 40)}}).code() ==
             Code::kTypeError);
  BOOST_TEST(ErrorOfRun(x, {{x, Tensor::Scalar("text")}}).code() == Code::kTypeError);
  const Status shape = ErrorOfRun(x, {{x, Tensor::Of<std::int32_t>({1, 2, 3})}});
  BOOST_TEST(shape.code() == Code::kValueError);
  BOOST_TEST(shape.message() ==
             "Cannot feed value of shape (3,) for Tensor 'x:0', which has shape '(2,)'");
  BOOST_TEST(ErrorOfRun(x, {{x, good}}).ok());
  // A feed is checked before the fetches are.
  BOOST_TEST(ErrorOfRun(Fetch("nothing"), {{foreign, good}}).code() == Code::kTypeError);
}

BOOST_AUTO_TEST_CASE(se_17_a_value_that_fits_is_converted) {
  const Output x = Placeholder(graph, DataType::kInt32, PartialShape(), "x");
  const Output y = Identity(x);
  Run([&] {
    const auto session = Open();
    const Fetched got = session->Run(y, {{x, Tensor::Scalar<std::int64_t>(7)}});
    BOOST_TEST(got.scalar<std::int32_t>() == 7);
  });
}

BOOST_AUTO_TEST_CASE(se_18_feeds_apply_to_one_run_only) {
  const Output a = Float(1);
  const Output b = Identity(a);
  Run([&] {
    const auto session = Open();
    BOOST_TEST(session->Run(b, {{a, Tensor::Scalar<float>(4)}}).scalar<float>() == 4);
    BOOST_TEST(session->Run(b).scalar<float>() == 1);
  });
}

BOOST_AUTO_TEST_CASE(se_20_the_time_limit_of_a_run_comes_before_that_of_the_session) {
  Float(1, "a");
  Run([&] {
    StubSession session(env(), graph);
    session.Run("a:0");
    RunOptions options;
    options.timeout_ms = 250;
    session.Run("a:0", {}, &options);
    BOOST_TEST((session.requests[0].deadline == TimePoint::Max()));
    BOOST_TEST((session.requests[1].deadline == env().clock.Now() + Duration::Milliseconds(250)));
  });
}

BOOST_AUTO_TEST_CASE(se_20_a_blocked_run_ends_at_its_limit) {
  const Queue queue = FifoQueue(graph, 1, {DataType::kFloat});
  const Output out = Dequeue(queue)[0];
  Run([&] {
    SessionConfig config;
    config.operation_timeout = Duration::Seconds(3);
    const auto session = Open(config);
    TimePoint start = env().clock.Now();
    const Status status = ErrorOf(*session, out);
    BOOST_TEST(status.code() == Code::kDeadlineExceeded);
    BOOST_TEST(status.message() == "Timed out waiting for notification");
    BOOST_TEST((env().clock.Now() - start == Duration::Seconds(3)));
    RunOptions options;
    options.timeout_ms = 150;
    start = env().clock.Now();
    BOOST_TEST(ErrorOf(*session, out, {}, &options).code() == Code::kDeadlineExceeded);
    BOOST_TEST((env().clock.Now() - start == Duration::Milliseconds(150)));
    // Nothing of the ended runs is left in the queue's line.
    session->Run(Enqueue(queue, {Float(8)}));
    BOOST_TEST(session->Run(out).scalar<float>() == 8);
  });
}

BOOST_AUTO_TEST_CASE(se_21_metadata_is_filled_only_on_success) {
  Float(1, "a");
  Run([&] {
    StubSession session(env(), graph);
    RunMetadata metadata;
    session.Run("a:0", {}, nullptr, &metadata);
    BOOST_TEST(metadata.partition_graphs.size() == 1U);
    metadata = RunMetadata();
    session.fail = true;
    BOOST_CHECK_THROW(session.Run("a:0", {}, nullptr, &metadata), AbortedError);
    BOOST_TEST(metadata.partition_graphs.empty());
  });
}

BOOST_AUTO_TEST_CASE(full_trace_and_partition_graph_are_given_when_asked_for) {
  const Output sum = Add(Float(1, "a"), Float(2, "b"), "sum");
  Run([&] {
    const auto session = Open();
    RunOptions options;
    options.trace_level = TraceLevel::kFullTrace;
    options.output_partition_graphs = true;
    RunMetadata metadata;
    session->Run(sum, {}, &options, &metadata);
    BOOST_REQUIRE(metadata.node_stats.size() == 3U);
    BOOST_TEST(metadata.node_stats[2].node == "sum");
    BOOST_TEST(metadata.node_stats[2].output_bytes == 4);
    BOOST_REQUIRE(metadata.partition_graphs.size() == 1U);
    BOOST_TEST(metadata.partition_graphs[0] == graph.SerializedGraphDef());
    RunMetadata plain;
    const RunOptions none;
    session->Run(sum, {}, &none, &plain);
    BOOST_TEST((plain == RunMetadata()));
  });
}

BOOST_AUTO_TEST_CASE(a_session_announces_its_life) {
  const Output a = Float(1, "a");
  Run([&] {
    const auto session = Open();
    RunRequest request;
    request.fetches = a;
    request.context.cause = Cause::kInit;
    request.context.user_run_id = 4;
    request.context.attempt = 2;
    BOOST_TEST(session->TryRun(request).ok());
    session->Close();
    const std::vector<std::string> expected{"SessionOpen", "SessionRunStart", "SessionRunEnd",
                                            "SessionClose"};
    BOOST_TEST(Points() == expected, boost::test_tools::per_element());
    const auto& end = fake.observer().all()[2];
    BOOST_TEST(end.number("session") == static_cast<std::int64_t>(session->id()));
    BOOST_TEST(end.text("cause") == "init");
    BOOST_TEST(end.number("run") == 4);
    BOOST_TEST(end.number("attempt") == 2);
    BOOST_TEST(end.text("code") == "OK");
  });
}

BOOST_AUTO_TEST_CASE(a_target_without_a_factory_is_not_found) {
  Run([&] {
    BOOST_TEST(factory().Open("grpc://far:1", graph, {}).status().code() == Code::kNotFound);
  });
}

BOOST_AUTO_TEST_CASE(the_graph_may_grow_between_runs) {
  const Variable v = MakeVariable(graph, Tensor::Scalar<float>(3), "v");
  Run([&] {
    const auto session = Open();
    session->Run(v.initializer);
    const Output more = Add(v.value(), Float(1));
    BOOST_TEST(session->Run(more).scalar<float>() == 4);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
