#include "core/session/hooked_session.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/run_merge.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

// A hooked session, and nothing else, with two recording hooks.
struct Fixture {
  Fixture()
      : zero(Constant(graph, Tensor::Scalar(0), "zero")),
        first(std::make_shared<RecordingHook>()),
        second(std::make_shared<RecordingHook>()) {}

  // Opens the session; to be called when the graph is complete.
  void Open() {
    raw = process.OpenSession(graph);
    session = std::make_unique<HookedSession>(LayerContext{process.runtime}, raw,
                                              ListHooks({first, second}));
  }
  Result<Fetched> Run(const Fetch& fetches, const FeedDict& feeds = {}) {
    return session->Run({.fetches = fetches, .feeds = feeds});
  }
  bool Stops() { return session->ShouldStop().value(); }

  TestProcess process;
  Graph graph;
  Output zero;
  std::shared_ptr<RecordingHook> first;
  std::shared_ptr<RecordingHook> second;
  std::shared_ptr<Session> raw;
  std::unique_ptr<HookedSession> session;
};

BOOST_AUTO_TEST_SUITE(hooked_session)

BOOST_AUTO_TEST_CASE(ms_t31_calls_hooks) {
  Fixture f;
  f.process.Run([&] {
    f.Open();
    BOOST_TEST(f.Run(f.zero).ok());
  });
  for (const auto& hook : {f.first, f.second}) {
    BOOST_TEST(hook->results.has_value());
    BOOST_TEST(hook->results->null());
    BOOST_TEST((hook->options == RunOptions()));
    BOOST_TEST((hook->metadata == RunMetadata()));
    BOOST_TEST((std::get<Output>(hook->original_fetches.value()) == f.zero));
    BOOST_TEST(hook->original_feeds.empty());
    BOOST_TEST(hook->session == f.raw.get());
    BOOST_TEST(hook->begins == 0);
    BOOST_TEST(hook->creates == 0);
    BOOST_TEST(hook->befores == 1);
    BOOST_TEST(hook->afters == 1);
  }
}

BOOST_AUTO_TEST_CASE(ms_t32_should_stop) {
  Fixture f;
  f.process.Run([&] {
    f.Open();
    BOOST_TEST(f.Run(f.zero).ok());
    BOOST_TEST(!f.Stops());
    f.first->should_stop = true;
    BOOST_TEST(f.Run("zero:0").ok());
    BOOST_TEST(f.Stops());
    BOOST_TEST(f.second->afters == 2);
    BOOST_TEST(f.Run(f.zero).status().code() == Code::kRuntimeError);  // WS-30
    BOOST_TEST(f.first->befores == 2);
  });
}

BOOST_AUTO_TEST_CASE(ms_t33_fetches_of_hooks) {
  Fixture f;
  const Output five = Constant(f.graph, Tensor::Scalar(5));
  const Output ten = Constant(f.graph, Tensor::Scalar(10));
  f.first->request = SessionRunArgs{.fetches = Fetch::List{five}};
  f.second->request = SessionRunArgs{.fetches = Fetch::List{ten}};
  f.process.Run([&] {
    f.Open();
    const Result<Fetched> result = f.Run(Fetch::List{f.zero});
    BOOST_TEST(result->list().size() == 1U);
    BOOST_TEST((*result)[0].scalar<std::int32_t>() == 0);
  });
  BOOST_TEST((*f.first->results)[0].scalar<std::int32_t>() == 5);
  BOOST_TEST((*f.second->results)[0].scalar<std::int32_t>() == 10);
}

struct Sum : Fixture {
  Sum()
      : a(Constant(graph, Tensor::Scalar(0), "a")),
        b(Constant(graph, Tensor::Scalar(0), "b")),
        sum(Add(a, b)) {}
  Output a, b, sum;
};

BOOST_AUTO_TEST_CASE(ms_t34_only_hooks_have_feeds) {
  Sum f;
  f.first->request = SessionRunArgs{.feeds = {{f.a, Tensor::Scalar(5)}}};
  f.second->request = SessionRunArgs{.feeds = {{f.b, Tensor::Scalar(10)}}};
  f.process.Run([&] {
    f.Open();
    BOOST_TEST(f.Run(f.sum)->scalar<std::int32_t>() == 15);
  });
}

BOOST_AUTO_TEST_CASE(ws_35_a_tensor_and_its_name_are_two_keys_and_the_callers_value_is_used) {
  Sum f;
  f.first->request = SessionRunArgs{.feeds = {{f.a, Tensor::Scalar(5)}}};
  f.second->request = SessionRunArgs{.feeds = {{f.b, Tensor::Scalar(10)}}};
  f.process.Run([&] {
    f.Open();
    FeedDict feeds;
    feeds.Add("a:0", Tensor::Scalar(7));
    BOOST_TEST(f.Run(f.sum, feeds)->scalar<std::int32_t>() == 17);
    // Two hooks with the same name collide as two with the same tensor do.
    f.first->request->feeds = feeds;
    f.second->request->feeds = feeds;
    const Result<Fetched> refused = f.Run(f.sum);
    BOOST_TEST(refused.status().code() == Code::kRuntimeError);
    BOOST_TEST(refused.status().message().find("a:0") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(ws_33_feeds_of_a_hook_and_of_the_caller_are_united) {
  Sum f;
  f.first->request = SessionRunArgs{.feeds = {{f.a, Tensor::Scalar(5)}}};
  f.process.Run([&] {
    f.Open();
    const FeedDict feeds{{f.b, Tensor::Scalar(20)}};
    BOOST_TEST(f.Run(f.sum, feeds)->scalar<std::int32_t>() == 25);
    BOOST_TEST(feeds.items().size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(ms_t35_hc_x20_two_hooks_that_feed_one_tensor) {
  Sum f;
  f.first->request = SessionRunArgs{.feeds = {{f.a, Tensor::Scalar(5)}}};
  f.second->request = SessionRunArgs{.feeds = {{f.a, Tensor::Scalar(10)}}};
  f.process.Run([&] {
    f.Open();
    const Status error = f.Run(f.sum).status();
    BOOST_TEST(error.code() == Code::kRuntimeError);
    BOOST_TEST(error.message().find("fed by two hooks") != std::string::npos);
    BOOST_TEST(error.message().find("a:0") != std::string::npos);
  });
  BOOST_TEST(f.process.observer().Count(Point::kSessionRunStart) == 0);
}

BOOST_AUTO_TEST_CASE(hc_x20_a_hook_and_the_caller_feed_one_tensor) {
  Sum f;
  f.first->request = SessionRunArgs{.feeds = {{f.a, Tensor::Scalar(5)}}};
  f.process.Run([&] {
    f.Open();
    const Status error = f.Run(f.sum, {{f.a, Tensor::Scalar(1)}}).status();
    BOOST_TEST(error.code() == Code::kRuntimeError);
    BOOST_TEST(error.message().find("user") != std::string::npos);
    BOOST_TEST(error.message().find("a:0") != std::string::npos);
  });
  BOOST_TEST(f.second->befores == 1);  // WS-35: all were asked
  BOOST_TEST(f.process.observer().Count(Point::kSessionRunStart) == 0);
}

BOOST_AUTO_TEST_CASE(q_9_the_same_hook_twice_is_two_hooks) {
  Fixture f;
  const Output five = Constant(f.graph, Tensor::Scalar(5));
  const Output ten = Constant(f.graph, Tensor::Scalar(10));
  auto hook = std::make_shared<FunctionHook>("twice");
  int asked = 0;
  std::vector<std::int32_t> got;
  hook->before_run = [&](SessionRunContext&) {
    return SessionRunArgs{.fetches = asked++ == 0 ? five : ten};
  };
  hook->after_run = [&](SessionRunContext&, const SessionRunValues& values) {
    got.push_back(values.results.scalar<std::int32_t>());
  };
  f.process.Run([&] {
    const auto raw = f.process.OpenSession(f.graph);
    HookedSession session(LayerContext{f.process.runtime}, raw, ListHooks({hook, hook}));
    BOOST_TEST(session.Run({.fetches = f.zero}).ok());
    raw->Close();
  });
  BOOST_TEST(got == (std::vector<std::int32_t>{5, 10}));
  const auto announced = f.process.observer().Of(Point::kHookBeforeRun);
  BOOST_TEST(announced.at(0).text("hook") == "twice#0");
  BOOST_TEST(announced.at(1).text("hook") == "twice#1");
}

BOOST_AUTO_TEST_CASE(hk_2_a_hook_that_throws_keeps_the_later_ones_from_being_called) {
  Fixture f;
  auto thrower = std::make_shared<FunctionHook>();
  f.process.Run([&] {
    const auto raw = f.process.OpenSession(f.graph);
    HookedSession session(LayerContext{f.process.runtime}, raw,
                          ListHooks({f.first, thrower, f.second}));
    thrower->after_run = [](SessionRunContext&, const SessionRunValues&) {
      throw InternalError("after");
    };
    BOOST_TEST(session.Run({.fetches = f.zero}).status() == Status(Code::kInternal, "after"));
    BOOST_TEST(f.first->afters == 1);
    BOOST_TEST(f.second->befores == 1);
    BOOST_TEST(f.second->afters == 0);
    thrower->before_run = [](SessionRunContext&) -> std::optional<SessionRunArgs> {
      throw InternalError("before");
    };
    BOOST_TEST(session.Run({.fetches = f.zero}).status() == Status(Code::kInternal, "before"));
    BOOST_TEST(f.second->befores == 1);
    raw->Close();
  });
}

BOOST_AUTO_TEST_CASE(hk_11_a_stop_requested_in_an_attempt_that_fails_is_lost) {
  Fixture f;
  f.first->should_stop = true;
  auto thrower = std::make_shared<FunctionHook>();
  bool fail = true;
  thrower->after_run = [&](SessionRunContext& context, const SessionRunValues&) {
    BOOST_TEST(context.stop_requested());
    if (fail) throw InternalError("after");
  };
  f.process.Run([&] {
    const auto raw = f.process.OpenSession(f.graph);
    HookedSession session(LayerContext{f.process.runtime}, raw, ListHooks({f.first, thrower}));
    BOOST_TEST(!session.Run({.fetches = f.zero}).ok());
    BOOST_TEST(!session.ShouldStop().value());
    fail = false;
    BOOST_TEST(session.Run({.fetches = f.zero}).ok());
    BOOST_TEST(session.ShouldStop().value());
    raw->Close();
  });
}

BOOST_AUTO_TEST_CASE(ws_36_options_merge) {
  const auto watch = [](std::string node) {
    return DebugWatch{.node_name = std::move(node), .debug_ops = {}, .debug_urls = {}};
  };
  RunOptions merged;
  merged.trace_level = TraceLevel::kSoftwareTrace;
  merged.timeout_ms = 50;
  merged.debug_watches = {watch("own")};
  RunOptions other;
  other.trace_level = TraceLevel::kFullTrace;
  other.timeout_ms = 40;
  other.inter_op_thread_pool = 2;
  other.reset_disk_byte_usage = true;
  other.debug_watches = {watch("hook")};
  internal::MergeRunOptions(other, &merged);
  BOOST_TEST((merged.trace_level == TraceLevel::kFullTrace));
  BOOST_TEST(merged.timeout_ms == 50);
  BOOST_TEST(merged.inter_op_thread_pool == 2);
  BOOST_TEST(!merged.output_partition_graphs);
  BOOST_TEST(merged.reset_disk_byte_usage);
  BOOST_TEST(merged.debug_watches.size() == 2U);
  BOOST_TEST(merged.debug_watches.at(0).node_name == "own");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
