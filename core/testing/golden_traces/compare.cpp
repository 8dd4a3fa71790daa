#include "core/testing/golden_traces/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace faultline::testing {

namespace {

constexpr double kTimeTolerance = 1e-6;
constexpr double kFloatTolerance = 1e-5;

// Fields that hold times and settings in seconds or steps, for which 1 and 1.0 are the same.
constexpr std::array<std::string_view, 6> kTimeFields = {"t",        "secs",       "total",
                                                         "end_time", "every_secs", "every_steps"};

bool IsTimeField(std::string_view key) {
  return std::find(kTimeFields.begin(), kTimeFields.end(), key) != kTimeFields.end();
}

struct Rule {
  bool time = false;
  bool upper_bound = false;  // of times named t and end_time
};

bool SameNumber(const Json& expected, const Json& happened, const Rule& rule) {
  const auto a = expected.get<double>();
  const auto b = happened.get<double>();
  if (rule.time) {
    return rule.upper_bound ? b <= a + kTimeTolerance : std::abs(a - b) <= kTimeTolerance;
  }
  if (expected.is_number_integer() != happened.is_number_integer()) return false;
  if (expected.is_number_integer()) {
    return expected.get<std::int64_t>() == happened.get<std::int64_t>();
  }
  return std::abs(a - b) <= kFloatTolerance * std::max(std::abs(a), std::abs(b));
}

std::string Shown(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The place of the first difference below `where` and what is there; empty if there is none.
std::string Difference(const Json& expected, const Json& happened, const std::string& where,
                       const Rule& rule);

std::string ObjectDifference(const Json& expected, const Json& happened, const std::string& where,
                             const Rule& rule) {
  for (const auto& [key, value] : expected.items()) {
    const std::string place = where.empty() ? key : where + "." + key;
    if (!happened.contains(key)) return fmt::format("{} is missing", place);
    const bool bound = rule.upper_bound && (key == "t" || key == "end_time");
    const std::string found = Difference(
        value, happened[key], place, {.time = rule.time || IsTimeField(key), .upper_bound = bound});
    if (!found.empty()) return found;
  }
  for (const auto& [key, value] : happened.items()) {
    if (expected.contains(key)) continue;
    return fmt::format("{}{}{} is {}, which is not expected", where, where.empty() ? "" : ".", key,
                       Shown(value));
  }
  return "";
}

std::string Difference(const Json& expected, const Json& happened, const std::string& where,
                       const Rule& rule) {
  if (expected.is_object() && happened.is_object()) {
    return ObjectDifference(expected, happened, where, rule);
  }
  if (expected.is_array() && happened.is_array()) {
    for (std::size_t i = 0; i < std::min(expected.size(), happened.size()); ++i) {
      const std::string found =
          Difference(expected[i], happened[i], fmt::format("{}[{}]", where, i), rule);
      if (!found.empty()) return found;
    }
    if (expected.size() == happened.size()) return "";
    return fmt::format("{} has {} entries instead of {}: {} instead of {}", where, happened.size(),
                       expected.size(), Shown(happened), Shown(expected));
  }
  const bool same = expected.is_number() && happened.is_number()
                        ? SameNumber(expected, happened, rule)
                        : expected == happened;
  return same ? "" : fmt::format("{} is {} instead of {}", where, Shown(happened), Shown(expected));
}

std::string Report(const std::vector<Json>& happened, std::size_t at, const std::string& what) {
  std::string text = fmt::format("first difference at event {}: {}", at, what);
  for (std::size_t i = at < 3 ? 0 : at - 3; i < at && i < happened.size(); ++i) {
    text += fmt::format("\n    {:3}  {}", i, Shown(happened[i]));
  }
  return text;
}

}  // namespace

std::string FirstDifference(const Json& expected, const std::vector<Json>& happened,
                            const ComparisonOptions& options) {
  bool joined = false;
  for (std::size_t i = 0; i < std::max(expected.size(), happened.size()); ++i) {
    if (i >= happened.size()) {
      return Report(happened, i, "nothing more instead of " + Shown(expected[i]));
    }
    const std::string event = Shown(happened[i]);
    if (i >= expected.size()) return Report(happened, i, event + " instead of the end");
    joined = joined || expected[i].value("do", "") == "join";
    const std::string found =
        Difference(expected[i], happened[i], "", {.upper_bound = options.t_upper_bound && joined});
    if (found.empty()) continue;
    return Report(
        happened, i,
        fmt::format("{}\n    expected  {}\n    happened  {}", found, Shown(expected[i]), event));
  }
  return "";
}

std::string OutcomeDifference(const Json& expected, const Json& happened,
                              const ComparisonOptions& options) {
  const std::string found =
      Difference(expected, happened, "", {.upper_bound = options.t_upper_bound});
  return found.empty() ? "" : "outcome: " + found;
}

}  // namespace faultline::testing
