#include "sim/outcome.h"

#include <array>

#include "core/base/assert.h"

namespace faultline::sim {
namespace {

struct Row {
  std::string_view name;
  int exit_code;
};

constexpr std::array<Row, 5> kOutcomes = {
    {{"passed", 0}, {"failed", 1}, {"stuck", 3}, {"crashed", 4}, {"vacuous", 6}}};

constexpr std::array<std::string_view, 7> kEnds = {
    "finished", "stopped", "stuck", "time budget", "event budget", "no progress", "crashed"};

const Row& RowOf(Outcome outcome) {
  const auto index = static_cast<std::size_t>(outcome);
  FL_ASSERT(index < kOutcomes.size(), "no such outcome: {}", index);
  return kOutcomes[index];
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) { return RowOf(outcome).name; }

bool ParseOutcomeName(std::string_view name, Outcome* outcome) {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
    if (kOutcomes[i].name != name) continue;
    *outcome = static_cast<Outcome>(i);
    return true;
  }
  return false;
}

int OutcomeExitCode(Outcome outcome) { return RowOf(outcome).exit_code; }

std::string_view RunEndName(RunEnd end) {
  const auto index = static_cast<std::size_t>(end);
  FL_ASSERT(index < kEnds.size(), "no such end: {}", index);
  return kEnds[index];
}

}  // namespace faultline::sim
