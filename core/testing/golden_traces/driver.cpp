#include "core/testing/golden_traces/driver.h"

#include <array>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/testing/golden_traces/errors.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

namespace {

// Puts into `event` what the error's message must contain, or what of it is missing.
void ShowTells(const Params& action, const Status& status, Json* event) {
  if (!action.Has("tells")) return;
  (*event)["tells"] = action.List("tells");
  for (const Json& text : action.List("tells")) {
    if (status.ToString().find(text.get<std::string>()) != std::string::npos) continue;
    (*event)["does_not_tell"] = text;
    (*event)["message"] = status.ToString();
  }
}

bool SpeaksToCoordinators(const Json& actions) {
  for (const Json& action : actions) {
    const std::string kind = action.value("do", "");
    if (kind == "report" || kind == "request_stop_coordinator") return true;
    const bool nested = kind == "scope" || kind == "loop";
    if (nested && SpeaksToCoordinators(action.value("body", Json::array()))) return true;
  }
  return false;
}

}  // namespace

const ActionKind* FindAction(std::string_view name) {
  const std::array families = {WorldActions(),       ManagerActions(), ScaffoldActions(),
                               MonitoredActions(),   ControlActions(), TimerActions(),
                               CoordinatorActions(), QueueActions()};
  for (const auto& family : families) {
    for (const ActionKind& kind : family) {
      if (kind.name == name) return &kind;
    }
  }
  return nullptr;
}

TraceProcess& Driver::process() {
  if (!current_->process) throw BadCase("program: an action \"process\" has to come first");
  return *current_->process;
}

void Driver::NewProcess(const std::string& graph) {
  former_.push_back(std::move(current_));
  current_ = std::make_unique<Incarnation>();
  current_->process = std::make_unique<TraceProcess>(world_, graph, Seen::kYes);
}

void Driver::CloseEvents() {
  for (const auto& former : former_) {
    if (former->process) former->process->CloseEvents();
  }
  if (current_->process) current_->process->CloseEvents();
}

void Driver::Perform(const Json& program) {
  speaks_to_coordinators_ = SpeaksToCoordinators(program);
  for (std::size_t i = 0; i < program.size(); ++i) {
    const Status recorded = PerformOne(program[i], std::to_string(i));
    (void)recorded;  // the program goes on
  }
}

void Driver::PerformBody(const Json& body, const std::string& place) {
  for (std::size_t i = 0; i < body.size(); ++i) {
    const Status status = PerformOne(body[i], fmt::format("{}.{}", place, i));
    if (!status.ok() && !Params(body[i], place).Flag("catch")) ThrowStatus(status);
  }
}

// The status of the last repetition, or of the first that failed inside of a body.
Status Driver::PerformOne(const Json& action, const std::string& place) {
  const Params params(action, "program " + place);
  const std::string kind = params.Text("do");
  const ActionKind* found = FindAction(kind);
  if (found == nullptr) params.Fail("do", "a kind of action");
  const bool inside = place.find('.') != std::string::npos;
  Status status;
  for (std::int64_t i = 0; i < (params.Has("repeat") ? params.Integer("repeat") : 1); ++i) {
    if (found->shown) recorder().Add({{"e", "do"}, {"i", place}, {"do", kind}});
    Json value;
    status = CallUser([&] { value = found->act({*this, params, place}); });
    Json event = {{"i", place}};
    if (status.ok()) {
      event["e"] = "ret";
      if (!value.is_null()) event["value"] = std::move(value);
    } else {
      event["e"] = "raise";
      event.update(DescribeError(status));
      ShowTells(params, status, &event);
    }
    if (found->shown) recorder().AddTimed(std::move(event));
    if (!status.ok() && inside) break;
  }
  return status;
}

Fetched Driver::Run(Session& session, const Fetch& fetches, const FeedDict& feeds,
                    const std::string& role) {
  process().NextRunIs(role);
  return session.Run(fetches, feeds);
}

void Driver::CarryOut(const Params& entry) {
  const bool run = entry.Has("run");
  const bool stop = entry.Has("request_stop");
  recorder().AddTimed({{"e", "world"},
                       {"what", run    ? "run"
                                : stop ? "request_stop"
                                       : "checkpoint"}});
  if (stop) {
    const Json& what = entry.At("request_stop");
    const Status reason = what.is_boolean() ? Status() : MakeError(what, entry.where());
    Named(names().coordinators, entry, "on")->RequestStop(reason);
  } else if (run) {
    TraceProcess other(world_, process().graph_name, Seen::kNo);
    const auto session = other.OpenSession(world_.TargetOf("server"));
    const Json feeds = entry.Has("feeds") ? entry.At("feeds") : Json();
    (void)session->Run(ElementOf(other.graph(), entry.Text("run")),
                       FeedsOf(other.graph(), feeds, entry.where()));
    session->Close();
  } else {
    MakeCheckpoint(entry.Object("checkpoint"));
  }
}

void Driver::MakeCheckpoint(const Params& params) {
  const std::string name = params.Has("graph") ? params.Text("graph") : process().graph_name;
  TraceProcess other(world_, name, Seen::kNo);
  Graph& graph = other.graph();
  const auto session = other.OpenSession("");
  const auto set = [&](const std::string& variable, const Json& value) {
    const Json feeds = {{"set_" + variable + "/value:0", value}};
    (void)session->Run(ElementOf(graph, "set_" + variable), FeedsOf(graph, feeds, params.where()));
  };
  const Json init_feeds = params.Has("init_feeds") ? params.At("init_feeds") : Json();
  (void)session->Run(ElementOf(graph, "init_all"), FeedsOf(graph, init_feeds, params.where()));
  if (params.Has("set")) {
    for (const auto& [variable, value] : params.At("set").items()) set(variable, value);
  }
  Saver saver(other.runtime, graph, SaverOptions{.sharded = true});
  const std::string dir = recorder().Absolute(params.Text("dir"));
  ThrowIfError(MakeDirectories(other.env().files, dir));
  for (const Json& step : params.List("steps")) {
    if (graph.FindOperation("set_global_step") != nullptr) set("global_step", step);
    (void)saver.Save(*session, dir + "/model.ckpt", {.global_step = step.get<std::int64_t>()});
  }
  session->Close();
}

}  // namespace faultline::testing
