#pragma once

#include <string>

namespace faultline::v1 {
class CampaignReport;
}

namespace faultline::reports {

// JUnit XML of a campaign, as CI systems read it: one test case for each run, a failure with the
// reasons and the command to repeat for each that did not pass.
std::string RenderJunit(const v1::CampaignReport& campaign);

}  // namespace faultline::reports
