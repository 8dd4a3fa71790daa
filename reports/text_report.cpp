#include "reports/text_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "reports/run_report.pb.h"

namespace faultline::reports {
namespace {

constexpr std::array kPhases = {"create", "init",    "restore", "wait", "train",
                                "save",   "recover", "close",   "idle"};
constexpr std::array kOutcomes = {"passed", "failed", "stuck", "crashed", "vacuous"};

std::string_view ColorOf(std::string_view word) {
  if (word == "passed") return "\x1b[32m";
  if (word == "failed" || word == "crashed") return "\x1b[31m";
  if (word == "stuck" || word == "fault" || word == "error") return "\x1b[33m";
  if (word == "checkpoint") return "\x1b[36m";
  return "";
}

std::string Colored(std::string_view word, std::string text, const TextOptions& options) {
  const std::string_view color = ColorOf(word);
  if (!options.color || color.empty()) return text;
  return fmt::format("{}{}\x1b[0m", color, text);
}

// The q-quantile of sorted values, by nearest rank.
double Quantile(const std::vector<double>& sorted, double q) {
  const auto rank = static_cast<std::size_t>(q * static_cast<double>(sorted.size()) + 0.999999);
  return sorted[std::min(sorted.size(), std::max<std::size_t>(rank, 1)) - 1];
}

}  // namespace

std::string FormatSeconds(double seconds) {
  if (seconds < 60) return fmt::format("{:.3f} s", seconds);
  const auto whole = static_cast<long long>(seconds);
  if (seconds < 3600)
    return fmt::format("{} min {:.1f} s", whole / 60,
                       seconds - 60.0 * static_cast<double>(whole / 60));
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string RenderRunLine(const v1::RunReport& run, const TextOptions& options) {
  return fmt::format("{}  {:<52} seed {:<6} step {:<6} recoveries {:<3} {:>14} virtual {:>8.1f} ms",
                     Colored(run.outcome(), fmt::format("{:<7}", run.outcome()), options),
                     run.scenario(), run.seed(), run.final_step(), run.recoveries_size(),
                     FormatSeconds(run.virtual_secs()), run.real_secs() * 1000);
}

std::string RenderFailure(const v1::RunReport& run) {
  if (run.outcome() == "passed") return "";
  std::string text;
  for (const std::string& reason : run.reasons()) text += fmt::format("         {}\n", reason);
  for (const v1::WaitRecord& wait : run.stuck()) {
    text += fmt::format("         {}: task {} waits for {} since {}\n", wait.node(), wait.task(),
                        wait.what(), FormatSeconds(wait.since_secs()));
  }
  if (!run.command().empty()) text += fmt::format("         repeat: {}\n", run.command());
  return text;
}

std::string RenderCoverage(const v1::CampaignReport& campaign) {
  std::map<std::string, std::map<std::string, int>> counts;
  for (const v1::RunReport& run : campaign.runs()) {
    for (const v1::FaultRecord& fault : run.faults()) {
      if (fault.fired()) ++counts[fault.kind()][fault.phase()];
    }
  }
  if (counts.empty()) return "";
  std::string text = fmt::format("{:<18}", "faults fired in");
  for (const char* phase : kPhases) text += fmt::format("{:>9}", phase);
  text += "\n";
  for (const auto& [kind, phases] : counts) {
    text += fmt::format("{:<18}", kind);
    for (const char* phase : kPhases) {
      const auto found = phases.find(phase);
      text += fmt::format("{:>9}", found == phases.end() ? "." : std::to_string(found->second));
    }
    text += "\n";
  }
  return text;
}

std::string RenderRecoveries(const v1::CampaignReport& campaign) {
  constexpr std::array kNames = {"detect", "create session", "restore",
                                 "wait",   "first step",     "total"};
  std::array<std::vector<double>, kNames.size()> columns;
  for (const v1::RunReport& run : campaign.runs()) {
    for (const v1::RecoveryRecord& r : run.recoveries()) {
      const std::array<double, 5> parts = {r.detect_secs(), r.create_secs(), r.restore_secs(),
                                           r.wait_secs(), r.first_step_secs()};
      double total = 0;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        columns[i].push_back(parts[i]);
        total += parts[i];
      }
      columns.back().push_back(total);
    }
  }
  if (columns[0].empty()) return "";
  std::string text = fmt::format("{:<18}{:>14}{:>14}{:>14}   ({} recoveries, virtual time)\n",
                                 "recovery", "median", "90 %", "largest", columns[0].size());
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    std::sort(columns[i].begin(), columns[i].end());
    text += fmt::format("{:<18}{:>14}{:>14}{:>14}\n", kNames[i],
                        FormatSeconds(Quantile(columns[i], 0.5)),
                        FormatSeconds(Quantile(columns[i], 0.9)), FormatSeconds(columns[i].back()));
  }
  return text;
}

std::string RenderInvariants(const v1::CampaignReport& campaign) {
  struct Row {
    std::uint64_t comparisons = 0;
    int runs = 0;
    int violations = 0;
    int allowed = 0;
    std::string rules;
  };
  std::vector<std::string> order;
  std::map<std::string, Row> rows;
  for (const v1::RunReport& run : campaign.runs()) {
    for (const v1::InvariantRecord& record : run.invariants()) {
      if (!rows.contains(record.invariant())) order.push_back(record.invariant());
      Row& row = rows[record.invariant()];
      row.comparisons += record.comparisons();
      row.runs += record.comparisons() > 0;
      (record.allowed_by().empty() ? row.violations : row.allowed) += record.violations_size();
      if (record.violations_size() > 0 && !record.allowed_by().empty())
        row.rules = record.allowed_by();
    }
  }
  if (rows.empty()) return "";
  std::string text = fmt::format("{:<10}{:>12}{:>8}{:>12}{:>10}\n", "invariant", "compared", "runs",
                                 "violations", "allowed");
  for (const std::string& name : order) {
    const Row& row = rows[name];
    text += fmt::format("{:<10}{:>12}{:>8}{:>12}{:>10}{}\n", name, row.comparisons, row.runs,
                        row.violations, row.allowed,
                        row.rules.empty() ? "" : fmt::format("   by {}", row.rules));
  }
  return text;
}

std::string RenderTotals(const v1::CampaignReport& campaign) {
  std::map<std::string, int> counts;
  double virtual_secs = 0;
  for (const v1::RunReport& run : campaign.runs()) {
    ++counts[run.outcome()];
    virtual_secs += run.virtual_secs();
  }
  std::string text;
  for (const char* outcome : kOutcomes) {
    if (counts[outcome] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts[outcome], outcome);
  }
  return fmt::format("{} of {} runs; {} of virtual time in {:.1f} s\n", text, campaign.runs_size(),
                     FormatSeconds(virtual_secs), campaign.real_secs());
}

std::string RenderTimeline(const v1::RunReport& run, const TextOptions& options) {
  std::size_t width = 4;
  for (const v1::TimelineEntry& entry : run.timeline())
    width = std::max(width, entry.node().size() + 3);
  std::string text = fmt::format("{:>14}  {:<{}}  {}\n", "virtual time", "node", width, "event");
  double previous = -1;
  for (const v1::TimelineEntry& entry : run.timeline()) {
    // A gap is worth seeing: waiting is most of a recovery.
    if (previous >= 0 && entry.at_secs() - previous >= 1.0) {
      text += fmt::format("{:>14}  {:<{}}  ... {} pass\n", "", "", width,
                          FormatSeconds(entry.at_secs() - previous));
    }
    previous = entry.at_secs();
    const std::string node = entry.incarnation() > 1
                                 ? fmt::format("{} #{}", entry.node(), entry.incarnation())
                                 : entry.node();
    text += fmt::format("{:>12.6f} s  {:<{}}  {}\n", entry.at_secs(), node, width,
                        Colored(entry.kind(), entry.text(), options));
  }
  return text;
}

}  // namespace faultline::reports
