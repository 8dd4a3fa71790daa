#include "proptests/watched_hooks.h"

#include "core/base/error.h"

namespace faultline::proptests {

void WatchedHook::Call(proptests::Call call, const Session* session,
                       const std::function<void()>& body) {
  const bool known = session != nullptr && stage_.open != nullptr && stage_.open == session;
  const int number = known ? stage_.open->number() : 0;
  stage_.Add({.what = What::kCallback,
              .session = number,
              .place = place_,
              .call = call,
              .step = known ? stage_.Peek() : -1});
  const auto strike = stage_.Next(call);
  Status status = strike ? strike->status : Status();
  if (!strike || strike->after) {
    const Status own = CallUser(body);
    if (!own.ok()) status = own;
  }
  stage_.Add({.what = What::kReturned,
              .session = number,
              .place = place_,
              .call = call,
              .code = status.code(),
              .text = status.message()});
  ThrowIfError(status);
}

void WatchedHook::Begin(const HookContext& context) {
  Call(proptests::Call::kBegin, nullptr, [&] { inner_->Begin(context); });
}

void WatchedHook::AfterCreateSession(Session& session, Coordinator& coordinator) {
  if (place_ == 0 && stage_.open == &session) {
    const int number = stage_.open->number();
    stage_.Add({.what = What::kHandedOut,
                .session = number,
                .step = stage_.Peek(),
                .good = stage_.open->IsReady()});
    stage_.StartThreads(coordinator, number);
  }
  Call(proptests::Call::kAfterCreate, &session,
       [&] { inner_->AfterCreateSession(session, coordinator); });
}

void WatchedHook::TellOfWish(const SessionRunContext& context, bool had_asked) {
  if (!had_asked && context.stop_requested()) stage_.Add({.what = What::kWish, .place = place_});
}

std::optional<SessionRunArgs> WatchedHook::BeforeRun(SessionRunContext& context) {
  std::optional<SessionRunArgs> args;
  Call(proptests::Call::kBeforeRun, &context.session(), [&] {
    const bool had_asked = context.stop_requested();
    args = inner_->BeforeRun(context);
    TellOfWish(context, had_asked);
  });
  return args;
}

void WatchedHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  Call(proptests::Call::kAfterRun, &context.session(), [&] {
    const bool had_asked = context.stop_requested();
    inner_->AfterRun(context, values);
    TellOfWish(context, had_asked);
  });
}

void WatchedHook::End(Session& session) {
  Call(proptests::Call::kEnd, &session, [&] { inner_->End(session); });
}

void WatchedListener::Tell(Call call) {
  stage_.Add({.what = What::kCallback, .place = place_, .call = call});
}

bool WatchedListener::AfterSave(Session&, std::int64_t) {
  Tell(Call::kAfterSave);
  if (const auto strike = stage_.Next(Call::kAfterSave)) ThrowStatus(strike->status);
  return ++saves_ == stage_.draw.wish;
}

void WatchedListener::BeforeSave(Session&, std::int64_t) {
  Tell(Call::kBeforeSave);
  if (const auto strike = stage_.Next(Call::kBeforeSave)) ThrowStatus(strike->status);
}

void WatchedWriter::AddSummary(std::string_view, std::optional<std::int64_t> step) {
  stage_.Add({.what = What::kSummary, .step = step.value_or(-1)});
}

void WatchedWriter::AddSessionLog(SessionLogStatus status, const std::string&,
                                  std::optional<std::int64_t> step) {
  if (status != SessionLogStatus::kStart) return;
  stage_.Add({.what = What::kStartLog, .step = step.value_or(-1)});
}

}  // namespace faultline::proptests
