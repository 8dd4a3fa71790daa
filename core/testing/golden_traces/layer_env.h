#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/env/env.h"
#include "core/testing/golden_traces/recorder.h"

namespace faultline::testing {

// The Env that the layer under test gets: another one whose sleeps, saves, restores and chosen log
// lines are seen. What lies below the layer gets the plain one, so that its own waits are not.
class LayerEnv {
 public:
  struct Hooks {
    // Called before each wait, and after each sleep that is shown.
    std::function<void()> before_sleep;
    std::function<void()> after_sleep;
    // The sleeps of a coordinator's join take no time.
    bool free_joins = false;
    // Number of a raw session, by its id.
    std::function<int(std::int64_t)> session_number;
  };
  // All outlive it.
  LayerEnv(Env& plain, Recorder& recorder, Hooks hooks);
  ~LayerEnv();

  Env& env();
  // While this is on, log lines are events.
  void ShowLog(bool on);
  // A saver is at work, and its run fails with `status`.
  void FailSaver(const Status& status);

 private:
  class Sleeps;
  class Sights;
  class Lines;
  std::unique_ptr<Sleeps> sleeps_;
  std::unique_ptr<Sights> sights_;
  std::unique_ptr<Lines> lines_;
  std::optional<Env> env_;
};

}  // namespace faultline::testing
