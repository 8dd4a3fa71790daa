#include "core/testing/golden_traces/fault_table.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/testing/golden_traces/errors.h"
#include "core/testing/golden_traces/params.h"

namespace faultline::testing {

namespace {

// N of "N+"; 0 if it is something else.
std::int64_t FromCount(const std::string& text) {
  std::int64_t from = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, from);
  const bool good = read.ec == std::errc() && read.ptr + 1 == end && *read.ptr == '+';
  return good && from > 0 ? from : 0;
}

TraceFault FaultOf(const Json& spec, const std::string& where) {
  const Params params(spec, where);
  TraceFault fault;
  fault.on = params.Text("on");
  fault.n = Occurrences::Of(params.At("n"), where + ".n");
  if (params.Has("report")) {
    fault.report.emplace();
    for (const Json& name : params.List("report")) fault.report->push_back(name.get<std::string>());
    return fault;
  }
  fault.error = MakeError(spec, where);
  const std::string when = params.Text("when", "before");
  if (when != "before" && when != "after") params.Fail("when", "before or after");
  fault.after = when == "after";
  return fault;
}

}  // namespace

Occurrences Occurrences::Of(const Json& n, const std::string& where) {
  Occurrences made;
  if (n.is_number_integer()) {
    made.listed_.push_back(n.get<std::int64_t>());
  } else if (n.is_array()) {
    for (const Json& item : n) {
      if (!item.is_number_integer()) throw BadCase(where + ": a list of numbers is expected");
      made.listed_.push_back(item.get<std::int64_t>());
    }
  } else if (n.is_string()) {
    const std::string text = n.get<std::string>();
    made.from_ = text == "all" ? 1 : FromCount(text);
    if (*made.from_ == 0) throw BadCase(where + ": \"all\" or a text like \"5+\" is expected");
  } else {
    throw BadCase(where + ": a number, a list of numbers or a text is expected");
  }
  return made;
}

bool Occurrences::Contains(std::int64_t n) const {
  if (from_) return n >= *from_;
  return std::find(listed_.begin(), listed_.end(), n) != listed_.end();
}

FaultTable::FaultTable(const Json& faults) {
  if (faults.is_null()) return;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    faults_.push_back(FaultOf(faults[i], fmt::format("faults[{}]", i)));
  }
}

const TraceFault* FaultTable::Next(const std::string& what) {
  const std::int64_t n = ++seen_[what];
  for (const TraceFault& fault : faults_) {
    if (fault.on == what && fault.n.Contains(n)) return &fault;
  }
  return nullptr;
}

}  // namespace faultline::testing
