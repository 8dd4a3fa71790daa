#include "scenarios/harness/scenario_check.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "core/base/semantics.h"
#include "faults/fault_plan.h"
#include "scenarios/harness/checker.h"

namespace faultline::scenarios {
namespace {

namespace pb = google::protobuf;

constexpr int kMaxNodes = 64;

bool IsPlainName(std::string_view name) {
  if (name.empty() || name.size() > 64 || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

class ScenarioCheck {
 public:
  ScenarioCheck(const v1::Scenario& scenario, const ProgramRegistry& programs)
      : scenario_(scenario), programs_(programs) {}

  std::vector<ScenarioProblem> Run(const std::string& stem) {
    CheckNumbers(scenario_, {});
    CheckTexts(stem);
    CheckProgram();
    CheckNodes();
    CheckSemantics();
    CheckSupervisor();
    CheckFaults();
    CheckExpectation();
    return std::move(problems_);
  }

 private:
  void Add(FieldPath path, std::string text) {
    problems_.push_back({std::move(path), std::move(text)});
  }

  // The parser turns 1e400 into infinity without a word, and reads "nan".
  void CheckNumbers(const pb::Message& message, const FieldPath& path) {
    const pb::Reflection& reflection = *message.GetReflection();
    std::vector<const pb::FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const pb::FieldDescriptor* field : fields) {
      FieldPath here = path;
      here.push_back({field->name(), field->is_repeated() ? 0 : -1});
      if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_DOUBLE) {
        const double value = reflection.GetDouble(message, field);
        if (!std::isfinite(value))
          Add(here, fmt::format("expected a finite number, found {}", value));
        if (value < 0) Add(here, fmt::format("expected zero or more, found {}", value));
      }
      if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        CheckNumbers(reflection.GetMessage(message, field), here);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        here.back().index = i;
        CheckNumbers(reflection.GetRepeatedMessage(message, field, i), here);
      }
    }
  }

  void CheckTexts(const std::string& stem) {
    const std::string& name = scenario_.name();
    if (!IsPlainName(name)) {
      Add({{"name"}},
          fmt::format("expected a name of small letters, digits and '_', found \"{}\"", name));
    } else if (!stem.empty() && name != stem) {
      Add({{"name"}},
          fmt::format("expected the name of the file, \"{}\", found \"{}\"", stem, name));
    }
    if (scenario_.description().empty()) {
      Add({{"description"}}, "expected a text that says what happens and why the end is right");
    }
    const std::string& profile = scenario_.profile();
    if (!profile.empty() && profile != "classic" && profile != "retry") {
      Add({{"profile"}}, fmt::format("expected classic or retry, found \"{}\"", profile));
    }
    for (int i = 0; i < scenario_.overrides_size(); ++i) {
      if (scenario_.overrides(i).stream().empty()) {
        Add({{"overrides", i}, {"stream"}}, "expected the name of a stream of draws");
      }
    }
  }

  void NotNegative(std::int64_t value, const char* field) {
    if (value < 0)
      Add({{"program"}, {field}}, fmt::format("expected zero or more, found {}", value));
  }

  void CheckProgram() {
    const v1::Program& program = scenario_.program();
    const ProgramInfo* info = programs_.Find(program.name());
    if (info == nullptr) {
      Add({{"program"}, {"name"}}, fmt::format("expected the name of a program ({}), found \"{}\"",
                                               programs_.Names(), program.name()));
    }
    if (program.steps() <= 0) {
      Add({{"program"}, {"steps"}},
          fmt::format("expected a positive number of steps, found {}", program.steps()));
    }
    NotNegative(program.save_every_steps(), "save_every_steps");
    NotNegative(program.max_to_keep(), "max_to_keep");
    NotNegative(program.input_steps(), "input_steps");
    if (program.save_every_steps() > 0 && program.save_every_secs() > 0) {
      Add({{"program"}, {"save_every_secs"}},
          "expected only one of save_every_steps and save_every_secs");
    }
    if (info != nullptr) CheckParameters(*info);
  }

  void CheckParameters(const ProgramInfo& info) {
    std::set<std::string> seen;
    for (int i = 0; i < scenario_.program().parameters_size(); ++i) {
      const v1::Parameter& parameter = scenario_.program().parameters(i);
      const FieldPath path = {{"program"}, {"parameters", i}};
      const auto with = [&](const char* field) {
        FieldPath longer = path;
        longer.push_back({field});
        return longer;
      };
      const ParameterInfo* known = info.FindParameter(parameter.name());
      if (known == nullptr) {
        std::string names;
        for (const ParameterInfo& p : info.parameters)
          names += (names.empty() ? "" : ", ") + p.name;
        Add(with("name"), fmt::format("expected a parameter of {} ({}), found \"{}\"", info.name,
                                      names.empty() ? "it has none" : names, parameter.name()));
        continue;
      }
      if (!seen.insert(parameter.name()).second) {
        Add(with("name"), fmt::format("expected {} only once", parameter.name()));
      }
      const Status good = CheckParameter(*known, parameter.value());
      if (!good.ok()) Add(with("value"), good.message());
    }
  }

  void CheckNodes() {
    if (scenario_.nodes_size() == 0) Add({{"nodes"}}, "expected at least one node");
    if (scenario_.nodes_size() > kMaxNodes) {
      Add({{"nodes", kMaxNodes}}, fmt::format("expected at most {} nodes", kMaxNodes));
    }
    std::set<std::string> names;
    bool trains = false;
    for (int i = 0; i < scenario_.nodes_size(); ++i) {
      const v1::NodeSpec& node = scenario_.nodes(i);
      if (!IsPlainName(node.name()) || !names.insert(node.name()).second) {
        Add({{"nodes", i}, {"name"}},
            fmt::format("expected a name of small letters and digits that no other node has, found "
                        "\"{}\"",
                        node.name()));
      }
      if (!v1::Role_IsValid(node.role()) || node.role() == v1::ROLE_UNSPECIFIED) {
        Add({{"nodes", i}, {"role"}}, "expected CHIEF, WORKER or SERVER");
      }
      trains = trains || node.role() == v1::CHIEF || node.role() == v1::WORKER;
      CheckServerOf(i, node);
    }
    if (scenario_.nodes_size() > 0 && !trains) {
      Add({{"nodes", 0}}, "expected a CHIEF or a WORKER among the nodes: servers alone never end");
    }
  }

  void CheckServerOf(int index, const v1::NodeSpec& node) {
    const FieldPath path = {{"nodes", index}, {"server"}};
    if (node.server().empty()) {
      if (node.role() == v1::WORKER) {
        Add({{"nodes", index}}, "expected `server`: a worker waits for variables of a server node");
      }
      return;
    }
    if (node.role() == v1::SERVER) Add(path, "expected nothing: a server holds its own variables");
    for (const v1::NodeSpec& other : scenario_.nodes()) {
      if (other.name() == node.server() && other.role() == v1::SERVER) return;
    }
    Add(path, fmt::format("expected the name of a SERVER node, found \"{}\"", node.server()));
  }

  void CheckSwitches(const pb::RepeatedPtrField<std::string>& names, const char* field) {
    for (int i = 0; i < names.size(); ++i) {
      if (FindDeviation(names[i]) != nullptr) continue;
      Add({{"semantics"}, {field, i}},
          fmt::format(
              "expected the name of a switch (see `faultline list switches`), found \"{}\"{}",
              names[i], HasMutants() ? "" : "; this build has no planted defects"));
    }
  }

  void CheckSemantics() {
    CheckSwitches(scenario_.semantics().on(), "on");
    CheckSwitches(scenario_.semantics().off(), "off");
  }

  void CheckSupervisor() {
    const v1::Supervisor& supervisor = scenario_.supervisor();
    if (supervisor.restart_after_secs() > 0) return;
    if (supervisor.max_restarts() > 0 || supervisor.restart_failed()) {
      Add({{"supervisor"}}, "expected restart_after_secs: without it nothing is restarted");
    }
  }

  std::vector<std::string> NodeNames() const {
    std::vector<std::string> names;
    for (const v1::NodeSpec& node : scenario_.nodes()) names.push_back(node.name());
    return names;
  }

  void CheckFaults() {
    for (const faults::PlanProblem& problem :
         faults::FindPlanProblems(scenario_.faults(), NodeNames())) {
      FieldPath path = {{"faults"}, {"faults", problem.fault}};
      for (const std::string& field : problem.field) path.push_back({field});
      Add(std::move(path), problem.text);
    }
  }

  void CheckInvariants(const pb::RepeatedPtrField<std::string>& ids, const char* field) {
    const std::vector<InvariantInfo> known = ListInvariants();
    for (int i = 0; i < ids.size(); ++i) {
      const auto found = std::find_if(known.begin(), known.end(),
                                      [&](const InvariantInfo& info) { return info.id == ids[i]; });
      if (found != known.end()) continue;
      Add({{"expect"}, {field, i}},
          fmt::format(
              "expected an invariant that is checked (see `faultline list invariants`), found "
              "\"{}\"",
              ids[i]));
    }
  }

  void CheckExpectation() {
    const v1::Expectation& expect = scenario_.expect();
    CheckInvariants(expect.violations(), "violations");
    CheckInvariants(expect.applicable(), "applicable");
    if (expect.outcome() == v1::FAILED && expect.violations_size() == 0) {
      Add({{"expect"}, {"outcome"}},
          "expected `violations` beside FAILED: which ones must be found");
    }
    if (expect.outcome() != v1::STUCK && !expect.stuck_waiting_for().empty()) {
      Add({{"expect"}, {"stuck_waiting_for"}}, "expected nothing: the outcome is not STUCK");
    }
    if (expect.no_faults() && scenario_.faults().faults_size() > 0) {
      Add({{"expect"}, {"no_faults"}}, "expected no faults in the plan, or false here");
    }
    const std::vector<std::string> names = NodeNames();
    for (int i = 0; i < expect.ends_size(); ++i) {
      const v1::NodeEnd& end = expect.ends(i);
      if (std::find(names.begin(), names.end(), end.node()) == names.end()) {
        Add({{"expect"}, {"ends", i}, {"node"}},
            fmt::format("expected the name of a node, found \"{}\"", end.node()));
      }
      Code code{};
      if (!ParseCodeName(end.code(), &code)) {
        Add({{"expect"}, {"ends", i}, {"code"}},
            fmt::format("expected OK or the name of a code, found \"{}\"", end.code()));
      }
    }
  }

  const v1::Scenario& scenario_;
  const ProgramRegistry& programs_;
  std::vector<ScenarioProblem> problems_;
};

}  // namespace

std::vector<ScenarioProblem> FindProblems(const v1::Scenario& scenario, const std::string& stem,
                                          const ProgramRegistry& programs) {
  return ScenarioCheck(scenario, programs).Run(stem);
}

}  // namespace faultline::scenarios
