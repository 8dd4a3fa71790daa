#include "core/testing/golden_traces/outcome.h"

#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint_state.h"
#include "core/summary/events_reader.h"

namespace faultline::testing {

namespace {

constexpr std::string_view kEventsPrefix = "events.out.tfevents.";

template <class T>
T ValueOf(Result<T> result) {
  ThrowIfError(result.status());
  return std::move(result).value();
}

std::string SessionLogName(v1::tf::SessionLog::SessionStatus status) {
  std::string name = v1::tf::SessionLog::SessionStatus_Name(status);
  return name;
}

// One entry for each thing that the record holds.
void ShowRecord(const v1::tf::Event& event, const Recorder& recorder, Json* shown) {
  switch (event.what_case()) {
    case v1::tf::Event::kFileVersion:
      shown->push_back({{"what", "file_version"}});
      break;
    case v1::tf::Event::kGraphDef:
      shown->push_back({{"what", "graph_def"}});
      break;
    case v1::tf::Event::kMetaGraphDef:
      shown->push_back({{"what", "meta_graph_def"}});
      break;
    case v1::tf::Event::kTaggedRunMetadata:
      shown->push_back({{"what", "tagged_run_metadata"}});
      break;
    case v1::tf::Event::kSessionLog: {
      Json entry = {{"step", event.step()},
                    {"session_log", SessionLogName(event.session_log().status())}};
      const std::string& path = event.session_log().checkpoint_path();
      if (!path.empty()) entry["path"] = recorder.Relative(path);
      shown->push_back(std::move(entry));
      break;
    }
    case v1::tf::Event::kSummary:
      for (const auto& value : event.summary().value()) {
        shown->push_back({{"step", event.step()},
                          {"tag", value.tag()},
                          {"value", static_cast<double>(value.simple_value())}});
      }
      break;
    default:
      shown->push_back({{"what", "an unexpected record"}});
  }
}

Json EventsOf(TraceWorld& world, const std::string& path) {
  Status damage;
  const auto events = ValueOf(ReadEvents(world.plain().files, path, &damage));
  Json shown = Json::array();
  for (const v1::tf::Event& event : events) ShowRecord(event, world.recorder, &shown);
  if (!damage.ok()) shown.push_back({{"damage", damage.ToString()}});
  return shown;
}

// A path of a state file, relative to its directory.
std::string Below(const std::string& directory, const std::string& path) {
  return path.starts_with(directory + "/") ? path.substr(directory.size() + 1) : path;
}

// Nothing if there is no state file that can be read.
void ShowState(TraceWorld& world, const std::string& directory, Json* shown) {
  const auto state = GetCheckpointState(world.plain(), Semantics::Tf(), directory);
  if (!state.ok() || !*state) return;
  (*shown)["latest"] = Below(directory, (*state)->model_checkpoint_path);
  (*shown)["all"] = Json::array();
  for (const std::string& path : (*state)->all_model_checkpoint_paths) {
    (*shown)["all"].push_back(Below(directory, path));
  }
}

Json DirectoryShown(TraceWorld& world, const std::string& directory) {
  std::set<std::string> names;
  Json events = Json::array();
  for (const std::string& name : ValueOf(world.plain().files.List(directory))) {
    const bool is_events = name.starts_with(kEventsPrefix);
    names.insert(is_events ? std::string(kEventsPrefix) + "*" : name);
    if (is_events) events.push_back(EventsOf(world, JoinPath(directory, name)));
  }
  Json shown = {{"files", names}};
  if (!events.empty()) shown["events"] = std::move(events);
  ShowState(world, directory, &shown);
  return shown;
}

}  // namespace

Json OutcomeOf(TraceWorld& world) {
  Json outcome = {{"end_time", world.recorder.Now()},
                  {"sessions_opened", world.sessions_opened()},
                  {"sessions_left_open", world.left_open()}};
  const std::string& root = world.recorder.root();
  for (const std::string& name : ValueOf(world.plain().files.List(root))) {
    outcome["dirs"][name] = DirectoryShown(world, JoinPath(root, name));
  }
  return outcome;
}

}  // namespace faultline::testing
