#include "scenarios/harness/judge.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace faultline::scenarios {
namespace {

class Judgement {
 public:
  explicit Judgement(const Evidence& evidence)
      : evidence_(evidence), expect_(evidence.scenario.expect()) {}

  Verdict Run() {
    const sim::Outcome ended = HowItEnded();
    CheckEnding(ended);
    if (ended == sim::Outcome::kPassed || ended == sim::Outcome::kStuck) CheckQuantities();
    CheckInvariants();
    CheckUndisturbed();
    verdict_.outcome = verdict_.reasons.empty() ? sim::Outcome::kPassed
                       : Unexpected(ended)      ? ended
                                                : sim::Outcome::kFailed;
    CheckApplicable();
    verdict_.expectation_met = verdict_.reasons.empty();
    CheckFired();
    if (verdict_.outcome == sim::Outcome::kPassed && !verdict_.reasons.empty()) {
      verdict_.outcome = sim::Outcome::kVacuous;
    }
    return std::move(verdict_);
  }

 private:
  template <class... Values>
  void Reason(fmt::format_string<Values...> format, Values&&... values) {
    verdict_.reasons.push_back(fmt::format(format, std::forward<Values>(values)...));
  }

  // kPassed stands for a run that came to its end.
  sim::Outcome HowItEnded() const {
    switch (evidence_.result.end) {
      case sim::RunEnd::kFinished:
        return sim::Outcome::kPassed;
      case sim::RunEnd::kStopped:
        return evidence_.done ? sim::Outcome::kPassed : sim::Outcome::kFailed;
      case sim::RunEnd::kCrashed:
        return sim::Outcome::kCrashed;
      default:
        return sim::Outcome::kStuck;
    }
  }

  // A run that got stuck or crashed says so, rather than that it failed.
  bool Unexpected(sim::Outcome ended) const {
    if (ended == sim::Outcome::kCrashed) return expect_.outcome() != v1::CRASHED;
    return ended == sim::Outcome::kStuck && expect_.outcome() != v1::STUCK;
  }

  void CheckEnding(sim::Outcome ended) {
    const std::string_view how = sim::RunEndName(evidence_.result.end);
    const std::string text = evidence_.result.text;
    if (ended == sim::Outcome::kCrashed) {
      if (expect_.outcome() != v1::CRASHED) Reason("the run crashed: {}", text);
      return;
    }
    if (expect_.outcome() == v1::CRASHED) Reason("expected a crash, but the run ended: {}", how);
    if (ended == sim::Outcome::kStuck) {
      if (expect_.outcome() != v1::STUCK) Reason("the run did not end ({}): {}", how, text);
      CheckWaits();
      return;
    }
    if (expect_.outcome() == v1::STUCK) Reason("expected a stuck run, but it ended");
  }

  void CheckWaits() {
    const std::string& wanted = expect_.stuck_waiting_for();
    if (wanted.empty()) return;
    for (const sim::Waiter& waiter : evidence_.result.waiters) {
      if (waiter.what.find(wanted) != std::string::npos) return;
    }
    Reason("expected somebody to wait for \"{}\"", wanted);
  }

  void CheckQuantities() {
    const RunWatcher& watcher = evidence_.watcher;
    if (expect_.has_final_step() && expect_.final_step() >= 0 &&
        watcher.final_step() != expect_.final_step()) {
      Reason("expected the final step {}, found {}", expect_.final_step(), watcher.final_step());
    }
    if (expect_.has_recoveries() && watcher.recoveries() != expect_.recoveries()) {
      Reason("expected {} recoveries, found {}", expect_.recoveries(), watcher.recoveries());
    }
    for (const v1::NodeEnd& end : expect_.ends()) CheckNodeEnd(end);
    if (expect_.outcome() == v1::PASSED && expect_.ends_size() == 0) CheckAllEndedWell();
    const double took = evidence_.result.end_time.seconds();
    if (expect_.within_secs() > 0 && took > expect_.within_secs()) {
      Reason("expected the run to end within {} s, it took {:.3f} s", expect_.within_secs(), took);
    }
    if (took < expect_.not_before_secs()) {
      Reason("expected the run to take at least {} s, it took {:.3f} s", expect_.not_before_secs(),
             took);
    }
  }

  sim::NodeId IdOf(const std::string& node) const {
    const auto& names = evidence_.node_names;
    return static_cast<sim::NodeId>(std::find(names.begin(), names.end(), node) - names.begin());
  }

  void CheckNodeEnd(const v1::NodeEnd& end) {
    const NodeOutcome outcome = evidence_.watcher.OutcomeOf(IdOf(end.node()));
    if (outcome.code != end.code()) {
      Reason("expected {} to end with {}, found {} {}", end.node(), end.code(), outcome.code,
             outcome.message);
    } else if (outcome.message.find(end.message()) == std::string::npos) {
      Reason("expected {} to end with a message that has \"{}\", found \"{}\"", end.node(),
             end.message(), outcome.message);
    }
  }

  // A scenario that is to pass and names no ends expects that all programs end well.
  void CheckAllEndedWell() {
    for (const v1::NodeSpec& node : evidence_.scenario.nodes()) {
      if (node.role() == v1::SERVER) continue;
      const NodeOutcome outcome = evidence_.watcher.OutcomeOf(IdOf(node.name()));
      if (outcome.code == "OK") continue;
      Reason("expected {} to end well, found {} {}", node.name(), outcome.code, outcome.message);
    }
  }

  void CheckInvariants() {
    for (const auto& checker : evidence_.checkers) {
      const std::string id(checker->invariant());
      const bool wanted = std::find(expect_.violations().begin(), expect_.violations().end(), id) !=
                          expect_.violations().end();
      const auto& found = checker->violations();
      if (wanted && found.empty()) Reason("expected a violation of {}, found none", id);
      if (wanted || found.empty() || !checker->allowed_by().empty()) continue;
      const auto first = std::find_if(found.begin(), found.end(),
                                      [](const Found& f) { return f.allowed_by.empty(); });
      Reason("{} is violated at {:.3f} s: {}", id, first->time.seconds(), first->text);
    }
  }

  void CheckUndisturbed() {
    if (!evidence_.undisturbed) return;
    const std::optional<FinalValues>& other = *evidence_.undisturbed;
    const std::optional<FinalValues>& mine = evidence_.watcher.final_values();
    if (!other) {
      Reason("the run without faults did not come to final values");
    } else if (!mine) {
      Reason("expected the final values of the run without faults, found none");
    } else if (!(*mine == *other)) {
      Reason(
          "expected the final values of the run without faults ({:016x} at step {}), found "
          "{:016x} at step {}",
          other->digest, other->step, mine->digest, mine->step);
    }
  }

  void CheckApplicable() {
    for (const std::string& id : expect_.applicable()) {
      const auto checker = std::find_if(evidence_.checkers.begin(), evidence_.checkers.end(),
                                        [&](const auto& c) { return c->invariant() == id; });
      if (checker != evidence_.checkers.end() && (*checker)->comparisons() > 0) continue;
      Reason("{} is declared applicable and compared nothing", id);
    }
  }

  void CheckFired() {
    for (const faults::NotFired& fault : evidence_.not_fired) {
      Reason("fault {} on {} did not fire: {}", fault.name, fault.node, fault.why);
    }
    if (evidence_.scenario.faults().faults_size() == 0 && !expect_.no_faults()) {
      Reason("the scenario declares no faults and does not say no_faults");
    }
    for (const std::string& draw : evidence_.unused_overrides) {
      Reason("override {} names a draw that never came", draw);
    }
  }

  const Evidence& evidence_;
  const v1::Expectation& expect_;
  Verdict verdict_;
};

}  // namespace

Verdict Judge(const Evidence& evidence) { return Judgement(evidence).Run(); }

}  // namespace faultline::scenarios
