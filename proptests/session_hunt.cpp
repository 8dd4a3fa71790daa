#include "proptests/session_hunt.h"

#include <rapidcheck.h>

namespace faultline::proptests {
namespace {

Verdict JudgePlay(const Property& property, const SessionDraw& draw, const Record& record) {
  Verdict verdict = Judge(property, draw, record);
  if (!record.stuck.empty()) verdict.violation = record.stuck;
  return verdict;
}

void Try(const std::function<void(const SessionDraw&)>& body, int cases, std::uint64_t seed) {
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = cases;
  const auto property = [&] { body(*rc::gen::arbitrary<SessionDraw>()); };
  (void)rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);
}

}  // namespace

std::vector<std::string> PropertyIds() {
  std::vector<std::string> ids;
  for (const auto properties : {SessionProperties(), HookProperties()}) {
    for (const Property& property : properties) ids.emplace_back(property.id);
  }
  ids.emplace_back("P-10");
  return ids;
}

CaseProperty PropertyOfCases(const std::string& id, const PlayOptions& options) {
  if (id == "P-10") {
    return [options](const SessionDraw& draw) { return SavesInAnyOrder(draw, options); };
  }
  const Property& property = PropertyOf(id);
  return [options, &property](const SessionDraw& draw) {
    return JudgePlay(property, draw, Play(draw, options));
  };
}

Quarry Hunt(const CaseProperty& property, int cases, std::uint64_t seed) {
  Quarry quarry;
  const auto one = [&](const SessionDraw& draw) {
    const Verdict verdict = property(draw);
    if (!quarry.found) {
      ++quarry.cases;
      quarry.compared += verdict.compared;
    }
    if (verdict.violation.empty()) return;
    quarry.found = true;
    quarry.smallest = draw;
    quarry.violation = verdict.violation;
    RC_FAIL(verdict.violation);
  };
  Try(one, cases, seed);
  return quarry;
}

void JudgeCase(const SessionDraw& draw, bool orders, Campaign* campaign) {
  ++campaign->cases;
  const Record record = Play(draw);
  campaign->events += record.events.size();
  for (const Event& event : record.events) {
    if (event.what != What::kStruck) continue;
    ++campaign->struck[{event.call, event.good}];
    ++campaign->codes[event.code];
  }
  for (const std::string& id : PropertyIds()) {
    if (id == "P-10" && !orders) continue;
    const Verdict verdict =
        id == "P-10" ? SavesInAnyOrder(draw, {}) : JudgePlay(PropertyOf(id), draw, record);
    campaign->compared[id] += verdict.compared;
    if (verdict.violation.empty() || !campaign->failed.empty()) continue;
    campaign->failed = id;
    campaign->quarry = {true, campaign->cases, verdict.compared, draw, verdict.violation};
  }
}

Campaign RunCampaign(int cases, std::uint64_t seed) {
  Campaign campaign;
  const auto one = [&](const SessionDraw& draw) {
    if (campaign.failed.empty()) {
      JudgeCase(draw, true, &campaign);
      if (!campaign.failed.empty()) RC_FAIL(campaign.quarry.violation);
      return;
    }
    const Verdict verdict = PropertyOfCases(campaign.failed, {})(draw);  // shrinking
    if (verdict.violation.empty()) return;
    campaign.quarry.smallest = draw;
    campaign.quarry.violation = verdict.violation;
    RC_FAIL(verdict.violation);
  };
  Try(one, cases, seed);
  return campaign;
}

}  // namespace faultline::proptests
