#include "core/testing/transport_conformance.h"

#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/hash.h"
#include "core/env/event.h"
#include "core/testing/printers.h"

namespace faultline::testing {
namespace {

const Duration kShortWait = Duration::Milliseconds(5);
const Duration kLong = Duration::Seconds(10);

struct Caller {
  Env& env;
  const std::string& address;

  // The answer's text, or "CODE: message".
  std::string Ask(std::string_view method, std::string text,
                  const CallOptions& options = {}) const {
    const Result<std::unique_ptr<Message>> answer = Call(method, std::move(text), options);
    if (!answer.ok()) return answer.status().ToString();
    return dynamic_cast<const TextMessage&>(**answer).text;
  }
  Result<std::unique_ptr<Message>> Call(std::string_view method, std::string text,
                                        const CallOptions& options = {}) const {
    return env.transport.Call(address, method, std::make_unique<TextMessage>(std::move(text)),
                              options);
  }
};

Result<std::unique_ptr<Message>> Echo(const CallContext&, std::unique_ptr<Message> request) {
  const std::string text = dynamic_cast<const TextMessage&>(*request).text;
  if (text == "fail") return Status(Code::kUnavailable, "from the handler");
  return std::unique_ptr<Message>(std::make_unique<TextMessage>("echo " + text));
}

void CheckServing(Env& env, const Caller& caller) {
  BOOST_TEST(env.transport.Serve("no port", "Echo", TextMessage::Method(Echo)).code() ==
             Code::kInvalidArgument);  // CL-12
  const Result<std::unique_ptr<Message>> refused =
      caller.Call("Echo", "x", {.wait_for_ready = false});
  BOOST_TEST(refused.status().code() == Code::kUnavailable);
  BOOST_TEST(IsTransportError(refused.status()));  // RF-24
  BOOST_TEST(caller.Call("Echo", "x", {.deadline = env.clock.Now() + kShortWait}).status().code() ==
             Code::kDeadlineExceeded);
  CancelToken token;
  token.Cancel(Status(Code::kAborted, "enough"));
  BOOST_TEST(caller.Call("Echo", "x", {.cancel = &token}).status().code() == Code::kCancelled);

  // RF-19: a call that waits for its server is answered once that has started.
  std::string late;
  const auto waiting =
      env.spawner.Spawn("early caller", [&] { late = caller.Ask("Echo", "early"); });
  SleepFor(env, "the early caller", kShortWait);
  BOOST_TEST(env.transport.Serve(caller.address, "Echo", TextMessage::Method(Echo)) == Status());
  BOOST_TEST(waiting->Join({.what = "early caller"}) == WaitOutcome::kWoken);
  BOOST_TEST(late == "echo early");
  BOOST_TEST(env.transport.Serve(caller.address, "Echo", TextMessage::Method(Echo)).code() ==
             Code::kAlreadyExists);
}

void CheckAnswers(Env& env, const Caller& caller) {
  BOOST_TEST(caller.Ask("Echo", "a") == "echo a");
  BOOST_TEST(caller.Ask("Echo", "") == "echo ");
  const Status error = caller.Call("Echo", "fail").status();
  BOOST_TEST(error == Status(Code::kUnavailable, "from the handler"));
  BOOST_TEST(!IsTransportError(error));  // RF-24: the handler's own
  BOOST_TEST(caller.Call("Nothing", "x").status().code() == Code::kUnimplemented);

  std::vector<std::shared_ptr<Task>> tasks;
  int right = 0;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back(env.spawner.Spawn("caller", [&, i] {
      const std::string text = std::to_string(i);
      right += caller.Ask("Echo", text) == "echo " + text ? 1 : 0;
    }));
  }
  for (const auto& task : tasks) task->Join({.what = "a caller"});
  BOOST_TEST(right == 10);
}

// Handlers that suspend: callers give up, and hear of it.
void CheckGivingUp(Env& env, const Caller& caller) {
  Event release(env.spawner);
  int gone = 0;
  int started = 0;
  const auto slow = [&](const CallContext& context,
                        std::unique_ptr<Message> request) -> Result<std::unique_ptr<Message>> {
    ++started;
    const WaitOutcome outcome = release.Wait(
        {.what = "release", .deadline = env.clock.Now() + kLong, .cancel = context.caller_gone});
    if (outcome == WaitOutcome::kCancelled) ++gone;
    return Echo(context, std::move(request));
  };
  BOOST_TEST(env.transport.Serve(caller.address, "Slow", TextMessage::Method(slow)) == Status());
  BOOST_TEST(caller.Call("Slow", "x", {.deadline = env.clock.Now() + kShortWait}).status().code() ==
             Code::kDeadlineExceeded);
  CancelToken token;
  const auto canceller = env.spawner.Spawn("canceller", [&] {
    SleepFor(env, "a nap", kShortWait);
    token.Cancel(Status(Code::kAborted, "enough"));
  });
  BOOST_TEST(caller.Call("Slow", "x", {.cancel = &token}).status().code() == Code::kCancelled);
  canceller->Join({.what = "canceller"});
  SleepFor(env, "the news to arrive", kShortWait * 20);
  BOOST_TEST(started == 2);
  BOOST_TEST(gone == 2);

  // A call in progress is answered although its server stops.
  std::string answer;
  const auto in_progress =
      env.spawner.Spawn("in progress", [&] { answer = caller.Ask("Slow", "y"); });
  while (started < 3) SleepFor(env, "the call to arrive", kShortWait);
  env.transport.StopServing(caller.address);
  release.Set();
  BOOST_TEST(in_progress->Join({.what = "the answer"}) == WaitOutcome::kWoken);
  BOOST_TEST(answer == "echo y");
  BOOST_TEST(!caller.Call("Echo", "x", {.wait_for_ready = false}).ok());
}

}  // namespace

std::uint64_t TextMessage::digest() const {
  Hash64 hash;
  hash.Add(std::string_view(text));
  return hash.value();
}

Result<std::unique_ptr<Message>> TextMessage::Decode(std::string_view bytes) {
  return std::unique_ptr<Message>(std::make_unique<TextMessage>(std::string(bytes)));
}

CallMethod TextMessage::Method(CallHandler handler) {
  return {.decode_request = &TextMessage::Decode,
          .decode_response = &TextMessage::Decode,
          .handler = std::move(handler)};
}

void TransportConformance(Env& env, const std::string& address) {
  const Caller caller{env, address};
  CheckServing(env, caller);
  CheckAnswers(env, caller);
  CheckGivingUp(env, caller);
}

}  // namespace faultline::testing
