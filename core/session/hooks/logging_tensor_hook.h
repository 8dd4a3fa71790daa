#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/session/hooks/second_or_step_timer.h"
#include "core/session/session_run_hook.h"

namespace faultline {

// Tags and values, in the order in which they are printed.
using LoggedValues = std::vector<std::pair<std::string, Tensor>>;

// HK-801.
struct LoggingTensorHookOptions {
  std::optional<std::int64_t> every_n_iter = {};
  std::optional<Duration> every_n_secs = {};
  bool at_end = false;
  std::function<std::string(const LoggedValues&)> formatter = {};  // null: "tag = value, ..."
};

// Logs tensors each so many runs or seconds, or at the end (HK-803..HK-807).
class LoggingTensorHook : public SessionRunHook {
 public:
  // What to log: tag to tensor, operation or name, printed by tag; or a list, printed in order,
  // whose items are their own tags (HK-802): LoggingTensorHook::Tags{{"loss", loss}}.
  using Tags = std::map<std::string, Fetch>;
  using Items = std::vector<Fetch>;

  // ValueError for periods other than HK-801 allows.
  LoggingTensorHook(Tags tensors, LoggingTensorHookOptions options);
  LoggingTensorHook(Items tensors, LoggingTensorHookOptions options);

  std::string name() const override { return "LoggingTensorHook"; }
  // ValueError for an unknown or ambiguous name, or a tensor of another graph.
  void Begin(const HookContext& context) override;
  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override;
  void AfterRun(SessionRunContext& context, const SessionRunValues& values) override;
  void End(Session& session) override;

 private:
  explicit LoggingTensorHook(LoggingTensorHookOptions options);
  TimePoint Now() const { return runtime_->env.clock.WallNow(); }
  void Log(const Fetched& values);

  LoggingTensorHookOptions options_;
  std::unique_ptr<HookTimer> timer_;
  std::vector<std::pair<std::string, Fetch>> given_;  // tag "" : its own name
  Runtime* runtime_ = nullptr;                        // set by Begin, like those below
  Fetch::Map tensors_;                                // by their tags
  std::int64_t runs_ = 0;                             // runs of this hook that succeeded (HK-804)
  bool requested_ = false;                            // by the before_run of this attempt
};

}  // namespace faultline
