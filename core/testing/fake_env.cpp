#include "core/testing/fake_env.h"

#include <exception>
#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"

namespace faultline::testing {

FakeEnv::FakeEnv(FakeEnvOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      files_(clock_),
      kernel_({.time = clock_, .picker = picker_, .stacks = stacks_}),
      group_(kernel_.MakeGroup("test")),
      spawner_(group_),
      transport_(spawner_, {.process_name = "test", .serialize = options_.serialize_messages}),
      env_{.clock = clock_,
           .spawner = spawner_,
           .files = files_,
           .transport = transport_,
           .random = random_,
           .observer = observer_,
           .logger = logger_,
           .host_name = options_.host_name} {}

void FakeEnv::Run(const std::function<void(Env&)>& body) {
  bool done = false;
  kernel_.Spawn(group_, "body", [&] {
    body(env_);
    done = true;
    kernel_.Stop();
  });
  RunResult result =
      kernel_.Run({.events = options_.events, .events_at_one_time = options_.events_at_one_time});
  Finish(std::move(result), done);
}

void FakeEnv::Advance(Duration duration) {
  const TimePoint until = clock_.Now() + duration;
  if (kernel_.current() != nullptr) {
    kernel_.Wait({.what = "time to pass", .deadline = until}, nullptr);
    return;
  }
  RunResult result = kernel_.Run({.until = until,
                                  .events = options_.events,
                                  .events_at_one_time = options_.events_at_one_time});
  const bool idle = result.end == RunEnd::kFinished || result.end == RunEnd::kStuck ||
                    result.end == RunEnd::kTimeLimit || result.end == RunEnd::kStopped;
  clock_.AdvanceTo(until);
  Finish(std::move(result), idle);
}

void FakeEnv::Finish(RunResult result, bool done) {
  if (!result.failures.empty()) std::rethrow_exception(result.failures.front().exception);
  if (done) return;
  throw TestStuck(fmt::format("the test did not end: {}\n{}", RunEndName(result.end),
                              DescribeWaiting(result.waiting)));
}

std::string DescribeWaiting(const std::vector<WaitingTask>& waiting) {
  std::string text;
  for (const WaitingTask& task : waiting) {
    text += fmt::format("  {}/{} ", task.group, task.task);
    if (task.ready) {
      text += task.paused ? "is held back" : "is ready";
    } else {
      text += fmt::format("waits for {} since {} s", task.what, task.since.seconds());
    }
    if (task.deadline != TimePoint::Max()) {
      text += fmt::format(" until {} s", task.deadline.seconds());
    }
    text += '\n';
  }
  return text;
}

}  // namespace faultline::testing
