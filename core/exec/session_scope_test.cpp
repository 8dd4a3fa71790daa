#include "core/exec/session_scope.h"

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/graph/ops.h"
#include "core/testing/session_world.h"

namespace faultline {
namespace {

using testing::SessionWorld;

// Closes after `takes`, with `status`.
class SlowSession final : public Session {
 public:
  SlowSession(Env& env, Graph& graph, Duration takes, Status status)
      : env_(env), graph_(graph), takes_(takes), status_(std::move(status)) {}
  Graph& graph() const override { return graph_; }
  const std::string& target() const override { return target_; }
  std::uint64_t id() const override { return 1; }
  Result<Fetched> TryRun(const RunRequest&) override { return Fetched(); }
  Status TryClose() override {
    closed_ = true;
    SleepFor(env_, "slow close", takes_);
    ended = true;
    return status_;
  }
  bool closed() const override { return closed_; }
  bool ended = false;

 private:
  Env& env_;
  Graph& graph_;
  Duration takes_;
  Status status_;
  std::string target_;
  bool closed_ = false;
};

struct World : SessionWorld {
  std::shared_ptr<SlowSession> Slow(double seconds, Status status = {}) {
    return std::make_shared<SlowSession>(
        env(), graph, Duration::Milliseconds(static_cast<std::int64_t>(seconds * 1000)),
        std::move(status));
  }
  double Elapsed() { return static_cast<double>((env().clock.Now() - start).nanoseconds()) / 1e9; }
  TimePoint start;
};

BOOST_FIXTURE_TEST_SUITE(session_scope, World)

BOOST_AUTO_TEST_CASE(se_11_without_an_error_the_close_runs_inline) {
  const Variable v = MakeVariable(graph, Tensor::Scalar<float>(3), "v");
  Run([&] {
    const std::shared_ptr<Session> session = Open();
    float got = 0;
    WithRawSession(env(), session, [&](Session& s) {
      s.Run(v.initializer);
      got = s.Run(v).scalar<float>();
      BOOST_TEST(!s.closed());
    });
    BOOST_TEST(got == 3);
    BOOST_TEST(session->closed());
    // Inline: longer than the limit of the other way, and its error comes out.
    start = env().clock.Now();
    BOOST_CHECK_THROW(
        WithRawSession(env(), Slow(100, Status(Code::kAborted, "gone")), [](Session&) {}),
        AbortedError);
    BOOST_TEST(Elapsed() == 100);
  });
}

BOOST_AUTO_TEST_CASE(se_11_after_an_error_the_close_is_waited_for_and_the_error_thrown) {
  Run([&] {
    const auto session = Slow(29.5, Status(Code::kAborted, "gone"));
    start = env().clock.Now();
    BOOST_CHECK_THROW(
        WithRawSession(env(), session, [](Session&) { throw OutOfRangeError("end of input"); }),
        OutOfRangeError);
    BOOST_TEST(Elapsed() == 29.5);
    BOOST_TEST(session->ended);
    BOOST_TEST(fake.logger().Count("gone") == 1);
  });
}

BOOST_AUTO_TEST_CASE(se_11_a_close_that_hangs_is_left_after_30_seconds) {
  Run([&] {
    const auto session = Slow(1000);
    start = env().clock.Now();
    BOOST_CHECK_THROW(WithRawSession(env(), session, [](Session&) { throw StopIteration(); }),
                      StopIteration);
    BOOST_TEST(Elapsed() == 30);
    BOOST_TEST(session->closed());
    BOOST_TEST(!session->ended);
    BOOST_TEST(fake.logger().Count("was not closed within 30 s") == 1);
    fake.Advance(Duration::Seconds(1000));
    BOOST_TEST(session->ended);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
