#include "reports/junit_report.h"

#include <fmt/format.h>

#include "reports/run_report.pb.h"
#include "reports/text_report.h"

namespace faultline::reports {
namespace {

std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no place for other control characters, not even escaped.
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
    }
  }
  return out;
}

}  // namespace

std::string RenderJunit(const v1::CampaignReport& campaign) {
  int failures = 0;
  int errors = 0;
  for (const v1::RunReport& run : campaign.runs()) {
    errors += run.outcome() == "crashed";
    failures += run.outcome() != "passed" && run.outcome() != "crashed";
  }
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += fmt::format(
      "<testsuites>\n<testsuite name=\"faultline\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "time=\"{:.3f}\">\n",
      campaign.runs_size(), failures, errors, campaign.real_secs());
  for (const v1::RunReport& run : campaign.runs()) {
    xml += fmt::format("<testcase classname=\"{}\" name=\"seed {}\" time=\"{:.3f}\"",
                       Escape(run.scenario()), run.seed(), run.real_secs());
    if (run.outcome() == "passed") {
      xml += "/>\n";
      continue;
    }
    const char* element = run.outcome() == "crashed" ? "error" : "failure";
    const std::string reason = run.reasons_size() > 0 ? run.reasons(0) : run.outcome();
    xml += fmt::format(">\n<{} type=\"{}\" message=\"{}\">{}</{}>\n</testcase>\n", element,
                       Escape(run.outcome()), Escape(reason), Escape(RenderFailure(run)), element);
  }
  return xml + "</testsuite>\n</testsuites>\n";
}

}  // namespace faultline::reports
