#include "scenarios/harness/harness.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "scenarios/harness/checker.h"
#include "scenarios/harness/cluster.h"
#include "scenarios/harness/judge.h"
#include "scenarios/harness/recovery_phases.h"
#include "scenarios/harness/timeline.h"

namespace faultline::scenarios {
namespace {

// Hands every event to the checkers, which are streamed to like any other sink.
class CheckerSink final : public sim::TraceSink {
 public:
  explicit CheckerSink(const RunFacts& facts) : checkers_(MakeCheckers(facts)) {}
  void OnEvent(const sim::TraceEvent& event) override {
    for (const auto& checker : checkers_) checker->OnEvent(event);
  }
  void Finish(TimePoint end) {
    for (const auto& checker : checkers_) checker->Finish(end);
  }
  const std::vector<std::unique_ptr<Checker>>& checkers() const { return checkers_; }

 private:
  std::vector<std::unique_ptr<Checker>> checkers_;
};

RunFacts MakeFacts(const v1::Scenario& scenario) {
  RunFacts facts;
  facts.semantics = MakeSemantics(scenario.semantics());
  facts.strict = scenario.semantics().base() == v1::STRICT;
  facts.profile = MakeProfile(scenario.profile()).name;
  for (const v1::NodeSpec& node : scenario.nodes()) {
    facts.node_names.push_back(node.name());
    facts.node_roles.emplace_back(RoleName(MakeRole(node.role())));
  }
  facts.target_steps = scenario.program().steps();
  facts.private_disks = scenario.storage().private_disks();
  facts.input_ends = scenario.program().input_steps() > 0;
  return facts;
}

v1::Scenario Settled(v1::Scenario scenario, const RunSettings& settings) {
  if (settings.seed) scenario.set_seed(*settings.seed);
  if (settings.semantics) scenario.mutable_semantics()->set_base(*settings.semantics);
  return scenario;
}

std::string RepeatCommand(const v1::Scenario& scenario, const RunSettings& settings) {
  std::string command =
      fmt::format("faultline run {}", settings.path.empty() ? scenario.name() : settings.path);
  if (settings.seed) command += fmt::format(" --seeds {0}..{0}", *settings.seed);
  if (settings.semantics) {
    command += fmt::format(" --semantics {}", *settings.semantics == v1::STRICT ? "strict" : "tf");
  }
  return command;
}

// The final values of the same scenario when nothing happens to it.
std::optional<FinalValues> RunUndisturbed(v1::Scenario scenario, const Assets& assets,
                                          StackPool* stacks) {
  scenario.clear_faults();
  scenario.clear_overrides();
  RunWatcher watcher;
  ClusterOptions options{assets.programs, *assets.data, {}, {&watcher}, stacks};
  Cluster cluster(scenario, std::move(options));
  cluster.Run();
  return watcher.final_values();
}

// One run with all that listens to it.
struct Run {
  Run(const v1::Scenario& s, const Assets& assets, const RunSettings& settings)
      : scenario(s),
        facts(MakeFacts(s)),
        checkers(facts),
        timeline(facts.node_names),
        recoveries(facts.node_names) {
    std::vector<sim::TraceSink*> sinks = {&checkers, &watcher, &timeline, &recoveries};
    sinks.insert(sinks.end(), settings.sinks.begin(), settings.sinks.end());
    ClusterOptions options{assets.programs, *assets.data, settings.trace, std::move(sinks),
                           settings.stacks};
    cluster = std::make_unique<Cluster>(scenario, std::move(options));
    result = cluster->Run();
    checkers.Finish(result.end_time);
    timeline.Finish();
    not_fired = cluster->injector().FindNotFired();
  }

  const v1::Scenario& scenario;
  RunFacts facts;
  CheckerSink checkers;
  RunWatcher watcher;
  Timeline timeline;
  RecoveryPhases recoveries;
  std::unique_ptr<Cluster> cluster;
  sim::RunResult result;
  std::vector<faults::NotFired> not_fired;
};

void ReportFaults(const Run& run, v1::RunReport& report) {
  for (const faults::Activation& activation : run.cluster->injector().activations()) {
    v1::FaultRecord& record = *report.add_faults();
    record.set_name(activation.name);
    record.set_kind(activation.kind);
    record.set_node(activation.node);
    record.set_at_secs(activation.time.seconds());
    record.set_fired(true);
    record.set_effect(activation.effect);
    record.set_phase(activation.phase);
  }
  for (const faults::NotFired& missing : run.not_fired) {
    v1::FaultRecord& record = *report.add_faults();
    record.set_name(missing.name);
    record.set_kind(missing.kind);
    record.set_node(missing.node);
    record.set_effect(missing.why);
  }
}

void ReportInvariants(const Run& run, v1::RunReport& report) {
  constexpr std::size_t kMaxViolations = 20;
  for (const auto& checker : run.checkers.checkers()) {
    v1::InvariantRecord& record = *report.add_invariants();
    record.set_invariant(std::string(checker->invariant()));
    record.set_comparisons(checker->comparisons());
    if (!checker->violations().empty()) record.set_allowed_by(checker->allowed_by());
    for (const Found& found : checker->violations()) {
      if (static_cast<std::size_t>(record.violations_size()) >= kMaxViolations) break;
      v1::Violation& violation = *record.add_violations();
      violation.set_at_secs(found.time.seconds());
      if (found.node < run.facts.node_names.size()) {
        violation.set_node(run.facts.node_names[found.node]);
      }
      violation.set_text(found.text);
    }
  }
}

void ReportNodes(const Run& run, v1::RunReport& report) {
  for (std::size_t i = 0; i < run.facts.node_names.size(); ++i) {
    const NodeOutcome outcome = run.watcher.OutcomeOf(static_cast<sim::NodeId>(i));
    v1::NodeRecord& record = *report.add_nodes();
    record.set_name(run.facts.node_names[i]);
    record.set_role(run.facts.node_roles[i]);
    record.set_incarnations(outcome.incarnations);
    record.set_end_code(outcome.code);
    record.set_end_message(outcome.message);
  }
  for (const sim::Waiter& waiter : run.result.waiters) {
    v1::WaitRecord& record = *report.add_stuck();
    record.set_node(waiter.process);
    record.set_task(waiter.task);
    record.set_what(waiter.what.empty() ? "its next turn" : waiter.what);
    record.set_since_secs(waiter.since.seconds());
  }
}

// Equality with the undisturbed run, as a row beside the numbered invariants.
void ReportTrajectory(const Evidence& evidence, v1::RunReport& report) {
  if (!evidence.undisturbed) return;
  v1::InvariantRecord& record = *report.add_invariants();
  record.set_invariant("same-values");
  const auto& mine = evidence.watcher.final_values();
  record.set_comparisons(mine && *evidence.undisturbed ? 1 : 0);
  if (mine && *evidence.undisturbed && !(*mine == **evidence.undisturbed)) {
    record.add_violations()->set_text("final values differ from those of the undisturbed run");
  }
}

v1::RunReport MakeReport(const Run& run, const Evidence& evidence, const Verdict& verdict,
                         const RunSettings& settings) {
  v1::RunReport report;
  report.set_scenario(run.scenario.name());
  report.set_path(settings.path);
  report.set_seed(run.scenario.seed());
  report.set_semantics(run.facts.strict ? "strict" : "tf");
  report.set_profile(run.facts.profile);
  report.set_outcome(std::string(sim::OutcomeName(verdict.outcome)));
  for (const std::string& reason : verdict.reasons) report.add_reasons(reason);
  report.set_command(RepeatCommand(run.scenario, settings));
  report.set_decisions_hash(run.result.hashes.decisions);
  report.set_values_hash(run.result.hashes.values);
  report.set_events(run.result.trace_events);
  report.set_virtual_secs(run.result.end_time.seconds());
  report.set_final_step(run.watcher.final_step());
  ReportFaults(run, report);
  ReportInvariants(run, report);
  ReportTrajectory(evidence, report);
  ReportNodes(run, report);
  for (const v1::RecoveryRecord& record : run.recoveries.records()) {
    *report.add_recoveries() = record;
  }
  for (const v1::TimelineEntry& entry : run.timeline.entries()) *report.add_timeline() = entry;
  return report;
}

sim::Certificate CertifyRun(const v1::Scenario& scenario, const Assets& assets,
                            const RunSettings& settings) {
  return sim::Certify(
      [&](const sim::TraceOptions& trace) {
        ClusterOptions options{assets.programs, *assets.data, trace, {}, settings.stacks};
        Cluster cluster(scenario, std::move(options));
        cluster.Run();
        return cluster.simulator().Record();
      },
      settings.trace);
}

}  // namespace

Result<Assets> LoadAssets(const std::string& data_root) {
  FL_ASSIGN_OR_RETURN(auto data, LoadDataFiles(data_root));
  return Assets{StandardPrograms(), std::move(data)};
}

int RunOutcome::exit_code() const {
  if (certificate && !certificate->equal) return 5;
  return sim::OutcomeExitCode(outcome);
}

RunOutcome RunScenario(const v1::Scenario& scenario, const Assets& assets,
                       const RunSettings& settings) {
  const v1::Scenario settled = Settled(scenario, settings);
  std::optional<std::optional<FinalValues>> undisturbed;
  if (settings.undisturbed) {
    undisturbed.emplace(settings.undisturbed);
  } else if (settled.expect().same_values_as_undisturbed()) {
    undisturbed.emplace(RunUndisturbed(settled, assets, settings.stacks));
  }
  Run run(settled, assets, settings);
  const Evidence evidence{settled,
                          run.result,
                          run.cluster->done(),
                          run.watcher,
                          run.checkers.checkers(),
                          run.not_fired,
                          run.facts.node_names,
                          undisturbed,
                          run.cluster->simulator().choices().UnusedOverrides()};
  Verdict verdict = Judge(evidence);
  RunOutcome outcome;
  if (settings.certify) {
    outcome.certificate = CertifyRun(settled, assets, settings);
    if (!outcome.certificate->equal) {
      verdict.outcome = sim::Outcome::kFailed;
      verdict.reasons.push_back("not deterministic: " + outcome.certificate->Describe());
    }
  }
  outcome.outcome = verdict.outcome;
  outcome.expectation_met = verdict.expectation_met;
  outcome.report = MakeReport(run, evidence, verdict, settings);
  outcome.final_values = run.watcher.final_values();
  outcome.record = run.cluster->simulator().Record();
  for (const auto& node : run.cluster->simulator().nodes()) outcome.turns.push_back(node->turns());
  return outcome;
}

v1::Scenario MakeReplay(const v1::Scenario& scenario, const RunSettings& settings,
                        const std::string& build) {
  v1::Scenario replay = Settled(scenario, settings);
  replay.set_recorded_by(build);
  return replay;
}

}  // namespace faultline::scenarios
