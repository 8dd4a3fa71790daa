#include "core/testing/golden_traces/recording_hook.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/graph/ops.h"
#include "core/testing/golden_traces/errors.h"
#include "core/testing/golden_traces/scripted_thread.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

namespace {

Json FieldOf(const Params& params, const char* key) {
  return params.Has(key) ? params.At(key) : Json();
}

}  // namespace

Orders::Orders(const Json& on, const std::string& where) : on_(on), where_(where) {
  for (std::size_t i = 0; i < on_.size(); ++i) {
    const Params order(on_[i], fmt::format("{}[{}]", where_, i));
    (void)order.Text("cb");
    (void)Occurrences::Of(order.At("n"), order.where() + ".n");
  }
}

std::vector<Params> Orders::Next(const std::string& callback) {
  const std::int64_t call = ++calls_[callback];
  std::vector<Params> fitting;
  for (std::size_t i = 0; i < on_.size(); ++i) {
    const Params order(on_[i], fmt::format("{}[{}]", where_, i));
    if (order.Text("cb") == callback && Occurrences::Of(order.At("n"), where_).Contains(call)) {
      fitting.push_back(order);
    }
  }
  return fitting;
}

TracedHook::TracedHook(Driver& driver, const Params& spec)
    : driver_(driver),
      spec_(spec.object()),
      where_(spec.where()),
      label_(spec.Text("name")),
      orders_(FieldOf(spec, "on"), spec.where() + ".on") {}

Json TracedHook::Event(const char* callback, const Session* session) {
  Json event = {{"e", "hook"}, {"hook", label_}, {"cb", callback}};
  if (session != nullptr) event["s"] = driver_.world().NumberOf(session->id());
  return event;
}

void TracedHook::Begin(const HookContext& context) {
  Json event = Event("begin", nullptr);
  event["graph_final"] = context.graph.finalized();
  driver_.recorder().Add(std::move(event));
  Act("begin", {});
}

void TracedHook::AfterCreateSession(Session& session, Coordinator& coordinator) {
  driver_.names().coordinator = &coordinator;
  Json event = Event("after_create_session", &session);
  event["graph_final"] = session.graph().finalized();
  driver_.recorder().Add(std::move(event));
  Act("after_create_session", {&session, nullptr});
}

std::optional<SessionRunArgs> TracedHook::BeforeRun(SessionRunContext& context) {
  Json event = Event("before_run", &context.session());
  event["fetches"] = NamesOf(context.original_fetches());
  if (!context.original_feeds().empty()) event["feeds"] = JsonOf(context.original_feeds());
  driver_.recorder().Add(std::move(event));
  Act("before_run", {&context.session(), &context});

  const Params spec(spec_, where_);
  if (!spec.Has("fetch") && !spec.Has("feed") && !spec.Has("options")) return std::nullopt;
  SessionRunArgs args;
  if (spec.Has("fetch")) args.fetches = FetchOf(spec.At("fetch"), where_);
  if (spec.Has("feed")) args.feeds = FeedsOf(context.session().graph(), spec.At("feed"), where_);
  if (spec.Has("options")) args.options = OptionsOf(spec.At("options"), where_ + ".options");
  return args;
}

void TracedHook::AfterRun(SessionRunContext& context, const SessionRunValues& values) {
  Json event = Event("after_run", &context.session());
  event["results"] = JsonOf(values.results);
  if (context.stop_requested()) event["stop_requested"] = true;
  if (Params(spec_, where_).Flag("show_options")) event["options"] = JsonOf(values.options);
  driver_.recorder().Add(std::move(event));
  Act("after_run", {&context.session(), &context});
}

void TracedHook::End(Session& session) {
  driver_.recorder().Add(Event("end", &session));
  Act("end", {&session, nullptr});
}

void TracedHook::Act(const char* callback, const AtHand& at_hand) {
  for (const Params& order : orders_.Next(callback)) ActOn(order, at_hand);
}

void TracedHook::ActOn(const Params& order, const AtHand& at_hand) {
  Coordinator* coordinator = driver_.names().coordinator;
  const bool coordinates =
      order.Has("report") || order.Has("stop_coordinator") || order.Has("register_thread");
  if (coordinates && coordinator == nullptr) throw BadCase(order.where() + ": no coordinator yet");

  if (order.Has("advance")) {
    driver_.world().Advance(Duration::FromSeconds(order.Number("advance")));
  }
  if (order.Has("run")) {
    if (at_hand.session == nullptr) order.Fail("run", "a callback with a session");
    const Fetched value = driver_.Run(*at_hand.session, FetchOf(order.At("run"), order.where()));
    driver_.recorder().Add({{"e", "hook_got"}, {"hook", label_}, {"value", JsonOf(value)}});
  }
  if (order.Has("report")) {
    coordinator->RequestStop(MakeError(order.At("report"), order.where() + ".report"));
  }
  if (order.Flag("stop_coordinator")) coordinator->RequestStop();
  if (order.Has("register_thread")) {
    const Params thread = order.Object("register_thread");
    coordinator->RegisterThread(
        StartScriptedThread(driver_.world(), thread, thread.Text("name"), coordinator));
  }
  if (order.Has("add_op")) {
    (void)Constant(driver_.graph(), Tensor::Scalar(0.0F), order.Text("add_op"));
  }
  if (order.Flag("request_stop")) {
    if (at_hand.context == nullptr) order.Fail("request_stop", "a callback of a run");
    at_hand.context->request_stop();
  }
  if (order.Has("raise")) ThrowStatus(MakeError(order.At("raise"), order.where() + ".raise"));
}

RecordingListener::RecordingListener(Driver& driver, const Params& spec)
    : driver_(driver),
      label_(spec.Text("name")),
      orders_(FieldOf(spec, "on"), spec.where() + ".on") {}

bool RecordingListener::Act(const char* callback, Session* session, std::int64_t step) {
  Json event = {{"e", "listener"}, {"listener", label_}, {"cb", callback}};
  if (session != nullptr) {
    event["s"] = driver_.world().NumberOf(session->id());
    event["step"] = step;
  }
  driver_.recorder().Add(std::move(event));
  bool stop = false;
  for (const Params& order : orders_.Next(callback)) {
    if (order.Has("advance")) {
      driver_.world().Advance(Duration::FromSeconds(order.Number("advance")));
    }
    if (order.Has("raise")) ThrowStatus(MakeError(order.At("raise"), order.where() + ".raise"));
    stop = stop || order.Flag("stop");
  }
  return stop;
}

}  // namespace faultline::testing
