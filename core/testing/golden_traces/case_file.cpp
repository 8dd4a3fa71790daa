#include "core/testing/golden_traces/case_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/fault_table.h"
#include "core/testing/golden_traces/hook_maker.h"
#include "core/testing/golden_traces/params.h"

namespace faultline::testing {

namespace {

constexpr std::string_view kCaseFields =
    "name about rules spec_deviation clock faults world real_threads t_upper_bound program trace "
    "outcome upstream_trace upstream_outcome made_with";
constexpr std::string_view kFaultFields = "on n error text tag when report";
constexpr std::string_view kWorldFields = "t checkpoint run feeds request_stop on";
constexpr std::string_view kFaultTargets =
    "open close init_op local_init_op ready_op ready_for_local_init_op restore save step "
    "global_step raw queue_runner";
constexpr std::string_view kOrderFields =
    "cb n advance run report stop_coordinator register_thread add_op request_stop raise";
constexpr std::string_view kCreatorFields = "type scaffold dir file target max_wait_secs";

// Whether a word stands in a list of words separated by spaces.
bool Lists(std::string_view words, std::string_view word) {
  std::size_t at = 0;
  while ((at = words.find(word, at)) != std::string_view::npos) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || words[at - 1] == ' ';
    if (begins && (end == words.size() || words[end] == ' ')) return true;
    at = end;
  }
  return false;
}

void CheckFields(const Params& params, std::string_view allowed, std::string_view also = "") {
  for (const auto& [key, value] : params.object().items()) {
    if (Lists(allowed, key) || Lists(also, key)) continue;
    throw BadCase(fmt::format("{}.{}: an unknown field", params.where(), key));
  }
}

void CheckEach(const Params& params, const char* key, const auto& check) {
  if (!params.Has(key)) return;
  const Json& list = params.List(key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    check(Params(list[i], fmt::format("{}.{}[{}]", params.where(), key, i)));
  }
}

void CheckHook(const Params& hook) {
  if (hook.Has("ref")) return CheckFields(hook, "ref");
  const std::string_view fields = HookFields(hook.Text("type"));
  if (fields.empty()) hook.Fail("type", "a type of hook");
  CheckFields(hook, fields, "type name");
  CheckEach(hook, "on", [](const Params& order) { CheckFields(order, kOrderFields); });
  CheckEach(hook, "listeners", [](const Params& listener) {
    CheckFields(listener, "name on");
    CheckEach(listener, "on",
              [](const Params& order) { CheckFields(order, "cb n advance raise stop"); });
  });
}

void CheckAction(const Params& action) {
  const ActionKind* kind = FindAction(action.Text("do"));
  if (kind == nullptr) action.Fail("do", "a kind of action");
  CheckFields(action, kind->fields, "do repeat tells catch");
  CheckEach(action, "hooks", CheckHook);
  CheckEach(action, "chief_only_hooks", CheckHook);
  if (kind->name == "construct_hook") CheckHook(action.Object("hook"));
  if (action.Has("creator")) CheckFields(action.Object("creator"), kCreatorFields);
  if (kind->name == "scope" || kind->name == "loop") CheckEach(action, "body", CheckAction);
}

void CheckCase(const Params& scenario) {
  CheckFields(scenario, kCaseFields);
  CheckEach(scenario, "trace", [](const Params& event) { (void)event.Text("e"); });
  (void)scenario.List("trace");
  (void)scenario.Object("outcome");
  (void)scenario.List("program");
  CheckEach(scenario, "program", CheckAction);
  CheckEach(scenario, "faults", [](const Params& fault) {
    CheckFields(fault, kFaultFields);
    if (!Lists(kFaultTargets, fault.Text("on"))) fault.Fail("on", "something that can fail");
  });
  CheckEach(scenario, "world", [](const Params& entry) {
    CheckFields(entry, kWorldFields);
    (void)entry.Number("t");
  });
  (void)FaultTable(scenario.Has("faults") ? scenario.At("faults") : Json());
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw BadCase(path.string() + ": cannot be read");
  return text.str();
}

}  // namespace

TraceCase ParseCase(const std::string& file, const std::string& text) {
  TraceCase made;
  std::string problem;
  try {
    made.scenario = Json::parse(text);
  } catch (const Json::parse_error& error) {
    problem = error.what();
  }
  if (!problem.empty()) throw BadCase(file + ": " + problem);
  try {
    const Params scenario(made.scenario, "case");
    made.name = scenario.Text("name");
    CheckCase(scenario);
  } catch (const BadCase& bad) {
    problem = bad.text;
  }
  if (!problem.empty()) throw BadCase(file + ": " + problem);
  return made;
}

std::vector<TraceCase> ReadCases(const std::string& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  if (error) throw BadCase(folder + ": " + error.message());
  if (paths.empty()) throw BadCase(folder + ": there are no cases (*.json) in it");
  std::sort(paths.begin(), paths.end());
  std::vector<TraceCase> cases;
  for (const auto& path : paths) cases.push_back(ParseCase(path.string(), ReadText(path)));
  return cases;
}

}  // namespace faultline::testing
