#include "core/session/hooks/logging_tensor_hook.h"

#include <fmt/format.h>

#include "core/base/error.h"

// GCC 12 at -O1 takes the alternatives that a moved Fetch does not hold for uninitialised memory.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace faultline {

namespace {

std::unique_ptr<HookTimer> MakeTimer(const LoggingTensorHookOptions& options) {
  const bool by_runs = options.every_n_iter.has_value();
  const bool by_time = options.every_n_secs.has_value();
  if (!by_runs && !by_time && options.at_end) return std::make_unique<NeverTriggerTimer>();
  if (by_runs == by_time) {
    throw ValueError(
        "either at_end alone, or exactly one of every_n_iter and every_n_secs must be provided");
  }
  if (by_runs && *options.every_n_iter <= 0) {
    throw ValueError(fmt::format("invalid every_n_iter={}", *options.every_n_iter));
  }
  return std::make_unique<SecondOrStepTimer>(
      TimerPeriod{options.every_n_secs, options.every_n_iter});
}

// The only output of an operation (HK-803).
Output OnlyOutput(Operation* op) {
  if (op->num_outputs() != 1) {
    throw ValueError(fmt::format("\"{}\" is ambiguous: the operation has {} outputs", op->name(),
                                 op->num_outputs()));
  }
  return op->output();
}

Output FindTensor(const Graph& graph, const std::string& name) {
  if (name.find(':') != std::string::npos) return graph.FindOutput(name);
  Operation* op = graph.FindOperation(name);
  if (op == nullptr) throw ValueError(fmt::format("there is no operation \"{}\"", name));
  return OnlyOutput(op);
}

Output Resolve(const Graph& graph, const Fetch& item) {
  const Fetch::Value& value = item.value();
  if (const auto* name = std::get_if<std::string>(&value)) return FindTensor(graph, *name);
  Output output;
  if (const auto* given = std::get_if<Output>(&value)) output = *given;
  if (const auto* op = std::get_if<Operation*>(&value); op != nullptr && *op != nullptr) {
    output = OnlyOutput(*op);
  }
  if (!output) throw ValueError("what is logged must be a tensor, an operation or a name");
  if (!graph.Contains(output.op)) {
    throw ValueError(fmt::format("{} is of another graph", output.name()));
  }
  return output;
}

// As Python shows it: a whole number of a float type keeps its point.
std::string Number(double value, std::string text) {
  const bool whole = text.find_first_of(".en") == std::string::npos;
  return whole && value == value ? text + ".0" : text;
}

std::string ValueText(const Tensor& tensor) {
  const bool scalar = tensor.shape().rank() == 0;
  if (scalar && tensor.dtype() == DataType::kFloat) {
    const float value = tensor.scalar<float>();
    return Number(static_cast<double>(value), fmt::format("{}", value));
  }
  if (scalar && tensor.dtype() == DataType::kDouble) {
    const double value = tensor.scalar<double>();
    return Number(value, fmt::format("{}", value));
  }
  if (scalar && tensor.dtype() == DataType::kInt64) {
    return fmt::format("{}", tensor.scalar<std::int64_t>());
  }
  if (scalar && tensor.dtype() == DataType::kInt32) {
    return fmt::format("{}", tensor.scalar<std::int32_t>());
  }
  return tensor.ToString();
}

std::string DefaultText(const LoggedValues& values) {
  std::string text;
  for (const auto& [tag, value] : values) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", tag, ValueText(value));
  }
  return text;
}

}  // namespace

LoggingTensorHook::LoggingTensorHook(LoggingTensorHookOptions options)
    : options_(std::move(options)), timer_(MakeTimer(options_)) {}

LoggingTensorHook::LoggingTensorHook(Tags tensors, LoggingTensorHookOptions options)
    : LoggingTensorHook(std::move(options)) {
  given_.assign(tensors.begin(), tensors.end());  // a map: sorted by tag
}

LoggingTensorHook::LoggingTensorHook(Items tensors, LoggingTensorHookOptions options)
    : LoggingTensorHook(std::move(options)) {
  for (const Fetch& item : tensors) given_.emplace_back("", item);
}

void LoggingTensorHook::Begin(const HookContext& context) {
  runtime_ = &context.runtime;
  timer_->Reset();  // HK-803
  runs_ = 0;
  tensors_.clear();
  for (const auto& [tag, item] : given_) {
    const Output output = Resolve(context.graph, item);
    const auto* name = std::get_if<std::string>(&item.value());
    tensors_.emplace_back(!tag.empty() ? tag : name != nullptr ? *name : output.name(), output);
  }
}

std::optional<SessionRunArgs> LoggingTensorHook::BeforeRun(SessionRunContext&) {
  requested_ = timer_->ShouldTrigger(runs_, Now());  // HK-804
  if (!requested_) return std::nullopt;
  return SessionRunArgs::Fetching(Fetch(tensors_));
}

void LoggingTensorHook::AfterRun(SessionRunContext&, const SessionRunValues& values) {
  if (requested_) Log(values.results);
  ++runs_;
}

void LoggingTensorHook::End(Session& session) {
  if (options_.at_end) Log(session.Run(Fetch(tensors_)));  // HK-805
}

void LoggingTensorHook::Log(const Fetched& values) {
  LoggedValues logged;
  for (const auto& [tag, value] : values.map()) logged.emplace_back(tag, value.tensor());
  const std::optional<TimerElapsed> elapsed = timer_->Update(runs_, Now());
  std::string text = options_.formatter ? options_.formatter(logged) : DefaultText(logged);
  if (!options_.formatter && elapsed) {  // HK-806
    text += fmt::format(" ({:.3f} sec)", elapsed->time.seconds());
  }
  runtime_->env.logger.Log(LogLevel::kInfo, text);
}

}  // namespace faultline
