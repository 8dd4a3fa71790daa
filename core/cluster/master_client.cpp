#include "core/cluster/master_client.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace faultline {
namespace {

// RF-23: this part of the first pause is fixed; the jittered rest is at least 1 - kJitter of
// itself.
constexpr double kJitter = 0.4;

// Without the mark of a transport error: above this layer only the code counts.
Status Plain(const Status& status) {
  return IsTransportError(status) ? status.WithNode("") : status;
}

}  // namespace

MasterClient::MasterClient(Env& env, RuntimeProfile profile, std::string address)
    : env_(env), profile_(profile), address_(std::move(address)) {}

MasterClient::MasterClient(Env& env, std::shared_ptr<Master> master)
    : env_(env), master_(std::move(master)) {}

Result<CreateSessionResponse> MasterClient::CreateSession(const CreateSessionRequest& request,
                                                          const StepLimits& limits) {
  if (in_process()) return master_->CreateSession(request);
  return Call<CreateSessionResponse>(MasterMethods::kCreateSession, request, limits);
}

Result<ExtendSessionResponse> MasterClient::ExtendSession(const ExtendSessionRequest& request,
                                                          const StepLimits& limits) {
  if (in_process()) return master_->ExtendSession(request);
  return Call<ExtendSessionResponse>(MasterMethods::kExtendSession, request, limits);
}

Result<RunStepResponse> MasterClient::RunStep(RunStepRequest request, const StepLimits& limits) {
  if (in_process()) {
    StepLimits bounded = limits;
    const Duration default_timeout = master_->default_config().operation_timeout;
    if (limits.deadline == TimePoint::Max() && default_timeout > Duration()) {
      bounded.deadline = env_.clock.Now() + default_timeout;
    }
    return master_->RunStep(request, bounded);
  }
  if (profile_.request_ids) {
    const std::uint64_t bits = env_.random.Draw("request_id") >> 1;
    request.request_id = static_cast<std::int64_t>(std::max<std::uint64_t>(bits, 1));
  }
  return Call<RunStepResponse>(MasterMethods::kRunStep, request, limits);
}

Result<CloseSessionResponse> MasterClient::CloseSession(const CloseSessionRequest& request,
                                                        const StepLimits& limits) {
  if (in_process()) return master_->CloseSession(request);
  return Call<CloseSessionResponse>(MasterMethods::kCloseSession, request, limits);
}

Result<ResetResponse> MasterClient::Reset(const ResetRequest& request, const StepLimits& limits) {
  if (in_process()) return master_->Reset(request);
  return Call<ResetResponse>(MasterMethods::kReset, request, limits);
}

template <class Response, class Request>
Result<Response> MasterClient::Call(std::string_view method, const Request& request,
                                    const StepLimits& limits) {
  const CallOptions options{profile_.wait_for_ready, limits.deadline, limits.cancel};
  for (int tries = 0;; ++tries) {
    auto reply = env_.transport.Call(address_, method, std::make_unique<Request>(request), options);
    if (reply.ok()) {
      auto* response = dynamic_cast<Response*>(reply->get());
      if (response != nullptr) return std::move(*response);
      return Status(Code::kInternal, fmt::format("{} expected, {} came", Response::kKind,
                                                 *reply ? (*reply)->kind() : "nothing"));
    }
    if (limits.cancel != nullptr && limits.cancel->cancelled()) return limits.cancel->reason();
    // RF-24: what a handler answered is never retried.
    if (!IsTransportError(reply.status()) || tries >= profile_.master_retries) {
      return Plain(reply.status());
    }
    FL_RETURN_IF_ERROR(BeforeRetry(method, tries, reply.status(), limits));
  }
}

Status MasterClient::BeforeRetry(std::string_view method, int tries, const Status& lost,
                                 const StepLimits& limits) {
  if (limits.deadline != TimePoint::Max()) {
    // RF-23: the budget for retries is a millionth of the time limit, used up by the lost call.
    return Status(Code::kDeadlineExceeded,
                  fmt::format("{} at {}: {}", method, address_, lost.message()));
  }
  env_.logger.Log(LogLevel::kWarning, fmt::format("{} at {} is issued again, try {}: {}", method,
                                                  address_, tries + 2, lost.message()));
  const WaitOutcome outcome =
      SleepFor(env_, fmt::format("the next try of {} at {}", method, address_), RetryPause(tries),
               limits.cancel);
  return outcome == WaitOutcome::kCancelled ? limits.cancel->reason() : Status();
}

Duration MasterClient::RetryPause(int tries) {
  const double first = profile_.retry_pause.seconds();
  const double fixed = kJitter * first;
  double grown = first;
  for (int i = 0; i < tries; ++i) grown *= profile_.retry_growth;
  grown = std::min(grown, profile_.retry_pause_cap.seconds() - fixed);
  const double unit = static_cast<double>(env_.random.Draw("master_retry") >> 11) * 0x1p-53;
  const double jittered = fixed + grown * (1.0 - kJitter + kJitter * unit);
  return std::max(Duration::FromSeconds(jittered), profile_.retry_pause);
}

}  // namespace faultline
