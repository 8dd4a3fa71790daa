#pragma once

#include <string>
#include <string_view>

namespace faultline::v1 {
class CampaignReport;
class RunReport;
}  // namespace faultline::v1

namespace faultline::reports {

// Text for people, from plain reports. Columns are aligned; no colours unless asked.
struct TextOptions {
  bool color = false;
};

// One line: outcome, scenario, seed, final step, recoveries, virtual and real time.
std::string RenderRunLine(const v1::RunReport& run, const TextOptions& options = {});
// The reasons of a run that did not pass, its stuck waits, and the command that repeats it. Empty
// for a run that passed.
std::string RenderFailure(const v1::RunReport& run);
// Which fault kinds fired in which phase: a table of counts. Empty without faults.
std::string RenderCoverage(const v1::CampaignReport& campaign);
// Recovery latency by phase over all recoveries of the campaign: median, 90 %, largest, in virtual
// seconds. Empty without recoveries.
std::string RenderRecoveries(const v1::CampaignReport& campaign);
// Invariants: how often each compared something, violations found and allowed.
std::string RenderInvariants(const v1::CampaignReport& campaign);
// Totals by outcome, and how long it took.
std::string RenderTotals(const v1::CampaignReport& campaign);
// What happened when and where, one event a line, with a column for each node.
std::string RenderTimeline(const v1::RunReport& run, const TextOptions& options = {});

// "12.5 s", "2 min 3.0 s", "1 h 2 min": virtual time as people say it.
std::string FormatSeconds(double seconds);

}  // namespace faultline::reports
